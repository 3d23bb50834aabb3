#include "watch_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/detect/live/validation_watch.hpp"
#include "emdyn/detect/training/schedule.hpp"
#include "emdyn/math/distributions.hpp"
#include "spike_rules.hpp"
#include "training_bank.hpp"

namespace emdyn::bench {
namespace {

constexpr double kMostOfBudget = 1.2;
constexpr double kLeastTold = 0.95;
constexpr double kMostDelay = 5.0;
constexpr double kMostOfDrift = 0.1;

using Events = std::vector<series::Event>;

std::size_t samples_of(const std::vector<BankSignal>& signals) {
  std::size_t count = 0;
  for (const BankSignal& signal : signals) count += signal.values.size();
  return count;
}

/// What the defaults of `watch` tell of a run, in order of positions.
Events watched(const std::vector<BankSignal>& signals, const WatchBenchOptions& options,
               double alpha) {
  detect::DetectOptions detection;
  if (!options.detector.empty()) detection.detector = options.detector;
  detection.alpha = alpha;
  std::vector<detect::SeriesDetector> detectors;
  detect::ValidationWatch overfit(detect::validation_alpha(detection));
  for (std::size_t s = 0; s < signals.size(); ++s) {
    detectors.emplace_back(signals[s].name, series::Axis::step, detection);
    overfit.on_signal(s, signals[s].name, series::Axis::step);
  }
  Events events;
  std::vector<std::size_t> next(signals.size(), 0);
  for (;;) {
    std::size_t first = signals.size();
    for (std::size_t s = 0; s < signals.size(); ++s) {
      if (next[s] == signals[s].values.size()) continue;
      if (first == signals.size() ||
          signals[s].positions[next[s]] < signals[first].positions[next[first]])
        first = s;
    }
    if (first == signals.size()) return events;
    const std::size_t i = next[first]++;
    const BankSignal& signal = signals[first];
    (void)detectors[first].push(signal.positions[i], signal.values[i], events);
    overfit.push(first, signal.positions[i], signal.values[i], events);
  }
}

/// Poisson 95 % interval of a count.
std::pair<double, double> poisson_interval(double count) {
  const double low = count > 0.0 ? 0.5 * math::chi_squared_quantile(0.025, 2.0 * count) : 0.0;
  return {low, 0.5 * math::chi_squared_quantile(0.975, 2.0 * count + 2.0)};
}

Row healthy_row(std::string name, double alarms, double samples, double budget) {
  const double per = 1e4 / samples;
  const auto [low, high] = poisson_interval(alarms);
  Row row{std::move(name), alarms * per, "alarms/1e4 samples", budget, "stated budget"};
  row.low = low * per;
  row.high = high * per;
  row.passes = *row.low <= kMostOfBudget * budget;
  return row;
}

/// Planned steps are facts, no alarms.
bool is_alarm(const series::Event& event) { return event.detector != detect::ScheduleStep::kName; }

struct HealthyCount {
  std::size_t samples = 0;
  Events alarms{};
  std::vector<std::size_t> by_rule{};
};

HealthyCount count_healthy(const HealthyKind& kind, std::uint64_t number,
                           const WatchBenchOptions& options) {
  const auto signals = kind.make(number);
  HealthyCount count;
  count.samples = samples_of(signals);
  for (series::Event& event : watched(signals, options, options.alpha)) {
    if (!is_alarm(event)) continue;
    event.run = std::to_string(number);
    count.alarms.push_back(std::move(event));
  }
  count.by_rule.resize(spike_rules().size());
  for (std::size_t r = 0; r < spike_rules().size(); ++r) {
    for (const BankSignal& signal : signals) {
      const auto marked = spike_rules()[r].mark(signal.values);
      count.by_rule[r] += static_cast<std::size_t>(std::ranges::count(marked, true));
    }
  }
  return count;
}

std::string described(const series::Event& event) {
  return fmt::format("run {} {} {} {} {} p={:.1e}", event.run, event.signal, event.position,
                     word(event.kind), event.detector, event.p_value.value_or(1.0));
}

void add_healthy(const HealthyKind& kind, const WatchBenchOptions& options,
                 std::vector<Row>& rows) {
  const std::size_t each = samples_of(kind.make(0));
  const std::size_t runs = (options.healthy_samples + each - 1) / each;
  std::vector<HealthyCount> counts(runs);
  parallel_for(runs, [&](std::size_t i) { counts[i] = count_healthy(kind, i, options); });
  double samples = 0.0;
  for (const HealthyCount& count : counts) samples += static_cast<double>(count.samples);
  const std::string name = fmt::format("healthy/{}/{}", kind.name, word(kind.half));
  double told = 0.0;
  for (const HealthyCount& count : counts) {
    told += static_cast<double>(count.alarms.size());
    if (!options.list) continue;
    for (const series::Event& event : count.alarms)
      rows.push_back({name + "/alarm: " + described(event), event.position, "position", {}, ""});
  }
  rows.push_back(healthy_row(name, told, samples, 1e4 * options.alpha));
  for (std::size_t r = 0; r < spike_rules().size(); ++r) {
    double alarms = 0.0;
    for (const HealthyCount& count : counts) alarms += static_cast<double>(count.by_rule[r]);
    Row row = healthy_row(name + "/" + std::string(spike_rules()[r].name), alarms, samples,
                          1e4 * options.alpha);
    row.passes.reset();
    rows.push_back(std::move(row));
  }
}

/// Positions from the begin to the first alarm that tells; nothing where none does.
using Delay = std::optional<double>;

Delay delay_of(const IncidentRun& run, const Events& events) {
  Delay delay;
  for (const series::Event& event : events) {
    if (event.position < run.begin || event.position > run.end) continue;
    delay =
        std::min(delay.value_or(std::numeric_limits<double>::max()), event.position - run.begin);
  }
  return delay;
}

Delay delay_of(const IncidentRun& run, const SpikeRule& rule) {
  Delay delay;
  for (const BankSignal& signal : run.signals) {
    const auto marked = rule.mark(signal.values);
    for (std::size_t i = 0; i < marked.size(); ++i) {
      const double at = signal.positions[i];
      if (!marked[i] || at < run.begin || at > run.end) continue;
      delay = std::min(delay.value_or(std::numeric_limits<double>::max()), at - run.begin);
    }
  }
  return delay;
}

double share_told(const std::vector<Delay>& delays) {
  return static_cast<double>(std::ranges::count_if(delays, &Delay::has_value)) /
         static_cast<double>(delays.size());
}

double median_delay(const std::vector<Delay>& delays) {
  std::vector<double> told;
  for (const Delay& delay : delays)
    if (delay) told.push_back(*delay);
  if (told.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(told);
  return told[(told.size() - 1) / 2];
}

struct IncidentCount {
  Delay own{};
  std::vector<Delay> by_rule{};
  double length = 1.0;
  std::size_t early = 0;  // Alarms before the begin, of so many samples.
  std::size_t samples_before = 0;
  std::string teller{};
};

IncidentCount count_incident(const IncidentKind& kind, std::uint64_t number,
                             const WatchBenchOptions& options) {
  const IncidentRun run = kind.make(number);
  const Events events = watched(run.signals, options, detect::kDefaultAlpha);
  IncidentCount count;
  for (const BankSignal& signal : run.signals)
    for (const double position : signal.positions) count.samples_before += position < run.begin;
  count.length = kind.slow ? run.end - run.begin : 1.0;
  const auto scaled = [&](Delay delay) { return delay ? Delay(*delay / count.length) : delay; };
  count.own = scaled(delay_of(run, events));
  for (const series::Event& event : events) {
    if (event.position < run.begin && is_alarm(event)) ++count.early;
    if (event.position < run.begin || event.position > run.end || !count.teller.empty()) continue;
    count.teller = described(event);
  }
  for (const SpikeRule& rule : spike_rules()) count.by_rule.push_back(scaled(delay_of(run, rule)));
  return count;
}

struct Before {
  double alarms = 0.0;
  double samples = 0.0;
};

void add_incidents(const IncidentKind& kind, const WatchBenchOptions& options, Before& before,
                   std::vector<Row>& rows) {
  std::vector<IncidentCount> counts(options.incidents);
  parallel_for(counts.size(), [&](std::size_t i) { counts[i] = count_incident(kind, i, options); });
  const std::string ending = fmt::format("/{}/{}", kind.name, word(kind.half));
  std::vector<Delay> own;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    own.push_back(counts[i].own);
    before.alarms += static_cast<double>(counts[i].early);
    before.samples += static_cast<double>(counts[i].samples_before);
    if (options.list)
      rows.push_back({fmt::format("told{}/{}: {}", ending, i, counts[i].teller),
                      counts[i].own.value_or(-1.0),
                      "delay",
                      {},
                      ""});
  }
  std::vector<Row> told;
  std::vector<Row> delays;
  std::optional<double> best;
  std::optional<double> quickest;
  for (std::size_t r = 0; r < spike_rules().size(); ++r) {
    std::vector<Delay> of_rule;
    for (const IncidentCount& count : counts) of_rule.push_back(count.by_rule[r]);
    const std::string name = ending + "/" + std::string(spike_rules()[r].name);
    const double share = share_told(of_rule);
    best = std::max(best.value_or(0.0), share);
    told.push_back({"told" + name, share, "share", {}, ""});
    const double delay = median_delay(of_rule);
    if (std::isfinite(delay)) quickest = std::min(quickest.value_or(delay), delay);
    delays.push_back({"delay" + name, delay, kind.slow ? "of the drift" : "samples", {}, ""});
  }
  Row share{"told" + ending, share_told(own), "share", best, "best spike rule"};
  share.passes = share.value >= kLeastTold;
  Row delay{"delay" + ending, median_delay(own), kind.slow ? "of the drift" : "samples", quickest,
            "quickest spike rule"};
  delay.passes = delay.value <= (kind.slow ? kMostOfDrift : kMostDelay);
  rows.push_back(std::move(share));
  rows.push_back(std::move(delay));
  for (auto* some : {&told, &delays})
    for (Row& row : *some) rows.push_back(std::move(row));
}

}  // namespace

std::vector<Row> bench_watch(const WatchBenchOptions& options, const Task& task) {
  if (!options.detector.empty()) (void)detect::find_entry(options.detector);
  std::vector<Row> rows;
  std::vector<std::string_view> known;
  const auto wanted = [&](std::string_view name) {
    known.push_back(name);
    return options.only.empty() || options.only == name;
  };
  const std::size_t planned = healthy_kinds().size() + incident_kinds().size();
  std::size_t done = 0;
  const auto step = [&](std::string_view name) {
    task.check();
    task.tell({.what = "watch", .done = ++done, .planned = planned, .unit = "kinds", .note = name});
  };
  for (const HealthyKind& kind : healthy_kinds()) {
    if (!wanted(kind.name)) continue;
    add_healthy(kind, options, rows);
    step(kind.name);
  }
  Before before;
  for (const IncidentKind& kind : incident_kinds()) {
    if (!wanted(kind.name)) continue;
    add_incidents(kind, options, before, rows);
    step(kind.name);
  }
  if (before.samples > 0.0)
    rows.push_back(healthy_row("healthy/before_incidents", before.alarms, before.samples,
                               1e4 * detect::kDefaultAlpha));
  if (!rows.empty()) return rows;
  const auto near = nearest_word(options.only, known);
  throw ConfigError(fmt::format("bench watch has no kind \"{}\"{}", terminal_safe(options.only),
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string()));
}

}  // namespace emdyn::bench
