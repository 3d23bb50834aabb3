#include "emdyn/emergence/segment/segment.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/segment/cost.hpp"
#include "emdyn/emergence/segment/noise.hpp"
#include "emdyn/emergence/segment/search.hpp"

namespace emdyn::emergence::segment {
namespace {

using series::Direction;
using series::EventKind;

constexpr std::size_t kFineCandidates = 20000;   // Places tried at most, then refined.
constexpr std::size_t kCoarseCandidates = 4096;  // Of costs that are dear or cannot be pruned.

/// The finite samples, standardised, and where they were.
struct Prepared {
  std::vector<double> values{};
  std::vector<std::size_t> where{};
  double centre = 0.0;
  double scale = 0.0;  // 0 for a constant series.
};

Prepared prepare(std::span<const double> values) {
  Prepared prepared;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    prepared.values.push_back(values[i]);
    prepared.where.push_back(i);
  }
  double largest = 0.0;  // Dividing by it first keeps 1e300 from overflowing.
  for (const double x : prepared.values) largest = std::max(largest, std::abs(x));
  if (largest == 0.0) return prepared;
  const double n = static_cast<double>(prepared.values.size());
  double mean = 0.0;
  for (const double x : prepared.values) mean += x / largest / n;
  double square = 0.0;
  for (const double x : prepared.values) square += std::pow(x / largest - mean, 2) / n;
  const double deviation = std::sqrt(square);
  if (deviation < 1e-14) return prepared;  // Only rounding is left.
  for (double& x : prepared.values) x = (x / largest - mean) / deviation;
  prepared.centre = mean * largest;
  prepared.scale = deviation * largest;
  return prepared;
}

/// Runs one search with one cost on the prepared values.
class Cutter {
 public:
  Cutter(const Prepared& prepared, const SegmentOptions& options)
      : values_(prepared.values), options_(options), sums_(prepared.values) {}

  void run(Segmentation& result) {
    const bool gaussian = options_.regime == Regime::trend || options_.regime == Regime::mean;
    if (options_.search == SearchMethod::bocpd) {
      bayesian(result);
    } else if (gaussian) {
      known_variance(result);
    } else if (options_.regime == Regime::mean_variance) {
      const MeanVarianceCost cost(values_, 1e-6);
      finish(cost, information_penalty(MeanVarianceCost::kParameters), kFineCandidates, result);
    } else {
      const DistributionCost cost(values_);
      finish(cost, information_penalty(DistributionCost::kParameters), kCoarseCandidates, result);
    }
  }

  const std::vector<std::size_t>& changes() const { return changes_; }
  const std::vector<series::Interval>& onsets() const { return onsets_; }
  const std::vector<double>& gains() const { return gains_; }

 private:
  Penalty information_penalty(double parameters) const {
    const double automatic = (parameters + 2.0) * std::log(static_cast<double>(values_.size()));
    if (options_.penalty > 0.0) return {options_.penalty, 0.0};
    return {automatic, 1.0};
  }

  Grid grid(std::size_t min_length, std::size_t most) const {
    const auto asked = static_cast<std::size_t>(options_.min_length);
    const std::size_t stride = (values_.size() + most - 1) / most;
    return {values_.size(), std::max(min_length, asked), std::max<std::size_t>(stride, 1)};
  }

  void known_variance(Segmentation& result) {
    const bool line = options_.regime == Regime::trend;
    const double parameters = line ? TrendCost::kParameters : MeanCost::kParameters;
    double variance = options_.noise == Noise::null_model ? null_variance(sums_, line)
                                                          : difference_variance(values_);
    variance = std::max(variance, 1e-12);  // Values are standardised; a perfect fit has no noise.
    const Penalty penalty = information_penalty(parameters);
    const auto cut = [&](double level) {
      if (line) {
        finish(TrendCost(values_, level), penalty, kFineCandidates, result);
      } else {
        finish(MeanCost(values_, level), penalty, kFineCandidates, result);
      }
    };
    cut(variance);
    if (options_.noise == Noise::autoregressive) {
      variance =
          widen_until_stable(sums_, values_, line, variance, changes_, cut, result.autocorrelation);
    }
    result.noise_deviation = std::sqrt(variance);
  }

