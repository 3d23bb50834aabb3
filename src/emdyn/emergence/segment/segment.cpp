#include "emdyn/emergence/segment/segment.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/segment/cost.hpp"
#include "emdyn/emergence/segment/cutter.hpp"
#include "emdyn/emergence/segment/prepared.hpp"

namespace emdyn::emergence::segment {
namespace {

using series::Direction;
using series::EventKind;

constexpr double kLeastDeviation =
    1e-9;  // Of a standardised stretch, so that its logarithm is finite.

/// What changed between two neighbouring segments of a channel.
struct Described {
  EventKind kind = EventKind::shift;
  Direction direction = Direction::none;
  double evidence = 0.0;  ///< Likelihood ratio of mean (or line) and variance.
};

double log_variance(double squares, double count) {
  return std::log(std::max(squares / count, kLeastDeviation * kLeastDeviation));
}

Described describe(std::span<const double> before, std::span<const double> after, Regime regime,
                   bool line) {
  const LineFit left = fit_line(before);
  const LineFit right = fit_line(after);
  const double jump = right.mean - left.mean;
  const double bend = line ? right.slope - left.slope : 0.0;
  // What the old line would have said in the middle of the new segment.
  const double moved = jump - (line ? left.slope * 0.5 * (left.count + right.count) : 0.0);
  const double step = moved - bend * 0.5 * right.count;  // At the cut itself.
  const double squares_left = line ? left.around_line : left.around_mean;
  const double squares_right = line ? right.around_line : right.around_mean;
  const double both = left.count + right.count;
  const double within = log_variance(squares_left + squares_right, both);
  const double between =
      squares_left + squares_right + jump * jump * left.count * right.count / both;
  // Of the mean, the variance held equal; and of the variance, each around its own mean.
  const double of_mean = both * (log_variance(between, both) - within);
  const double of_variance = both * within - left.count * log_variance(squares_left, left.count) -
                             right.count * log_variance(squares_right, right.count);
  Described found;
  found.evidence = std::max(of_mean + of_variance, 0.0);
  const bool may_be_variance = !line && regime != Regime::mean;
  if (may_be_variance && of_variance > of_mean) {
    found.kind = EventKind::variance;
    found.direction =
        squares_right / right.count > squares_left / left.count ? Direction::rise : Direction::fall;
    return found;
  }
  found.kind =
      std::abs(bend) * 0.5 * right.count > std::abs(step) ? EventKind::trend : EventKind::shift;
  found.direction = moved > 0.0 ? Direction::rise : Direction::fall;
  return found;
}

void describe_change(ChangePoint& change, const Prepared& prepared, std::size_t before,
                     std::size_t at, std::size_t after, Regime regime, bool line) {
  double total = 0.0;
  double most = -1.0;
  for (std::size_t c = 0; c < prepared.channels.size(); ++c) {
    const std::span<const double> values(prepared.channels[c]);
    Described found;
    if (prepared.scales[c] > 0.0)
      found = describe(values.subspan(before, at - before), values.subspan(at, after - at), regime,
                       line);
    change.shares.push_back(found.evidence);
    total += found.evidence;
    if (found.evidence <= most) continue;
    most = found.evidence;
    change.kind = found.kind;
    change.direction = found.direction;
  }
  for (double& share : change.shares) share = total > 0.0 ? share / total : 0.0;
}

std::vector<Segment> segments_of(const Prepared& prepared, std::size_t channel, const Cuts& cuts,
                                 bool line) {
  std::vector<Segment> segments;
  const std::span<const double> values(prepared.channels[channel]);
  const double scale = prepared.scales[channel];
  std::size_t first = 0;
  for (std::size_t i = 0; i <= cuts.changes.size(); ++i) {
    const std::size_t last = i < cuts.changes.size() ? cuts.changes[i] : prepared.rows;
    const LineFit fit = fit_line(values.subspan(first, last - first));
    const double squares = line ? fit.around_line : fit.around_mean;
    segments.push_back({prepared.place(first), prepared.place(last - 1) + 1,
                        prepared.centres[channel] + scale * fit.mean, scale * fit.slope,
                        scale * std::sqrt(squares / fit.count)});
    first = last;
  }
  return segments;
}

std::vector<ChangePoint> changes_of(const Prepared& prepared, const Cuts& cuts, Regime regime,
                                    bool line) {
  const auto original = [&](double row) {
    return static_cast<double>(prepared.place(static_cast<std::size_t>(row)));
  };
  std::vector<ChangePoint> changes;
  const auto& at = cuts.changes;
  for (std::size_t i = 0; i < at.size(); ++i) {
    ChangePoint& change = changes.emplace_back();
    change.index = prepared.place(at[i]);
    const series::Interval& onset = cuts.onsets[i];
    change.onset = {original(onset.low), original(onset.estimate), original(onset.high),
                    onset.level};
    change.gain = cuts.gains[i];
    describe_change(change, prepared, i == 0 ? 0 : at[i - 1], at[i],
                    i + 1 == at.size() ? prepared.rows : at[i + 1], regime, line);
  }
  return changes;
}

JointSegmentation segment_spans(std::span<const std::span<const double>> channels,
                                const SegmentOptions& options, const Task& task) {
  checked("segment", kFields, options);
  JointSegmentation result;
  for (const auto& channel : channels) {
    if (channel.size() == channels[0].size()) continue;
    throw DataError("segment: channels of " + std::to_string(channels[0].size()) + " and of " +
                    std::to_string(channel.size()) + " values; give all the same positions");
  }
  const Prepared prepared = prepare(channels);
  if (channels.empty()) return result;
  result.missing = channels[0].size() - prepared.rows;
  result.segments.resize(channels.size());
  result.noise_deviations.assign(channels.size(), 0.0);
  if (prepared.rows == 0) return result;
  const bool line = options.regime == Regime::trend && options.search != SearchMethod::bocpd;
  Cuts cuts;
  if (!prepared.constant()) cuts = cut(prepared, options, task);
  result.penalty = cuts.penalty;
  result.autocorrelation = cuts.autocorrelation;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (!cuts.variances.empty())
      result.noise_deviations[c] = std::sqrt(cuts.variances[c]) * prepared.scales[c];
    result.segments[c] = segments_of(prepared, c, cuts, line);
  }
  result.changes = changes_of(prepared, cuts, options.regime, line);
  return result;
}

/// What JSON says of changes and segments; `position` of an index.
template <class PositionOf>
Json change_json(const ChangePoint& change, PositionOf&& position) {
  const auto at = [&](double index) { return position(static_cast<std::size_t>(index)); };
  const series::Interval onset{at(change.onset.low), at(change.onset.estimate),
                               at(change.onset.high), change.onset.level};
  return {{"index", change.index},
          {"position", position(change.index)},
          {"onset", onset},
          {"gain", number_or_null(change.gain)},
          {"direction", series::word(change.direction)},
          {"kind", series::word(change.kind)}};
}

Json segments_json(std::span<const Segment> segments) {
  Json list = Json::array();
  for (const Segment& one : segments) {
    list.push_back({{"first", one.first},
                    {"last", one.last - 1},
                    {"mean", number_or_null(one.mean)},
                    {"slope_per_sample", number_or_null(one.slope)},
                    {"deviation", number_or_null(one.deviation)}});
  }
  return list;
}

void check_positions(std::span<const double> positions, std::size_t values) {
  if (positions.empty() || positions.size() == values) return;
  throw DataError("segment: " + std::to_string(positions.size()) + " positions but " +
                  std::to_string(values) + " values; give one position for each value");
}

}  // namespace

