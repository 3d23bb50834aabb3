#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/series/records.hpp"

/// Change points of a finished series: where it was cut, looking at all of it.
namespace emdyn::emergence::segment {

enum class SearchMethod { pelt, binary, bocpd };
enum class Regime { trend, mean, mean_variance, distribution, kernel };
enum class Noise { null_model, differences, autoregressive };

struct SegmentOptions {
  SearchMethod search = SearchMethod::pelt;
  Regime regime = Regime::trend;
  Noise noise = Noise::null_model;
  double penalty = 0.0;  ///< Per change point, in units of −2·log-likelihood; 0: automatic.
  std::int64_t min_length = 0;  ///< Of a segment, in samples; 0: what the regime needs.
  std::int64_t changes =
      0;  ///< Exactly so many change points, whatever their price; 0: as many as pay.
  double expected_length = 100.0;  ///< Of a regime, in samples; for bocpd only.
  double level = 0.9;              ///< Of the onset intervals.
};

inline constexpr std::array<std::string_view, 3> kSearchWords{"pelt", "binary", "bocpd"};
inline constexpr std::array<std::string_view, 5> kRegimeWords{"trend", "mean", "mean_variance",
                                                              "distribution", "kernel"};
inline constexpr std::array<std::string_view, 3> kNoiseWords{"null_model", "differences",
                                                             "autoregressive"};
inline constexpr std::array kFields{
    enum_field<&SegmentOptions::search, SegmentOptions>(
        "search", kSearchWords, "pelt: exact; binary: greedy; bocpd: Bayesian MAP"),
    enum_field<&SegmentOptions::regime, SegmentOptions>("regime", kRegimeWords,
                                                        "what stays equal in a segment"),
    enum_field<&SegmentOptions::noise, SegmentOptions>(
        "noise", kNoiseWords, "how the noise level is found; see the docs"),
    Field<SegmentOptions>{"penalty", &SegmentOptions::penalty, 0.0, 1e300,
                          "per change point; 0: automatic"},
    Field<SegmentOptions>{"min_length", &SegmentOptions::min_length, 0.0, 1e9,
                          "samples of a segment at least; 0: what the regime needs"},
    Field<SegmentOptions>{"changes", &SegmentOptions::changes, 0.0, 1e5,
                          "exactly so many change points; 0: as many as pay the penalty"},
    Field<SegmentOptions>{"expected_length", &SegmentOptions::expected_length, 2.0, 1e12,
                          "samples of a regime on average, for bocpd"},
    Field<SegmentOptions>{"level", &SegmentOptions::level, 0.5, 0.999, "of the onset intervals"},
};

/// Where one regime ended and the next began.
struct ChangePoint {
  std::size_t index = 0;     ///< First sample of the new regime, in the series as given.
  series::Interval onset{};  ///< Of the index, in samples; its neighbours held.
  double gain = 0.0;         ///< Fall of the cost by this change, penalty not subtracted.
  series::Direction direction = series::Direction::none;
  series::EventKind kind = series::EventKind::shift;
  /// Of several channels: what each has of the likelihood ratio of mean (or line) and variance; they sum to 1.
  std::vector<double> shares{};
};

/// A stretch without change: [first, last).
struct Segment {
  std::size_t first = 0;
  std::size_t last = 0;
  double mean = 0.0;       ///< In the series' units.
  double slope = 0.0;      ///< Per sample, least squares.
  double deviation = 0.0;  ///< Around the mean; around the line when the regime is a trend.
};

struct Segmentation {
  std::vector<ChangePoint> changes{};
  std::vector<Segment> segments{};
  double penalty = 0.0;          ///< Used per change point.
  double noise_deviation = 0.0;  ///< Used, in the series' units; 0 where the regime has its own.
  double autocorrelation = 0.0;  ///< Of neighbouring residuals; 0 unless noise=autoregressive.
  std::size_t missing = 0;       ///< Non-finite samples, left out.
};

/// Several channels cut at the same places.
struct JointSegmentation {
  std::vector<ChangePoint>
      changes{};  ///< Direction and kind are those of the channel with most of it.
  std::vector<std::vector<Segment>> segments{};  ///< [channel]
  std::vector<double> noise_deviations{};        ///< [channel]; as Segmentation::noise_deviation.
  double penalty = 0.0;
  double autocorrelation = 0.0;  ///< The largest of the channels.
  std::size_t missing = 0;       ///< Rows in which a channel is not finite, left out.
};

/// Cuts a series into regimes. NaN and infinities are left out and counted.
///
/// The default regime is a straight line in noise; the noise level is that of the series around
/// *one* line, and a change must pay (p + 2)·ln n for the p = 2 parameters of its line, plus the
/// length term of Zhang & Siegmund, "A modified Bayes information criterion", Biometrics 63 (2007).
/// So a change is reported when it is large beside what no change at all would leave unexplained:
/// small steps in quiet stretches of a wide series are not. `noise=differences` measures the noise
/// between neighbours instead, and `autoregressive` widens it by the correlation of residuals.
/// The regime `mean` is cut exactly at any length (least_mean_cost). Of the others series of more than 20,000 samples
/// (4,096 for bocpd, distribution and kernel) are cut on a grid first, then each change is moved to its best sample.
/// A change of the regime `mean` is a shift; of the others without a line it is told as `variance` where the variance
/// changed more surely than the mean.
/// @throws ConfigError when an option is out of range, or more changes are asked for than there is room for;
/// Task::Stopped.
Segmentation segment(std::span<const double> values, const SegmentOptions& options = {},
                     const Task& task = {});

/// The same of several channels together: a change is one of all, its cost the sum of the channels', its penalty that of
/// the parameters of all; `kernel` looks at the rows as such. Rows with a value that is not finite are left out.
/// @param channels of equal length. @throws ConfigError as above; DataError for channels of different lengths.
JointSegmentation segment_together(std::span<const std::vector<double>> channels,
                                   const SegmentOptions& options = {}, const Task& task = {});

/// What `emdyn segment --json` prints: changes with their positions, segments, the options used.
/// @param positions one for each value, or empty for sample numbers.
/// @throws ConfigError as above. @throws DataError when positions and values differ in length.
Json segment_json(std::span<const double> positions, std::span<const double> values,
                  const SegmentOptions& options = {}, const Task& task = {});
/// The same of several channels; each change has `shares` by channel, each channel its `segments`.
/// @throws DataError also when names and channels differ in number.
Json segment_together_json(std::span<const double> positions, std::span<const std::string> names,
                           std::span<const std::vector<double>> channels,
                           const SegmentOptions& options = {}, const Task& task = {});

}  // namespace emdyn::emergence::segment