  void bayesian(Segmentation& result) {
    // Self-scaled: the values are standardised, so one sample's worth of a unit normal.
    const MarginalCost cost(values_, RegimePrior{});
    const double hazard = 1.0 / options_.expected_length;
    const double automatic = -2.0 * std::log(hazard / (1.0 - hazard));
    const Penalty penalty{options_.penalty > 0.0 ? options_.penalty : automatic, 0.0};
    finish(cost, penalty, kCoarseCandidates, result);
  }

  template <class Cost>
  void finish(const Cost& cost, const Penalty& penalty, std::size_t most, Segmentation& result) {
    const Grid where = grid(Cost::kMinLength, most);
    // Splitting may raise a marginal likelihood's cost, so nothing may be pruned there.
    const bool prune = options_.search != SearchMethod::bocpd;
    changes_ = options_.search == SearchMethod::binary ? binary_segmentation(cost, where, penalty)
                                                       : least_cost(cost, where, penalty, prune);
    if (where.stride > 1) refine(cost, where, penalty, where.stride, changes_);
    result.penalty = penalty.per_change;
    onsets_.clear();
    gains_.clear();
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const std::size_t before = i == 0 ? 0 : changes_[i - 1];
      const std::size_t after = i + 1 == changes_.size() ? values_.size() : changes_[i + 1];
      gains_.push_back(cost(before, after) - cost(before, changes_[i]) - cost(changes_[i], after));
      onsets_.push_back(onset_interval(cost, before, changes_[i], after, where.min_length));
    }
  }

  /// The likelihood of every other place for this change, its neighbours held.
  template <class Cost>
  series::Interval onset_interval(const Cost& cost, std::size_t before, std::size_t at,
                                  std::size_t after, std::size_t min_length) const {
    std::vector<double> weight;
    const std::size_t low = before + min_length;
    const double least = cost(before, at) + cost(at, after);
    double total = 0.0;
    for (std::size_t t = low; t + min_length <= after; ++t) {
      weight.push_back(std::exp(-0.5 * (cost(before, t) + cost(t, after) - least)));
      total += weight.back();
    }
    const double tail = 0.5 * (1.0 - options_.level) * total;
    series::Interval interval{static_cast<double>(at), static_cast<double>(at),
                              static_cast<double>(at), options_.level};
    double below = 0.0;
    bool open = true;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      below += weight[i];
      const double place = static_cast<double>(low + i);
      if (open && below >= tail) {
        interval.low = std::min(interval.low, place);
        open = false;
      }
      if (below >= total - tail) {
        interval.high = std::max(interval.high, place);
        break;
      }
    }
    return interval;
  }

  const std::vector<double>& values_;
  const SegmentOptions& options_;
  Sums sums_;
  std::vector<std::size_t> changes_;
  std::vector<series::Interval> onsets_;
  std::vector<double> gains_;
};

/// Names what changed most between two neighbouring segments, each part in its own deviations.
void describe(ChangePoint& change, const Sums& sums, std::size_t before, std::size_t at,
              std::size_t after, bool line) {
  const double left = static_cast<double>(at - before);
  const double right = static_cast<double>(after - at);
  const double jump = sums.mean(at, after) - sums.mean(before, at);
  const double bend = line ? sums.slope(at, after) - sums.slope(before, at) : 0.0;
  // What the old line would have said in the middle of the new segment.
  const double expected = line ? sums.slope(before, at) * 0.5 * (left + right) : 0.0;
  const double moved = jump - expected;
  const double step = moved - bend * 0.5 * right;  // At the cut itself.
  const double spread_left = sums.around_mean(before, at) / left;
  const double spread_right = sums.around_mean(at, after) / right;
  const double noise =
      std::sqrt((sums.around_line(before, at) + sums.around_line(at, after)) / (left + right));
  const bool level_moved = std::abs(moved) > noise;
  if (!line && !level_moved && spread_left != spread_right) {
    change.kind = EventKind::variance;
    change.direction = spread_right > spread_left ? Direction::rise : Direction::fall;
    return;
  }
  change.kind = std::abs(bend) * 0.5 * right > std::abs(step) ? EventKind::trend : EventKind::shift;
  change.direction = moved > 0.0 ? Direction::rise : Direction::fall;
}