JointSegmentation segment_together(std::span<const std::vector<double>> channels,
                                   const SegmentOptions& options, const Task& task) {
  const std::vector<std::span<const double>> spans(channels.begin(), channels.end());
  return segment_spans(spans, options, task);
}

Segmentation segment(std::span<const double> values, const SegmentOptions& options,
                     const Task& task) {
  JointSegmentation joint = segment_spans({&values, 1}, options, task);
  Segmentation result;
  result.changes = std::move(joint.changes);
  for (ChangePoint& change : result.changes) change.shares.clear();
  result.segments = std::move(joint.segments[0]);
  result.penalty = joint.penalty;
  result.noise_deviation = joint.noise_deviations[0];
  result.autocorrelation = joint.autocorrelation;
  result.missing = joint.missing;
  return result;
}

Json segment_json(std::span<const double> positions, std::span<const double> values,
                  const SegmentOptions& options, const Task& task) {
  check_positions(positions, values.size());
  const Segmentation found = segment(values, options, task);
  const auto position = [&](std::size_t index) {
    return positions.empty() ? static_cast<double>(index) : positions[index];
  };
  Json changes = Json::array();
  for (const ChangePoint& change : found.changes) changes.push_back(change_json(change, position));
  return Json{{"change_points", std::move(changes)},
              {"segments", segments_json(found.segments)},
              {"samples", values.size()},
              {"missing", found.missing},
              {"penalty", found.penalty},
              {"noise_deviation", found.noise_deviation},
              {"autocorrelation", found.autocorrelation},
              {"options", config_json(kFields, options)}};
}

Json segment_together_json(std::span<const double> positions, std::span<const std::string> names,
                           std::span<const std::vector<double>> channels,
                           const SegmentOptions& options, const Task& task) {
  if (names.size() != channels.size()) {
    throw DataError("segment: " + std::to_string(names.size()) + " names but " +
                    std::to_string(channels.size()) + " channels; give one name for each");
  }
  const std::size_t rows = channels.empty() ? 0 : channels[0].size();
  check_positions(positions, rows);
  const JointSegmentation found = segment_together(channels, options, task);
  const auto position = [&](std::size_t index) {
    return positions.empty() ? static_cast<double>(index) : positions[index];
  };
  Json changes = Json::array();
  for (const ChangePoint& change : found.changes) {
    Json one = change_json(change, position);
    for (std::size_t c = 0; c < names.size(); ++c) one["shares"][names[c]] = change.shares[c];
    changes.push_back(std::move(one));
  }
  Json list = Json::array();
  for (std::size_t c = 0; c < names.size(); ++c) {
    list.push_back({{"signal", names[c]},
                    {"segments", segments_json(found.segments[c])},
                    {"noise_deviation", found.noise_deviations[c]}});
  }
  return Json{{"change_points", std::move(changes)},
              {"channels", std::move(list)},
              {"samples", rows},
              {"missing", found.missing},
              {"penalty", found.penalty},
              {"autocorrelation", found.autocorrelation},
              {"options", config_json(kFields, options)}};
}

}  // namespace emdyn::emergence::segment
