#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/network/model.hpp"
#include "emdyn/provoke/corrupt/registry.hpp"
#include "emdyn/report/stress/evidence.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::app::torch_plugin {

struct CorruptTrialOptions {
  std::vector<std::string> names{};  ///< None: all that fit the data.
  std::string constants = "auto";    ///< auto, image_net or small
  std::uint64_t seed = 1;
};

struct CorruptTrial {
  std::string constants{};  ///< Which severity constants were used.
  std::vector<report::CorruptionFinding> findings{};
  /// Accuracy against severity 0 to 5, the mean over corruptions, with its binomial interval.
  series::StressCurve curve{};
  std::size_t clean_errors = 0;
  std::size_t examples = 0;
  model::Ledger ledger{};
};

/// Errors of a model under every corruption that fits the examples: images [channel, height, width]
/// get those of the registry; sequences [frame, channel, height, width] get the same on every frame
/// and dropped, repeated, reversed frames besides; features [n] are no images: missing, scaled,
/// stale and swapped columns (a missing value becomes 0, the mean of standardised data).
/// @throws ConfigError for an unknown name; DataError for examples of another shape.
CorruptTrial run_corrupt_trial(const model::Model& model, const model::data::Dataset& dataset,
                               const CorruptTrialOptions& options,
                               const std::function<void(const std::string&)>& progress = {},
                               const std::function<bool()>& cancelled = {});

}  // namespace emdyn::app::torch_plugin