void add_segments(const Prepared& prepared, const Sums& sums, const Cutter& cutter, bool line,
                  Segmentation& result) {
  const std::size_t n = prepared.values.size();
  std::size_t first = 0;
  for (std::size_t i = 0; i <= cutter.changes().size(); ++i) {
    const std::size_t last = i < cutter.changes().size() ? cutter.changes()[i] : n;
    const double squares = line ? sums.around_line(first, last) : sums.around_mean(first, last);
    result.segments.push_back(
        {prepared.where[first], prepared.where[last - 1] + 1,
         prepared.centre + prepared.scale * sums.mean(first, last),
         prepared.scale * sums.slope(first, last),
         prepared.scale * std::sqrt(squares / static_cast<double>(last - first))});
    first = last;
  }
}

void add_changes(const Prepared& prepared, const Sums& sums, const Cutter& cutter, bool line,
                 Segmentation& result) {
  const auto original = [&](double index) {
    return static_cast<double>(prepared.where[static_cast<std::size_t>(index)]);
  };
  const auto& at = cutter.changes();
  for (std::size_t i = 0; i < at.size(); ++i) {
    ChangePoint& change = result.changes.emplace_back();
    change.index = prepared.where[at[i]];
    const series::Interval& onset = cutter.onsets()[i];
    change.onset = {original(onset.low), original(onset.estimate), original(onset.high),
                    onset.level};
    change.gain = cutter.gains()[i];
    describe(change, sums, i == 0 ? 0 : at[i - 1], at[i],
             i + 1 == at.size() ? prepared.values.size() : at[i + 1], line);
  }
}

}  // namespace

Segmentation segment(std::span<const double> values, const SegmentOptions& options) {
  checked("segment", kFields, options);
  const Prepared prepared = prepare(values);
  Segmentation result;
  result.missing = values.size() - prepared.values.size();
  if (prepared.values.empty()) return result;
  const Sums sums(prepared.values);
  if (prepared.scale == 0.0) {
    result.segments.push_back(
        {prepared.where.front(), prepared.where.back() + 1, prepared.values.front(), 0.0, 0.0});
    return result;
  }
  const bool line = options.regime == Regime::trend && options.search != SearchMethod::bocpd;
  Cutter cutter(prepared, options);
  cutter.run(result);
  result.noise_deviation *= prepared.scale;
  add_segments(prepared, sums, cutter, line, result);
  add_changes(prepared, sums, cutter, line, result);
  return result;
}

Json segment_json(std::span<const double> positions, std::span<const double> values,
                  const SegmentOptions& options) {
  if (!positions.empty() && positions.size() != values.size()) {
    throw DataError("segment: " + std::to_string(positions.size()) + " positions but " +
                    std::to_string(values.size()) + " values; give one position for each value");
  }
  const Segmentation found = segment(values, options);
  const auto position = [&](std::size_t index) {
    return positions.empty() ? static_cast<double>(index) : positions[index];
  };
  const auto at = [&](double index) { return position(static_cast<std::size_t>(index)); };
  Json changes = Json::array();
  for (const ChangePoint& change : found.changes) {
    const series::Interval onset{at(change.onset.low), at(change.onset.estimate),
                                 at(change.onset.high), change.onset.level};
    changes.push_back({{"index", change.index},
                       {"position", position(change.index)},
                       {"onset", onset},
                       {"gain", number_or_null(change.gain)},
                       {"direction", series::word(change.direction)},
                       {"kind", series::word(change.kind)}});
  }
  Json segments = Json::array();
  for (const Segment& one : found.segments) {
    segments.push_back({{"first", one.first},
                        {"last", one.last - 1},
                        {"mean", number_or_null(one.mean)},
                        {"slope_per_sample", number_or_null(one.slope)},
                        {"deviation", number_or_null(one.deviation)}});
  }
  return Json{{"change_points", std::move(changes)},
              {"segments", std::move(segments)},
              {"samples", values.size()},
              {"missing", found.missing},
              {"penalty", found.penalty},
              {"noise_deviation", found.noise_deviation},
              {"autocorrelation", found.autocorrelation},
              {"options", config_json(kFields, options)}};
}

}  // namespace emdyn::emergence::segment
