#include "emdyn/forecast/curves/curve_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/curves/spikes.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/robust.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kJumpShare = 0.5;
constexpr double kStallShare = 0.05;
constexpr double kDivergenceShare = 0.1;
constexpr double kCollapseShare = 0.5;
constexpr double kFewestSigmas = 4.0;
constexpr std::size_t kFewestCells = 8;
constexpr std::size_t kMostCells = 24;
constexpr std::size_t kPathPoints = 16;
constexpr std::size_t kBrokenRecords = 3;  // Records in a row that are no numbers: it is over.

const CurveOptions& checked(const CurveOptions& options) {
  if (!(options.level > 0.0 && options.level < 1.0))
    throw ConfigError(fmt::format("level must be in (0, 1), got {}", options.level));
  if (options.paths < 1 || options.paths > 1'000'000)
    throw ConfigError(fmt::format("paths must be in [1, 1000000], got {}", options.paths));
  return options;
}

TargetAnswer abstention(std::string reason) {
  TargetAnswer answer;
  answer.status = series::ForecastStatus::abstained;
  answer.reason = std::move(reason);
  return answer;
}

History finite_part(const History& history) {
  History finite;
  for (std::size_t i = 0; i < history.values.size(); ++i) {
    if (!std::isfinite(history.values[i])) continue;
    finite.positions.push_back(history.positions[i]);
    finite.values.push_back(history.values[i]);
  }
  return finite;
}

/// The curve up to now, or why there is none.
struct Seen {
  std::optional<CurveBlocks> blocks{};
  std::string reason{};
};

Seen see(const CurveInput& input, double deadline) {
  Seen seen;
  const History finite = finite_part(input.history);
  if (finite.values.size() < kFewestRecords) {
    seen.reason =
        fmt::format("{} records so far, {} are needed", finite.values.size(), kFewestRecords);
    return seen;
  }
  seen.blocks = curve_blocks(input.name, finite, input.learning_rate);
  if (!seen.blocks) {
    seen.reason = "all records stand at one position";
    return seen;
  }
  if (std::ranges::minmax(seen.blocks->z).min == std::ranges::minmax(seen.blocks->z).max) {
    seen.reason = "it is constant so far";
    seen.blocks.reset();
    return seen;
  }
  const double h = seen.blocks->x_of(deadline);
  if (h > kFarthestHorizon) {
    seen.reason = fmt::format(
        "the deadline is {:.0f} times as far as the run has come; forecasts reach {:.0f} times", h,
        kFarthestHorizon);
    seen.blocks.reset();
  }
  return seen;
}

bool is_broken(const History& history) {
  const std::size_t n = history.values.size();
  if (n < kBrokenRecords) return false;
  return std::none_of(history.values.end() - kBrokenRecords, history.values.end(),
                      [](double value) { return std::isfinite(value); });
}

/// A level on the curve's scale that paths are asked for.
struct PathQuestion {
  bool rises = true;
  double z = 0.0;
  TargetManner manner = TargetManner::sustained;
  double end = 1.0;   ///< x of the deadline.
  double hold = 0.0;  ///< Length of a hold, in x.
  std::uint64_t seed = 1;
};

/// What a look at the records of one cell adds to the level: the median of a hold, or the extreme of
/// all records that fall into the cell.
class CellNoise {
 public:
  CellNoise(const PathQuestion& question, const CurveBlocks& blocks)
      : once_(question.manner == TargetManner::once),
        sign_(question.rises ? 1.0 : -1.0),
        noise_(blocks.noise),
        cadence_(blocks.cadence),
        independent_((1.0 - blocks.memory) / (1.0 + blocks.memory)) {
    const double records = std::max(3.0, question.hold / cadence_);
    // The median of n normal values scatters by 1.2533 sigma over the root of n.
    of_median_ = noise_ * std::min(1.0, 1.2533 / std::sqrt(records * independent_));
  }
  double draw(double width, Philox& random) const noexcept {
    if (!once_) return of_median_ * random.normal();
    const double records = std::max(1.0, width / cadence_ * independent_);
    const double u = std::max(random.uniform(), 1e-12);
    return sign_ * noise_ * math::normal_quantile(std::pow(u, 1.0 / records));
  }

 private:
  bool once_;
  double sign_;
  double noise_;
  double cadence_;
  double independent_;
  double of_median_ = 0.0;
};

