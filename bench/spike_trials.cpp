#include "spike_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/forecast/curves/spikes.hpp"
#include "emdyn/forecast/training/scores.hpp"
#include "emdyn/math/robust.hpp"
#include "training_bank.hpp"

namespace emdyn::bench {
namespace {

using namespace forecast;

/// The loss of a run, with its gradient norm where it is logged.
struct SpikeRun {
  std::string source{};
  History loss{};
  History norm{};
};

History plain(const BankSignal& signal) { return {signal.positions, signal.values}; }

void add_trainings(std::string_view source, const std::vector<BankSignal>& signals,
                   std::vector<SpikeRun>& runs) {
  SpikeRun run{std::string(source), {}, {}};
  for (const BankSignal& signal : signals) {
    if (signal.name == "loss" || signal.name == "train/loss" || signal.name == "train_loss")
      run.loss = plain(signal);
    if (signal.name == "gradient_norm") run.norm = plain(signal);
  }
  if (run.loss.values.size() > 200) runs.push_back(std::move(run));
}

/// Networks trained at the edge of what is stable: their losses spike now and then by themselves.
std::vector<BankSignal> restless(std::uint64_t number) {
  return train({.hidden = 24,
                .batch = 8,
                .rate = 0.25 + 0.05 * static_cast<double>(number % 6),
                .momentum = 0.8,
                .separation = 2.0,
                .steps = 2500,
                .seed = 8800 + number});
}

const std::vector<SpikeRun>& spike_runs(const std::string& data) {
  static std::map<std::string, std::vector<SpikeRun>> known;
  auto& runs = known[data];
  if (!runs.empty()) return runs;
  constexpr std::uint64_t kRuns = 20;
  for (std::uint64_t number = 0; number < kRuns; ++number) {
    add_trainings("restless", restless(number), runs);
    for (const HealthyKind& kind : healthy_kinds()) {
      if (kind.name == "batch_loss" || kind.name == "language_loss")
        add_trainings("laws", kind.make(number), runs);
      if (kind.name == "softmax_regression" || kind.name == "perceptron" ||
          kind.name == "rate_drops")
        add_trainings("sgd", kind.make(number), runs);
    }
    for (const IncidentKind& kind : incident_kinds()) {
      if (kind.name == "poisoned_batch" || kind.name == "nan_weights" || kind.name == "large_rate")
        add_trainings("faults", kind.make(number).signals, runs);
    }
  }
  if (data.empty()) return runs;
  collect::ingest::ReadOptions read;
  read.run_columns = {"run"};
  const auto path = std::filesystem::path(data) / "nanogpt_train_loss.csv.gz";
  for (const series::Run& run : collect::ingest::read_runs(path.string(), read)) {
    if (const series::Signal* loss = run.find("train_loss"))
      runs.push_back({"nanogpt", history(*loss, HUGE_VAL, NonFinite::keep), {}});
  }
  return runs;
}

History first_records(const History& history, std::size_t count) {
  const auto n = static_cast<std::ptrdiff_t>(std::min(count, history.values.size()));
  return {{history.positions.begin(), history.positions.begin() + n},
          {history.values.begin(), history.values.begin() + n}};
}

/// A moment of a run, a horizon in records, and whether a spike came.
struct SpikeTrial {
  std::string source{};
  std::size_t records = 0;
  SpikeCount count{};
  std::optional<double> elevation{};
  bool came = false;
};

std::vector<SpikeTrial> spike_trials(const std::vector<SpikeRun>& runs) {
  std::vector<SpikeTrial> trials;
  for (const SpikeRun& run : runs) {
    const SpikeCount whole = count_spikes(run.loss, true);
    const std::size_t n = run.loss.values.size();
    for (const std::size_t horizon : {std::size_t{20}, std::size_t{100}, std::size_t{500}}) {
      const std::size_t stride = std::max<std::size_t>(horizon, n / 40);
      for (std::size_t now = 150; now + horizon <= n; now += stride) {
        SpikeTrial trial{run.source, horizon, whole, {}, false};
        // What was known then: spikes are told from the records before each.
        std::size_t known = 0;
        while (known < whole.at_record.size() && whole.at_record[known] < now) ++known;
        trial.came = known < whole.at_record.size() && whole.at_record[known] < now + horizon;
        trial.count.at_record.resize(known);
        trial.count.positions.resize(known);
        trial.count.records = now;
        trial.count.looked_at = now - std::min<std::size_t>(now, 32 * (known + 1));
        if (!run.norm.values.empty())
          trial.elevation = norm_elevation(first_records(run.norm, now));
        trials.push_back(std::move(trial));
      }
    }
  }
  return trials;
}

/// Odds of a spike where the norm is raised by more than two deviations, over the odds elsewhere, from
/// other sources.
double odds_of_raised_norm(const std::vector<SpikeTrial>& trials, const std::string& left_out,
                           std::size_t horizon) {
  double yes_up = 1, no_up = 1, yes = 1, no = 1;
  for (const SpikeTrial& trial : trials) {
    if (trial.source == left_out || trial.records != horizon || !trial.elevation) continue;
    double& cell = *trial.elevation > 2.0 ? (trial.came ? yes_up : no_up) : (trial.came ? yes : no);
    cell += 1.0;
  }
  return std::clamp(yes_up / no_up / (yes / no), 0.1, 10.0);
}

double with_odds(double p, double factor) {
  const double odds = p / std::max(1.0 - p, 1e-12) * factor;
  return odds / (1.0 + odds);
}

Row spike_row(std::string name, double value, double baseline, std::string against,
              std::string unit = "Brier score") {
  Row row;
  row.name = std::move(name);
  row.value = value;
  row.unit = std::move(unit);
  row.baseline = baseline;
  row.baseline_name = std::move(against);
  return row;
}

}  // namespace

SpikePrior learn_spike_prior(const std::string& data, const std::string& left_out) {
  std::map<std::string, std::vector<double>> rates;
  for (const SpikeRun& run : spike_runs(data)) {
    if (run.source == left_out) continue;
    const SpikeCount count = count_spikes(run.loss, true);
    if (count.looked_at == 0) continue;
    rates[run.source].push_back(static_cast<double>(count.positions.size()) /
                                static_cast<double>(count.looked_at));
  }
  double mean = 0.0, square = 0.0;
  for (const auto& [source, of_runs] : rates) {
    double squares = 0.0;
    for (const double rate : of_runs) squares += rate * rate;
    mean += math::mean(of_runs) / static_cast<double>(rates.size());
    square += squares / static_cast<double>(of_runs.size()) / static_cast<double>(rates.size());
  }
  SpikePrior prior;
  mean = std::max(mean, 1e-6);
  // Moments of a Gamma distribution: variance = mean²/shape.
  prior.shape = std::clamp(mean * mean / std::max(square - mean * mean, 1e-12), 0.1, 2.0);
  prior.records = prior.shape / mean;
  return prior;
}

std::vector<Row> spike_rows(const std::string& data) {
  const auto trials = spike_trials(spike_runs(data));
  std::map<std::string, SpikePrior> priors;
  for (const SpikeTrial& trial : trials) {
    if (!priors.contains(trial.source))
      priors[trial.source] = learn_spike_prior(data, trial.source);
  }
  struct Columns {
    std::vector<double> base{}, recent{}, last{}, rate_of_others{}, norm{}, base_with_norm{},
        came{}, came_with_norm{};
  };
  std::map<std::pair<std::string, std::size_t>, Columns> cells;
  std::map<std::pair<std::string, std::size_t>, double> factors;
  for (const SpikeTrial& trial : trials) {
    const SpikePrior& prior = priors[trial.source];
    const auto k = static_cast<double>(trial.records);
    const SpikeHazard hazard = spike_hazard(trial.count, prior, k, 0.9);
    const double others = 1.0 - std::pow(prior.records / (prior.records + k), prior.shape);
    for (const std::string& source : {std::string("all"), trial.source}) {
      Columns& c = cells[{source, trial.records}];
      c.base.push_back(hazard.base_rate);
      c.recent.push_back(hazard.recent_rate);
      c.last.push_back(hazard.last_spike);
      c.rate_of_others.push_back(others);
      c.came.push_back(trial.came ? 1.0 : 0.0);
      if (!trial.elevation) continue;
      const auto key = std::pair(trial.source, trial.records);
      if (!factors.contains(key))
        factors[key] = odds_of_raised_norm(trials, trial.source, trial.records);
      c.norm.push_back(*trial.elevation > 2.0 ? with_odds(hazard.base_rate, factors[key])
                                              : hazard.base_rate);
      c.base_with_norm.push_back(hazard.base_rate);
      c.came_with_norm.push_back(c.came.back());
    }
  }
  std::vector<Row> rows;
  for (const auto& [key, c] : cells) {
    const std::string name = fmt::format("spikes/{}/within_{}", key.first, key.second);
    const double own = brier(c.base, c.came).value_or(NAN);
    rows.push_back(spike_row(name + "/brier", own, brier(c.rate_of_others, c.came).value_or(NAN),
                             "rate_of_others"));
    rows.push_back(
        spike_row(name + "/brier", own, brier(c.recent, c.came).value_or(NAN), "recent_rate"));
    rows.push_back(
        spike_row(name + "/brier", own, brier(c.last, c.came).value_or(NAN), "last_spike"));
    if (!c.norm.empty()) {
      rows.push_back(
          spike_row(name + "/with_norm/brier", brier(c.norm, c.came_with_norm).value_or(NAN),
                    brier(c.base_with_norm, c.came_with_norm).value_or(NAN), "base_rate"));
    }
    rows.push_back(spike_row(name + "/share", math::mean(c.came),
                             static_cast<double>(c.came.size()), "questions", "share that came"));
  }
  return rows;
}

}  // namespace emdyn::bench
