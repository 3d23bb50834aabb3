#pragma once
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::bench {

/// A labelled stretch of a stream; both ends belong to it.
struct NabWindow {
  std::size_t first = 0;
  std::size_t last = 0;
  bool operator==(const NabWindow&) const = default;
};

/// One stream with the windows in which a detection counts.
struct NabFile {
  std::string name{};  ///< "category/file.csv"
  std::vector<std::string> timestamps{};
  std::vector<double> values{};
  std::vector<NabWindow> windows{};  ///< In order, not overlapping.
};

/// What a true positive, a false positive and a missed window weigh.
struct NabProfile {
  std::string_view name;
  double true_positive;
  double false_positive;
  double false_negative;
};

inline constexpr std::array<NabProfile, 3> kNabProfiles{
    {{"standard", 1.0, 0.11, 1.0}, {"low_fp", 1.0, 0.22, 1.0}, {"low_fn", 1.0, 0.11, 2.0}}};

/// The result of one threshold applied to every file.
struct NabScore {
  double threshold = 0.0;        ///< A sample is a detection when its score is at least this.
  double raw = 0.0;              ///< Sum over windows and false positives.
  double normalised = 0.0;       ///< 0 for a detector that never fires, 100 for a perfect one.
  std::size_t windows = 0;       ///< In all files.
  std::size_t detected = 0;      ///< Windows with at least one detection.
  std::size_t false_alarms = 0;  ///< Detections outside every window, each counted.
};

/// Samples at the start of a file that are never judged: min(15 % of them, 750).
std::size_t nab_probation(std::size_t samples) noexcept;

/// 2/(1+e^{5y}) − 1, and −1 beyond y = 3.
double nab_sigmoid(double y) noexcept;

/// Scores every file's detections at one threshold.
/// Source: Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly
/// Benchmark", ICMLA 2015.
/// @param scores one vector per file, one score per sample; a NaN is no detection.
/// @throws DataError when the shapes differ.
NabScore nab_score(std::span<const NabFile> files, std::span<const std::vector<double>> scores,
                   const NabProfile& profile, double threshold);

/// The threshold, one for all files, that gives the best score; O(n log n) in all samples. Ties go
/// to the higher threshold. @throws DataError when the shapes differ.
NabScore nab_optimise(std::span<const NabFile> files, std::span<const std::vector<double>> scores,
                      const NabProfile& profile);

/// Reads `windows.json` of a folder and every CSV file it names (columns timestamp, value).
/// @throws DataError naming the file and line that cannot be read.
std::vector<NabFile> load_nab(const std::filesystem::path& folder);

}  // namespace emdyn::bench