/// The first cell at which each path answers yes; cells() where it never does.
std::vector<std::size_t> first_cells(const PathQuestion& question, const PredictiveCurve& curve,
                                     const CurveBlocks& blocks, const CurvePaths& paths) {
  const CellNoise noise(question, blocks);
  Philox random(question.seed, 1);
  std::vector<std::size_t> first(paths.size(), paths.cells());
  for (std::size_t p = 0; p < paths.size(); ++p) {
    for (std::size_t c = 0; c < paths.cells(); ++c) {
      const double width = curve.h[c] - (c > 0 ? curve.h[c - 1] : 1.0);
      const double seen = paths.level(p, c) + noise.draw(width, random);
      const bool last_only = question.manner == TargetManner::at_deadline;
      if (last_only && c + 1 < paths.cells()) continue;
      if ((question.rises ? seen >= question.z : seen <= question.z) && first[p] == paths.cells())
        first[p] = c;
    }
  }
  return first;
}

std::size_t cells_for(const PathQuestion& question) {
  if (question.manner == TargetManner::at_deadline) return kFewestCells;
  const double holds = (question.end - 1.0) / std::max(question.hold, 1e-9);
  return static_cast<std::size_t>(
      std::clamp(holds, static_cast<double>(kFewestCells), static_cast<double>(kMostCells)));
}

/// Probability with its range over the families of the bank.
series::Interval probability_of(const std::vector<std::size_t>& first, const CurvePaths& paths,
                                double level) {
  std::vector<double> yes(paths.families(), 0.0);
  std::vector<double> all(paths.families(), 0.0);
  double reached = 0.0;
  for (std::size_t p = 0; p < paths.size(); ++p) {
    const bool is = first[p] < paths.cells();
    reached += is ? 1.0 : 0.0;
    yes[paths.family(p)] += is ? 1.0 : 0.0;
    all[paths.family(p)] += 1.0;
  }
  std::vector<double> shares;
  for (std::size_t f = 0; f < yes.size(); ++f) {
    if (all[f] > 0.0) shares.push_back((yes[f] + 0.5) / (all[f] + 1.0));
  }
  const double estimate = (reached + 0.5) / (static_cast<double>(paths.size()) + 1.0);
  series::Interval interval{math::quantile(shares, 0.5 * (1.0 - level)), estimate,
                            math::quantile(shares, 0.5 * (1.0 + level)), level};
  interval.low = std::min(interval.low, estimate);
  interval.high = std::max(interval.high, estimate);
  return interval;
}

/// When: quantiles over all paths, an end that no path has by the deadline is open.
std::optional<series::Interval> onset_of(const std::vector<std::size_t>& first,
                                         const PredictiveCurve& curve, const CurveBlocks& blocks,
                                         double level) {
  std::vector<double> at;
  for (const std::size_t cell : first) {
    if (cell == curve.h.size()) {
      at.push_back(HUGE_VAL);
      continue;
    }
    const double before = cell > 0 ? curve.h[cell - 1] : 1.0;
    at.push_back(blocks.position_of(0.5 * (before + curve.h[cell])));
  }
  std::ranges::sort(at);
  const auto quantile = [&](double p) {
    return at[static_cast<std::size_t>(p * static_cast<double>(at.size() - 1))];
  };
  if (!std::isfinite(quantile(0.5))) return std::nullopt;
  return series::Interval{quantile(0.5 * (1.0 - level)), quantile(0.5),
                          quantile(0.5 * (1.0 + level)), level};
}

TargetAnswer answer_by_paths(const PathQuestion& question, const CurveEnsemble& ensemble,
                             const CurveTable& table, const CurveOptions& options) {
  TargetAnswer answer;
  answer.predictor = "paths";
  const std::size_t cells = cells_for(question);
  const PredictiveCurve curve = predictive_curve(ensemble, table, question.end, cells);
  const CurvePaths paths(curve, options.paths, options.seed);
  const auto first = first_cells(question, curve, ensemble.blocks(), paths);
  answer.probability = probability_of(first, paths, options.level);
  if (question.manner != TargetManner::at_deadline)
    answer.onset = onset_of(first, curve, ensemble.blocks(), options.level);
  const PredictiveCurve still = persistent_curve(ensemble, table, question.end, cells);
  const CurvePaths still_paths(still, options.paths, options.seed);
  const auto still_first = first_cells(question, still, ensemble.blocks(), still_paths);
  answer.competitors.push_back(
      {"persistence", probability_of(still_first, still_paths, options.level).estimate});
  const double level = ensemble.blocks().level;
  const bool there = question.rises ? level >= question.z : level <= question.z;
  answer.competitors.push_back({"value_now", there ? 1.0 : 0.0});
  return answer;
}

PathQuestion question_of(const CurveBlocks& blocks, const SignalTarget& target, double deadline,
                         const CurveOptions& options) {
  PathQuestion question;
  question.manner = target.kind == TargetKind::stall ? TargetManner::at_deadline : target.manner;
  question.end = blocks.x_of(deadline);
  question.hold = hold_of(target, deadline).length / (blocks.now - blocks.origin);
  question.seed = options.seed;
  return question;
}

