#include "emdyn/detect/live/live_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/detect/live/event_maker.hpp"
#include "emdyn/detect/live/reference_options.hpp"
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
  bool resets = false;     // After an alarm.
  double last_position = -std::numeric_limits<double>::max();
  std::shared_ptr<const Reference> reference{};
  std::optional<HeldPolicy> held{};        // In place of the policy, with a reference.
  std::optional<series::Event> lasting{};  // The alarm that is on,
  double last_exceeding = 0.0;             // and where it was still so.

  std::size_t rows_to_meet() const noexcept {
    return reference
               ? std::max<std::size_t>(kRowsToMeet, static_cast<std::size_t>(reference->samples))
               : kRowsToMeet;
  }

  /// The channels are all known.
  void make() {
    if (names.size() > detect::kMostChannels) {
      throw ConfigError(fmt::format(
          "{} takes at most {} channels, there are {}; name those to watch with --signal",
          entry.name, detect::kMostChannels, names.size()));
    }
    detector = entry.make(params, names.size());
    values.resize(names.size());
    shares.assign(names.size(), 0.0);
  }

  void settle_from(std::span<const double> table) {
    if (names.empty()) return;
    make();
    learn(table);
  }

  void settle() {
    make();
    if (reference) {
      std::vector<double> table;
      for (const auto& row : early) {
        lay_out(row);
        table.insert(table.end(), values.begin(), values.end());
      }
      learn(table);
    } else {
      for (const auto& row : early) score(row);
    }
    early = {};
  }

  /// Learns what is normal, after its kept-out scores, and holds it. `table` is [row][channel].
  void learn(std::span<const double> table) {
    const std::size_t width = names.size();
    const std::size_t rows = table.size() / width;
    const auto show = [&](AnyVectorDetector& to, std::size_t first, std::size_t last) {
      for (std::size_t i = 0; i < rows; ++i)
        if (i < first || i >= last) to.learn_scale({table.subspan(i * width, width)});
      for (std::size_t i = 0; i < rows; ++i)
        if (i < first || i >= last) to.update({table.subspan(i * width, width)});
      to.hold();
    };
    for (std::size_t block = 0; block < Reference::kBlocks; ++block) {
      const std::size_t first = rows * block / Reference::kBlocks;
      const std::size_t last = rows * (block + 1) / Reference::kBlocks;
      const auto other = entry.make(params, width);
      show(*other, first, last);
      if (!other->ready()) continue;
      for (std::size_t i = first; i < last; ++i)
        held->learn(other->update({table.subspan(i * width, width)}));
    }
    show(*detector, rows, rows);
    if (!detector->ready()) refuse_short_reference(entry.name, rows);
  }

  void lay_out(std::span<const ChannelValue> row) {
    std::ranges::fill(values, kMissing);
    for (const ChannelValue& each : row) values[each.channel] = each.value;
  }

  double score(std::span<const ChannelValue> row) {
    lay_out(row);
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
    attribute();  // Before rearm() forgets the score.
    AlarmCause cause{entry.kind,
                     entry.name,
                     held ? held->text() : policy.text(),
                     detector->score(),
                     p_value,
                     Direction::none,
                     {},
                     {}};
    const auto z = detector->standardised();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (shares[i] > 0.0) cause.shares.push_back({names[i], shares[i], z[i]});
    }
    std::ranges::stable_sort(cause.shares, std::greater{}, &series::Share::share);
    if (cause.shares.size() > kMostShares) cause.shares.resize(kMostShares);
    return row_maker.alarm(position, std::move(cause));
  }

  /// What a detector that holds a reference says of a row.
  double decide_held(double position, double score, std::vector<series::Event>& events) {
    const auto decision = held->step(score);
    if (decision.exceeds) last_exceeding = position;
    if (decision.change == HeldPolicy::Change::begins) {
      lasting = alarm(position, decision.p_value);
      events.push_back(*lasting);
    } else if (decision.change == HeldPolicy::Change::ends && lasting) {
      events.push_back(row_maker.over(*lasting, position, last_exceeding, held->end_text()));
      lasting.reset();
    }
    return decision.p_value;
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
  impl_->resets = options.after_alarm == AfterAlarm::reset;
  if (!options.reference) return;
  impl_->reference = options.reference;
  impl_->held.emplace(held_policy(options));
  if (options.reference->samples > 0) return;
  for (const std::string& channel : options.reference->channels) (void)add_channel(channel);
  impl_->settle_from(options.reference->rows);
}

RowDetector::~RowDetector() = default;
RowDetector::RowDetector(RowDetector&&) noexcept = default;

std::optional<std::size_t> RowDetector::add_channel(std::string name) {
  if (impl_->detector) {
    const auto known = std::ranges::find(impl_->names, name);
    if (!impl_->reference || impl_->reference->samples > 0 || known == impl_->names.end())
      return std::nullopt;
    return static_cast<std::size_t>(known - impl_->names.begin());
  }
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
    if (state.early.size() >= state.rows_to_meet()) state.settle();
    state.last_position = position;
    return scored;
  }
  if (position < state.last_position) {  // A new segment: what is normal is kept.
    state.detector->rearm();
    state.policy.rearm();
    if (state.held) state.held->restart();
  }
  state.last_position = position;
  const double score = state.score(row);
  state.attributed = false;
  scored.score = score;
  if (state.held) {
    scored.p_value = state.decide_held(position, score, events);
    return scored;
  }
  const auto decision = state.policy.step(score, state.detector->p_value());
  scored.p_value = decision.p_value;
  if (!decision.alarm) return scored;
  events.push_back(state.alarm(position, decision.p_value));
  state.resets ? state.detector->reset() : state.detector->rearm();
  return scored;
}

}  // namespace emdyn::detect
