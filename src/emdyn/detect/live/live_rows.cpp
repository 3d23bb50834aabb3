#include "emdyn/detect/live/live_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/detect/live/event_maker.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostShares = 8;  // Of one event; the rest is small.

}  // namespace

struct RowDetector::Impl {
  series::Axis axis;
  const detect::VectorEntry& entry;
  Params params;
  detect::AlarmPolicy policy;
  std::vector<std::string> names;
  std::vector<EventMaker> makers;  // One a channel, for values that are not finite.
  EventMaker row_maker;
  std::unique_ptr<detect::AnyVectorDetector> detector;
  std::vector<std::vector<ChannelValue>> early;  // Rows before the channels are settled.
  std::vector<double> values;
  std::vector<double> shares;
  bool attributed = true;  // `shares` belong to the last row.
  double last_position = -std::numeric_limits<double>::max();

  void settle() {
    if (names.size() > detect::kMostChannels) {
      throw ConfigError(fmt::format(
          "{} takes at most {} channels, there are {}; name those to watch with --signal",
          entry.name, detect::kMostChannels, names.size()));
    }
    detector = entry.make(params, names.size());
    values.resize(names.size());
    shares.assign(names.size(), 0.0);
    for (const auto& row : early) score(row);
    early = {};
  }

  double score(std::span<const ChannelValue> row) {
    std::ranges::fill(values, kMissing);
    for (const ChannelValue& each : row) values[each.channel] = each.value;
    return detector->update({values});
  }

  void attribute() {
    if (std::exchange(attributed, true)) return;
    std::ranges::fill(shares, 0.0);
    detector->attribution(shares);
  }

  void nonfinite(double position, std::span<const ChannelValue> row,
                 std::vector<series::Event>& events) {
    for (const ChannelValue& each : row) {
      if (auto event = makers[each.channel].nonfinite(position, each.value)) {
        events.push_back(std::move(*event));
      }
    }
  }

  series::Event alarm(double position, double p_value) {
    AlarmCause cause{
        entry.kind, entry.name, policy.text(), detector->score(), p_value, Direction::none, {}, {}};
    const auto z = detector->standardised();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (shares[i] > 0.0) cause.shares.push_back({names[i], shares[i], z[i]});
    }
    std::ranges::stable_sort(cause.shares, std::greater{}, &series::Share::share);
    if (cause.shares.size() > kMostShares) cause.shares.resize(kMostShares);
    return row_maker.alarm(position, std::move(cause));
  }
};

RowDetector::RowDetector(series::Axis axis, const DetectOptions& options) {
  if (options.front_end) {
    throw ConfigError(fmt::format(
        "{} judges rows, which have no front end; leave --front-end and --no-front-end out",
        options.detector));
  }
  impl_.reset(new Impl{axis,
                       detect::find_vector_entry(options.detector),
                       options.params,
                       alarm_policy(options),
                       {},
                       {},
                       EventMaker("row", axis),
                       {},
                       {},
                       {},
                       {},
                       true});
  (void)impl_->entry.make(options.params, 1);  // Bad parameters are refused before the first row.
}

RowDetector::~RowDetector() = default;
RowDetector::RowDetector(RowDetector&&) noexcept = default;

std::optional<std::size_t> RowDetector::add_channel(std::string name) {
  if (impl_->detector) return std::nullopt;
  impl_->makers.emplace_back(name, impl_->axis);
  impl_->names.push_back(std::move(name));
  return impl_->names.size() - 1;
}

const std::vector<std::string>& RowDetector::channels() const noexcept { return impl_->names; }

std::span<const double> RowDetector::attribution() {
  impl_->attribute();
  return impl_->shares;
}

Scored RowDetector::push(double position, std::span<const ChannelValue> row,
                         std::vector<series::Event>& events) {
  Impl& state = *impl_;
  Scored scored{.position = position, .value = kMissing, .score = 0.0, .p_value = 1.0};
  state.nonfinite(position, row, events);
  if (!state.detector) {
    state.shares.assign(state.names.size(), 0.0);
    state.early.emplace_back(row.begin(), row.end());
    if (state.early.size() >= kRowsToMeet) state.settle();
    state.last_position = position;
    return scored;
  }
  if (position < state.last_position) {  // A new segment: what is normal is kept.
    state.detector->rearm();
    state.policy.rearm();
  }
  state.last_position = position;
  const double score = state.score(row);
  state.attributed = false;
  const auto decision = state.policy.step(score, state.detector->p_value());
  scored.score = score;
  scored.p_value = decision.p_value;
  if (!decision.alarm) return scored;
  state.attribute();  // Before rearm() forgets the score.
  events.push_back(state.alarm(position, decision.p_value));
  state.detector->rearm();
  return scored;
}

}  // namespace emdyn::detect