TargetAnswer answer_level(const SignalTarget& target, const CurveInput& input, double deadline,
                          const CurveTable& table, const CurveOptions& options) {
  if (target.manner != TargetManner::at_deadline) {
    const LevelOutcome outcome =
        level_outcome(input.history, target.rises, target.value, hold_of(target, deadline),
                      -HUGE_VAL, std::min(input.at, deadline));
    if (outcome.reached_at) {
      TargetAnswer past;
      past.status = series::ForecastStatus::already_past;
      past.reached_at = outcome.reached_at;
      return past;
    }
  }
  if (!(deadline > input.at)) return abstention("the deadline has passed; give a later one");
  const Seen seen = see(input, deadline);
  if (!seen.blocks) return abstention(seen.reason);
  const CurveLink& link = seen.blocks->link;
  if (target.rises ? target.value > link.high : target.value < link.low)
    return abstention(fmt::format("{} never gets to {}: its values are in [{}, {}]", input.name,
                                  shortest(target.value), shortest(link.low), shortest(link.high)));
  PathQuestion question = question_of(*seen.blocks, target, deadline, options);
  question.rises = target.rises;
  question.z = link.forward(target.value);
  return answer_by_paths(question, CurveEnsemble(*seen.blocks, table.skill), table, options);
}

TargetAnswer answer_spike(const CurveInput& input, bool upwards, double deadline,
                          const CurveTable& table, const CurveOptions& options) {
  const SpikeCount count = count_spikes(input.history, upwards);
  if (count.looked_at == 0 || !(count.cadence > 0.0)) {
    return abstention(fmt::format("{} records so far, spikes are told from 33 on", count.records));
  }
  const double records = (deadline - input.at) / count.cadence;
  const SpikeHazard hazard = spike_hazard(count, table.spikes, records, options.level);
  TargetAnswer answer;
  answer.predictor = "spike_rate";
  answer.probability = series::Interval{hazard.low, hazard.base_rate, hazard.high, options.level};
  answer.competitors = {{"recent_rate", hazard.recent_rate}, {"last_spike", hazard.last_spike}};
  return answer;
}

/// The rate of the bank, where the paths do not beat it.
void use_base_rate(TargetKind kind, double h, const CurveTable& table, TargetAnswer& answer) {
  for (const CurveEventRate& event : table.events) {
    if (event.name != word(kind) || !answer.probability) continue;
    const double rate = at_horizon(event.rate, h);
    if (event.by_paths) {
      answer.competitors.push_back({"base_rate", rate});
      continue;
    }
    answer.competitors.insert(answer.competitors.begin(), {"paths", answer.probability->estimate});
    answer.predictor = "base_rate";
    answer.probability =
        series::Interval{std::min(rate, answer.probability->low), rate,
                         std::max(rate, answer.probability->high), answer.probability->level};
    answer.onset.reset();
  }
}

TargetAnswer answer_event(const SignalTarget& target, const CurveInput& input,
                          const CurveEnsemble& ensemble, double deadline, const CurveTable& table,
                          const CurveOptions& options) {
  const CurveBlocks& blocks = ensemble.blocks();
  const bool up = better_up(input, blocks);
  if (target.kind == TargetKind::spike) return answer_spike(input, !up, deadline, table, options);
  const auto level = event_level(target.kind, blocks, up);
  if (!level) return abstention("it has not moved by more than its noise yet");
  PathQuestion question = question_of(blocks, target, deadline, options);
  question.rises = level->rises;
  question.z = level->z;
  if (target.kind == TargetKind::collapse &&
      (level->rises ? blocks.level >= level->z : blocks.level <= level->z)) {
    TargetAnswer past;
    past.status = series::ForecastStatus::already_past;
    past.reached_at = blocks.now;
    return past;
  }
  TargetAnswer answer = answer_by_paths(question, ensemble, table, options);
  std::erase_if(answer.competitors,
                [](const CurveCompetitor& each) { return each.name == "value_now"; });
  if (target.kind == TargetKind::stall) {
    const auto turned = [](double p) { return 1.0 - p; };
    const series::Interval p = *answer.probability;
    answer.probability =
        series::Interval{turned(p.high), turned(p.estimate), turned(p.low), p.level};
    for (CurveCompetitor& each : answer.competitors) each.probability = turned(each.probability);
  }
  use_base_rate(target.kind, question.end, table, answer);
  return answer;
}

/// Where a share of the way from the first level to the best is lost from `from`: in the signal's own units, for on
/// the scale of a link the last step to an accuracy of 1 is longer than all before.
double lost_level(const CurveBlocks& blocks, double from, double best, double share) {
  const double way = blocks.link.back(best) - blocks.link.back(blocks.z.front());
  return blocks.link.forward(blocks.link.back(from) - share * way);
}

