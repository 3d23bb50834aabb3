#include "emdyn/model/files/prepare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

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

/// A picture as most tools hold it, [height, width, channel] or without the channel, as the model takes it; and a
/// sequence [time, d] that was read as a picture of one channel.
void to_model_order(model::data::Dataset& dataset, const Signature& signature) {
  const auto& want = signature.input;
  auto& have = dataset.shape;
  if (want.size() == 2 && have.size() == 3 && have[0] == 1 && have[1] == want[0] &&
      have[2] == want[1])
    have = want;
  if (have == want || want.size() != 3) return;
  if (want[0] == 1 && have.size() == 2 && have[0] == want[1] && have[1] == want[2]) have = want;
  if (have.size() != 3 || have[2] != want[0] || have[0] != want[1] || have[1] != want[2]) return;
  const auto channels = static_cast<std::size_t>(want[0]);
  const auto area = static_cast<std::size_t>(want[1] * want[2]);
  std::vector<float> picture(channels * area);
  for (std::size_t begin = 0; begin + picture.size() <= dataset.values.size();
       begin += picture.size()) {
    for (std::size_t i = 0; i < area; ++i) {
      for (std::size_t c = 0; c < channels; ++c)
        picture[c * area + i] = dataset.values[begin + i * channels + c];
    }
    std::ranges::copy(picture, dataset.values.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  have = want;
}

/// Values that rounding put beside the box are set to its edge: what is checked here is what everything after it sees.
void check_values(model::data::Dataset& dataset, const Signature& signature) {
  const double slack = kSlack * (signature.high - signature.low);
  const std::size_t each = dataset.example_size();
  for (std::size_t i = 0; i < dataset.values.size(); ++i) {
    const auto value = static_cast<double>(dataset.values[i]);
    if (value >= signature.low - slack && value <= signature.high + slack) {
      dataset.values[i] = std::clamp(dataset.values[i], static_cast<float>(signature.low),
                                     static_cast<float>(signature.high));
      continue;
    }
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

void prepare(model::data::Dataset& dataset, const Signature& signature, Labels labels) {
  to_model_order(dataset, signature);
  if (dataset.shape != signature.input)
    refuse(dataset, fmt::format("examples are [{}], the model takes [{}]",
                                fmt::join(dataset.shape, ", "), fmt::join(signature.input, ", ")));
  if (dataset.size() == 0) refuse(dataset, "there are no examples");
  if (dataset.values.size() != dataset.size() * dataset.example_size())
    refuse(dataset, "the last example is incomplete");
  check_values(dataset, signature);
  check_labels(dataset, signature.classes, labels);
}

std::optional<std::string> missing_classes(const model::data::Dataset& dataset,
                                           const Signature& signature) {
  const std::size_t named = dataset.classes.size();
  if (named == 0 || static_cast<std::int64_t>(named) >= signature.classes) return std::nullopt;
  const std::size_t shown = std::min<std::size_t>(named, 6);
  const std::span<const std::string> first(dataset.classes.data(), shown);
  return terminal_safe(fmt::format(
      "{}: {} class folders for the {} classes of the network, numbered by their names ({}{}); where others are "
      "missing in between, make empty folders for them",
      dataset.name.empty() ? "examples" : dataset.name, named, signature.classes,
      fmt::join(first, ", "), named > shown ? ", …" : ""));
}

}  // namespace emdyn::model
