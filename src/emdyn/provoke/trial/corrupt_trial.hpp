#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/network/model.hpp"
#include "emdyn/provoke/corrupt/registry.hpp"
#include "emdyn/provoke/trial/records/evidence.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::provoke::trial {

struct CorruptTrialOptions {
  std::vector<std::string> names{};  ///< None: all that fit the data.
  std::string constants = "auto";    ///< auto, image_net or small
  std::uint64_t seed = 1;
  /// Is given every corrupted set before the model sees it; none: nobody is.
  std::function<void(const std::string& name, std::size_t severity, const model::data::Dataset&)>
      saw{};
};

struct CorruptTrial {
  std::string constants{};  ///< Which severity constants were used.
  std::vector<CorruptionFinding> findings{};
  /// Accuracy against severity 0 to 5, the mean over corruptions, with its binomial interval.
  series::StressCurve curve{};
  std::size_t clean_errors = 0;
  std::size_t examples = 0;
  model::Ledger ledger{};
};

void to_json(Json& json, const CorruptTrial& trial);

/// Errors of a model under every corruption that fits the examples: images [channel, height, width]
/// get those of the registry; sequences [frame, channel, height, width] get the same on every frame
/// and dropped, repeated, reversed frames besides; features [n] are no images: missing, scaled,
/// stale and swapped columns (a missing value becomes 0, the mean of standardised data).
/// @throws Task::Stopped; ConfigError for an unknown name or set of constants; DataError for
/// examples of another shape.
CorruptTrial run_corrupt_trial(const model::Model& model, const model::data::Dataset& dataset,
                               const CorruptTrialOptions& options, const Task& task = {});

}  // namespace emdyn::provoke::trial
