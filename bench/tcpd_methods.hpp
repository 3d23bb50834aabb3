#pragma once
#include <filesystem>
#include <vector>

#include "tcpd.hpp"

namespace emdyn::bench {

/// The retrospective methods with their defaults, the default one first under the name "segment";
/// then baselines that know nothing of segments: a z-score against all history, a windowed
/// Gaussian, points at random.
std::vector<Segmenter> retrospective_segmenters();

/// Methods that see one sample after the other, named …_online: a change point is the onset as
/// estimated when the alarm fires; nothing after the alarm is used.
std::vector<Segmenter> online_segmenters();

/// `emdyn bench tcpd`: rows NAME/f1 and NAME/cover of every method on the series in `folder`.
/// @throws DataError when the folder cannot be read.
std::vector<Row> bench_tcpd(const std::filesystem::path& folder);

}  // namespace emdyn::bench