std::optional<bool> better_by_name(std::string_view name) {
  const CurveLink as_share = choose_link(name, std::array{0.5});
  if (as_share.kind == LinkKind::logit) return true;
  if (as_share.low == 0.0) return false;  // What is called a loss, norm, error or perplexity.
  return std::nullopt;
}

}  // namespace

CurveInput curve_input(const series::Signal& signal, double at,
                       const series::Signal* learning_rate) {
  CurveInput input;
  input.name = signal.name;
  input.history = history(signal, at, NonFinite::keep);
  if (learning_rate != nullptr) input.learning_rate = history(*learning_rate, at, NonFinite::drop);
  input.at = at;
  return input;
}

bool better_up(const CurveInput& input, const CurveBlocks& blocks) {
  if (input.better_up) return *input.better_up;
  if (const auto named = better_by_name(input.name)) return *named;
  return blocks.level >= blocks.z.front();
}

std::optional<EventLevel> event_level(TargetKind kind, const CurveBlocks& blocks, bool better) {
  const double sign = better ? 1.0 : -1.0;
  double best = blocks.z.front();
  for (const double z : blocks.z) best = sign * z > sign * best ? z : best;
  const double way = std::abs(best - blocks.z.front());
  if (!(way > kFewestSigmas * blocks.level_noise) || !(way > 0.0)) return std::nullopt;
  switch (kind) {
    case TargetKind::jump:
      return EventLevel{better, blocks.level + sign * kJumpShare * way};
    case TargetKind::stall:
      return EventLevel{better, blocks.level + sign * kStallShare * way};
    case TargetKind::divergence: {
      const double lost = lost_level(blocks, blocks.level, best, kDivergenceShare);
      const double noise = blocks.level - sign * 3.0 * blocks.level_noise;
      return EventLevel{!better, better ? std::min(lost, noise) : std::max(lost, noise)};
    }
    case TargetKind::collapse:
      return EventLevel{!better, lost_level(blocks, best, best, kCollapseShare)};
    default:
      return std::nullopt;
  }
}

TargetAnswer answer_target(const SignalTarget& target, const CurveInput& input, double deadline,
                           const CurveTable& table, const CurveOptions& options) {
  checked(options);
  if (target.kind == TargetKind::level)
    return answer_level(target, input, deadline, table, options);
  if (target.kind == TargetKind::collapse && is_broken(input.history)) {
    TargetAnswer past;
    past.status = series::ForecastStatus::already_past;
    past.reached_at = input.history.positions[input.history.values.size() - kBrokenRecords];
    return past;
  }
  if (!(deadline > input.at)) return abstention("the deadline has passed; give a later one");
  const Seen seen = see(input, deadline);
  if (!seen.blocks) return abstention(seen.reason);
  return answer_event(target, input, CurveEnsemble(*seen.blocks, table.skill), deadline, table,
                      options);
}

CurveOutlook curve_outlook(const CurveInput& input, double deadline, const CurveTable& table,
                           const CurveOptions& options) {
  checked(options);
  CurveOutlook outlook;
  const auto abstain = [&](std::string reason) {
    outlook.status = series::ForecastStatus::abstained;
    outlook.reason = std::move(reason);
    return outlook;
  };
  if (is_broken(input.history)) return abstain("its last records are no numbers");
  if (!(deadline > input.at)) return abstain("the deadline has passed; give a later one");
  const Seen seen = see(input, deadline);
  if (!seen.blocks) return abstain(seen.reason);
  const CurveEnsemble ensemble(*seen.blocks, table.skill);
  const CurveBlocks& blocks = ensemble.blocks();
  const double end = blocks.x_of(deadline);
  outlook.value = level_interval(ensemble, table, end, options.level);
  outlook.record = record_interval(ensemble, table, end, options.level);
  const double z = math::normal_quantile(0.5 * (1.0 + options.level));
  outlook.now = series::Interval{
      blocks.link.back(blocks.level - z * blocks.level_noise), blocks.link.back(blocks.level),
      blocks.link.back(blocks.level + z * blocks.level_noise), options.level};
  outlook.persistence = outlook.now->estimate;
  for (std::size_t i = 1; i <= kPathPoints; ++i) {
    const double h = std::pow(end, static_cast<double>(i) / static_cast<double>(kPathPoints));
    outlook.path.push_back(
        {blocks.position_of(h), level_interval(ensemble, table, h, options.level)});
  }
  const auto weights = ensemble.weights(end);
  for (std::size_t m = 0; m < kCurveMembers; ++m)
    outlook.weights.emplace_back(static_cast<CurveMember>(m), weights[m]);
  for (const TargetKind kind :
       {TargetKind::jump, TargetKind::spike, TargetKind::stall, TargetKind::divergence}) {
    SignalTarget target;
    target.kind = kind;
    outlook.events.emplace_back(kind,
                                answer_event(target, input, ensemble, deadline, table, options));
  }
  return outlook;
}

}  // namespace emdyn::forecast
