#include "emdyn/model/files/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model {
namespace {

/// Room for values that were rounded to float, such as 0.1 + 0.2.
constexpr double kSlack = 1e-6;

[[noreturn]] void refuse(const model::data::Dataset& dataset, const std::string& fault) {
  throw DataError(fmt::format(
      "{}: {}", dataset.name.empty() ? "examples" : terminal_safe(dataset.name), fault));
}

void check_values(const model::data::Dataset& dataset, const Signature& signature) {
  const double slack = kSlack * (signature.high - signature.low);
  const std::size_t each = dataset.example_size();
  for (std::size_t i = 0; i < dataset.values.size(); ++i) {
    const auto value = static_cast<double>(dataset.values[i]);
    if (value >= signature.low - slack && value <= signature.high + slack) continue;
    if (!std::isfinite(value))
      refuse(dataset, fmt::format("value {} of example {} is not finite", i % each, i / each));
    refuse(
        dataset,
        fmt::format("value {} of example {} is {:g}, outside the model's input box [{:g}, {:g}]; "
                    "scale the data, or set low and high in the architecture file",
                    i % each, i / each, value, signature.low, signature.high));
  }
}

void check_labels(const model::data::Dataset& dataset, std::int64_t classes, Labels labels) {
  if (dataset.labels.empty() && labels == Labels::optional) return;
  if (dataset.labels.size() != dataset.size())
    refuse(dataset, fmt::format("{} labels for {} examples; labels are needed here",
                                dataset.labels.size(), dataset.size()));
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    if (dataset.labels[i] < 0 || dataset.labels[i] >= classes)
      refuse(dataset, fmt::format("label {} of example {} lies outside the model's classes 0 to {}",
                                  dataset.labels[i], i, classes - 1));
  }
}

}  // namespace

void check(const model::data::Dataset& dataset, const Signature& signature, Labels labels) {
  if (dataset.shape != signature.input)
    refuse(dataset, fmt::format("examples are [{}], the model takes [{}]",
                                fmt::join(dataset.shape, ", "), fmt::join(signature.input, ", ")));
  if (dataset.size() == 0) refuse(dataset, "there are no examples");
  if (dataset.values.size() != dataset.size() * dataset.example_size())
    refuse(dataset, "the last example is incomplete");
  check_values(dataset, signature);
  check_labels(dataset, signature.classes, labels);
}

}  // namespace emdyn::model
