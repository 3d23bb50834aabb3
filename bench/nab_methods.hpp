#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nab.hpp"
#include "rows.hpp"

namespace emdyn::bench {

/// A causal method to be judged: one score for every sample, larger is stranger.
struct StreamScorer {
  std::string name;
  std::function<std::vector<double>(std::span<const double>)> score;
};

/// The baselines: never (scores 0), random, a z-score against all history, the same alarming only
/// above its last 100 scores, and a windowed Gaussian (6,400 samples, refreshed each 100).
std::vector<StreamScorer> nab_baselines();

/// The members of `auto`, each alone with the same calibration and the same episodes.
std::vector<StreamScorer> nab_members();

/// Rows NAME/standard, NAME/low_fp and NAME/low_fn with the threshold that is best for the whole
/// collection, for the registry's default `auto`, its members, every real-valued detector of the
/// registry (behind a front end where that is its default) and the baselines; for `auto` also
/// auto_frozen/…, its own threshold (score 1) untouched. The baseline of every row is zscore.
std::vector<Row> nab_rows(std::span<const NabFile> files);

/// `emdyn bench nab`. @throws DataError when the folder cannot be read.
std::vector<Row> bench_nab(const std::filesystem::path& folder);

}  // namespace emdyn::bench
