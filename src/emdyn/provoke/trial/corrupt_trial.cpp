#include "emdyn/provoke/trial/corrupt_trial.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/math/proportion.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/corrupt/sequence.hpp"

namespace emdyn::provoke::trial {
namespace {

using corrupt::ConstantSet;
using corrupt::ImageShape;

/// Writes the dataset corrupted at a severity into `out`, which starts as a copy of it.
using Corrupt = std::function<void(std::size_t severity, model::data::Dataset& out)>;

struct NamedCorruption {
  std::string name;
  Corrupt apply;
};

ImageShape image_shape(const model::data::Dataset& dataset) {
  const std::size_t n = dataset.shape.size();
  return {static_cast<std::size_t>(dataset.shape[n - 3]),
          static_cast<std::size_t>(dataset.shape[n - 2]),
          static_cast<std::size_t>(dataset.shape[n - 1])};
}

/// What CorruptTrialOptions::constants may say; the first goes by the image's size.
constexpr std::array<std::string_view, 3> kConstantWords{"auto", "image_net", "small"};

std::string_view word_of(ConstantSet set) {
  return kConstantWords[set == ConstantSet::small ? 2 : 1];
}

ConstantSet constants_of(const CorruptTrialOptions& options, const ImageShape& shape) {
  const auto found = std::ranges::find(kConstantWords, options.constants);
  if (found == kConstantWords.end())
    throw ConfigError(fmt::format("stress corrupt: constants must be one of {}, got {}",
                                  fmt::join(kConstantWords, ", "),
                                  terminal_safe(options.constants)));
  if (found == kConstantWords.begin()) return corrupt::suggested_constants(shape);
  return *found == word_of(ConstantSet::small) ? ConstantSet::small : ConstantSet::image_net;
}

void add_image_corruptions(const model::data::Dataset& dataset, const CorruptTrialOptions& options,
                           ConstantSet constants, std::vector<NamedCorruption>& all) {
  const ImageShape shape = image_shape(dataset);
  for (const corrupt::CorruptionEntry& entry : corrupt::entries()) {
    if (entry.colour && shape.channels == 1) continue;
    all.push_back(
        {std::string(entry.name), [=, &dataset](std::size_t severity, model::data::Dataset& out) {
           corrupt::corrupt(entry.name, shape, dataset.values, out.values,
                            {.severity = severity, .constants = constants, .seed = options.seed});
         }});
  }
}

void add_frame_corruptions(const model::data::Dataset& dataset, const CorruptTrialOptions& options,
                           std::vector<NamedCorruption>& all) {
  const auto frames = static_cast<std::size_t>(dataset.shape[0]);
  const std::size_t frame_size = dataset.example_size() / frames;
  for (const corrupt::SequenceEntry& entry : corrupt::sequence_entries()) {
    all.push_back({fmt::format("frames_{}", entry.name),
                   [=, &dataset](std::size_t severity, model::data::Dataset& out) {
                     for (std::size_t i = 0; i < dataset.size(); ++i) {
                       const auto order =
                           corrupt::frame_order(entry.name, frames, severity, options.seed, i);
                       const auto from = dataset.example(i);
                       for (std::size_t f = 0; f < frames; ++f) {
                         std::ranges::copy(
                             from.subspan(order[f] * frame_size, frame_size),
                             out.values.begin() + static_cast<std::ptrdiff_t>(
                                                      i * dataset.example_size() + f * frame_size));
                       }
                     }
                   }});
  }
}

void add_table_corruptions(const model::data::Dataset& dataset, const CorruptTrialOptions& options,
                           std::vector<NamedCorruption>& all) {
  for (const corrupt::TableEntry& entry : corrupt::table_entries()) {
    if (dataset.example_size() < entry.least_columns) continue;
    all.push_back({fmt::format("columns_{}", entry.name),
                   [=, &dataset](std::size_t severity, model::data::Dataset& out) {
                     std::vector<double> values(dataset.values.begin(), dataset.values.end());
                     corrupt::corrupt_table(entry.name, values, dataset.example_size(), severity,
                                            options.seed);
                     for (std::size_t i = 0; i < values.size(); ++i)
                       out.values[i] = std::isnan(values[i]) ? 0.0F : static_cast<float>(values[i]);
                   }});
  }
}

std::vector<NamedCorruption> corruptions_of(const model::data::Dataset& dataset,
                                            const CorruptTrialOptions& options,
                                            std::string& constants) {
  std::vector<NamedCorruption> all;
  const std::size_t axes = dataset.shape.size();
  if (axes == 3 || axes == 4) {
    const ConstantSet set = constants_of(options, image_shape(dataset));
    constants = word_of(set);
    add_image_corruptions(dataset, options, set, all);
    if (axes == 4) add_frame_corruptions(dataset, options, all);
  } else if (axes == 1) {
    constants = "table";
    add_table_corruptions(dataset, options, all);
  } else {
    throw DataError(
        fmt::format("stress corrupt: examples of {} axes; images have 3, sequences of "
                    "frames 4, tables 1",
                    axes));
  }
  if (options.names.empty()) return all;
  std::vector<NamedCorruption> chosen;
  for (const std::string& name : options.names) {
    const auto found = std::ranges::find(all, name, &NamedCorruption::name);
    if (found == all.end()) {
      if (axes != 1) corrupt::find_entry(name);  // Offers the nearest name.
      throw ConfigError(fmt::format("stress corrupt: {} does not fit this data", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

series::Interval interval(double share, double count) {
  constexpr double kLevel = 0.9;
  const auto [low, high] = math::wilson_interval(share, count, kLevel);
  return {low, share, high, kLevel};
}

}  // namespace

void to_json(Json& json, const CorruptTrial& trial) {
  json = {{"examples", trial.examples},   {"clean_errors", trial.clean_errors},
          {"constants", trial.constants}, {"corruptions", trial.findings},
          {"curve", trial.curve},         {"ledger", trial.ledger}};
}

CorruptTrial run_corrupt_trial(const model::Model& model, const model::data::Dataset& dataset,
                               const CorruptTrialOptions& options, const Task& task) {
  CorruptTrial trial;
  const auto all = corruptions_of(dataset, options, trial.constants);
  const auto errors = [&](const model::data::Dataset& set) {
    const auto seen = model::observe(model, model::examples(set), false, trial.ledger, task);
    task.check();
    return seen.errors(set.labels);
  };
  trial.examples = dataset.size();
  trial.clean_errors = errors(dataset);
  const auto count = static_cast<double>(std::max<std::size_t>(1, trial.examples));
  std::array<double, 6> wrong{};
  model::data::Dataset altered = dataset;
  for (const NamedCorruption& one : all) {
    CorruptionFinding finding{.name = one.name};
    for (std::size_t severity = 1; severity <= 5; ++severity) {
      task.check();
      task.tell({.what = "corruptions",
                 .done = 5 * trial.findings.size() + severity - 1,
                 .planned = 5 * all.size(),
                 .unit = "severities",
                 .note = one.name});
      one.apply(severity, altered);
      if (options.saw) options.saw(one.name, severity, altered);
      finding.error_rate[severity - 1] = static_cast<double>(errors(altered)) / count;
      wrong[severity] += finding.error_rate[severity - 1] / static_cast<double>(all.size());
    }
    trial.findings.push_back(finding);
  }
  wrong[0] = static_cast<double>(trial.clean_errors) / count;
  trial.curve.order_parameter = "corrupted_accuracy";
  trial.curve.control_parameter = "severity";
  for (std::size_t severity = 0; severity <= 5; ++severity) {
    trial.curve.points.push_back({.position = static_cast<double>(severity),
                                  .value = interval(1.0 - wrong[severity], count)});
  }
  trial.curve.settings = {{"constants", trial.constants}, {"seed", options.seed}};
  trial.curve.ledger = trial.ledger;
  return trial;
}

}  // namespace emdyn::provoke::trial
