#include "curve_bank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "bank_noise.hpp"
#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"
#include "emdyn/pipeline/table_runs.hpp"
#include "training_bank.hpp"

namespace emdyn::bench {
namespace {

namespace fs = std::filesystem;
using forecast::History;

constexpr std::uint64_t kCurveSeed = 77001;
constexpr std::size_t kFewestPoints = 16;

History history_of(const BankSignal& signal) {
  History history;
  for (std::size_t i = 0; i < signal.values.size(); ++i) {
    if (!std::isfinite(signal.values[i])) continue;
    history.positions.push_back(signal.positions[i]);
    history.values.push_back(signal.values[i]);
  }
  return history;
}

/// Which kinds of the bank of trainings are one family of curves.
struct KindOfCurve {
  std::string_view kind;
  std::string_view source;
  std::string_view family;
};
constexpr std::array kKinds{
    KindOfCurve{"batch_loss", "laws", "laws_loss"},
    KindOfCurve{"language_loss", "laws", "laws_loss"},
    KindOfCurve{"evaluations", "laws", "laws_evaluation"},
    KindOfCurve{"batch_accuracy", "laws", "laws_evaluation"},
    KindOfCurve{"gradient_norm", "laws", "laws_norm"},
    KindOfCurve{"softmax_regression", "sgd", "sgd_softmax"},
    KindOfCurve{"perceptron", "sgd", "sgd_perceptron"},
    KindOfCurve{"rate_drops", "sgd", "sgd_rate_drops"},
    KindOfCurve{"throughput", "stationary", "stationary"},
    KindOfCurve{"uniform", "stationary", "stationary"},
    KindOfCurve{"integers", "stationary", "stationary"},
    KindOfCurve{"overfit", "sgd", "sgd_overfit"},
    KindOfCurve{"slow_climb", "turns", "climbs"},
    KindOfCurve{"growing_weights", "sgd", "sgd_faults"},
    KindOfCurve{"wrong_labels", "sgd", "sgd_faults"},
    KindOfCurve{"large_rate", "sgd", "sgd_faults"},
};

/// Signals that are no curve: what somebody set.
bool is_setting(std::string_view name) { return name == "learning_rate"; }

class Bank {
 public:
  explicit Bank(std::size_t most) : most_(most) {}

  bool full(std::string_view family) const {
    const auto found = counts_.find(std::string(family));
    return found != counts_.end() && found->second >= most_;
  }
  void add(BankCurve curve) {
    if (curve.history.values.size() < kFewestPoints || full(curve.family)) return;
    ++counts_[curve.family];
    curves_.push_back(std::move(curve));
  }
  void add_signals(const KindOfCurve& kind, std::uint64_t number,
                   const std::vector<BankSignal>& signals) {
    History rate;
    for (const BankSignal& signal : signals) {
      if (is_setting(signal.name)) rate = history_of(signal);
    }
    for (const BankSignal& signal : signals) {
      if (is_setting(signal.name)) continue;
      add({std::string(kind.source), std::string(kind.family),
           fmt::format("{}/{}", kind.kind, number), signal.name, history_of(signal), rate});
    }
  }
  std::vector<BankCurve> take() { return std::move(curves_); }

 private:
  std::size_t most_;
  std::map<std::string, std::size_t> counts_;
  std::vector<BankCurve> curves_;
};

void add_kinds(Bank& bank, std::size_t most) {
  // Kinds of one family take turns.
  for (std::uint64_t number = 0; number < most; ++number) {
    for (const KindOfCurve& kind : kKinds) {
      if (bank.full(kind.family)) continue;
      for (const HealthyKind& healthy : healthy_kinds()) {
        if (healthy.name == kind.kind) bank.add_signals(kind, number, healthy.make(number));
      }
      for (const IncidentKind& incident : incident_kinds()) {
        if (incident.name == kind.kind)
          bank.add_signals(kind, number, incident.make(number).signals);
      }
    }
  }
}

/// Accuracies and losses that stand, then change within a share of the time that went before.
BankCurve jump(std::uint64_t number) {
  Philox random(kCurveSeed, number);
  const bool accuracy = number % 2 == 0;
  const double end = 1000.0 + 4000.0 * random.uniform();
  const double middle = end * std::pow(10.0, -1.3 * random.uniform());
  const double width = 0.03 + 0.25 * random.uniform();
  const double low = 0.02 + 0.2 * random.uniform();
  const double high = 0.6 + 0.4 * random.uniform();
  const double cadence = std::ceil(end / (40.0 + 400.0 * random.uniform()));
  BankCurve curve{
      "turns", "jumps", fmt::format("jump/{}", number), accuracy ? "test_accuracy" : "test_loss",
      {},      {}};
  for (double t = cadence; t <= end; t += cadence) {
    const double done = 1.0 / (1.0 + std::exp(-std::log(t / middle) / width));
    const double share = std::clamp(low + (high - low) * done, 0.0, 1.0);
    curve.history.positions.push_back(t);
    curve.history.values.push_back(
        accuracy ? share_of_trials(random, 400, share)
                 : std::max(1e-3, (3.0 - 2.8 * done) * (1.0 + 0.03 * random.normal())));
  }
  return curve;
}

/// Levels that wander: a random walk, or an autoregression near one.
BankCurve walk(std::uint64_t number) {
  Philox random(kCurveSeed + 1, number);
  const std::size_t count = 60 + random.below(1000);
  const double memory = number % 2 == 0 ? 1.0 : 0.9 + 0.09 * random.uniform();
  const double noise = 0.5 * random.uniform();
  double state = 0.0;
  BankCurve curve{"turns", "walks", fmt::format("walk/{}", number), "value", {}, {}};
  for (std::size_t t = 1; t <= count; ++t) {
    state = memory * state + random.normal();
    curve.history.positions.push_back(static_cast<double>(t));
    curve.history.values.push_back(state + noise * random.normal());
  }
  return curve;
}

/// Losses under a rate that is constant and then falls to zero as a line or a cosine.
BankCurve annealed(std::uint64_t number) {
  Philox random(kCurveSeed + 2, number);
  const double end = 1500.0 + 2500.0 * random.uniform();
  const double fall_from = end * (0.3 + 0.5 * random.uniform());
  const double floor = 0.5 + 2.0 * random.uniform();
  const double power = 0.3 + 0.4 * random.uniform();
  const double gain = 0.1 + 0.2 * random.uniform();
  double state = 0.0;
  BankCurve curve{"laws", "laws_annealed", fmt::format("annealed/{}", number), "train_loss", {},
                  {}};
  for (double t = 1.0; t <= end; t += 1.0) {
    const double done = std::max(0.0, (t - fall_from) / (end - fall_from));
    const double rate =
        number % 2 == 0 ? 1.0 - done : 0.5 * (1.0 + std::cos(3.141592653589793 * done));
    const double trend = floor + 4.0 * std::pow(1.0 + t / 20.0, -power) - gain * (1.0 - rate);
    curve.history.positions.push_back(t);
    curve.history.values.push_back(trend + 0.04 * next_of_ar(random, state, 0.5) +
                                   0.05 * random.normal());
    curve.learning_rate.positions.push_back(t);
    curve.learning_rate.values.push_back(1e-3 * std::max(rate, 0.0));
  }
  return curve;
}

std::string first_parts(std::string_view text, int parts) {
  std::size_t at = 0;
  for (int i = 0; i < parts && at != std::string_view::npos; ++i) at = text.find('/', at + 1);
  return std::string(text.substr(0, at));
}

/// At most three runs of one recipe: they differ by their seed alone.
void add_nanogpt(const fs::path& folder, Bank& bank) {
  std::map<std::string, int> of_recipe;
  collect::ingest::ReadOptions read;
  read.run_columns = {"run"};
  for (const series::Run& run :
       collect::ingest::read_runs((folder / "nanogpt_train_loss.csv.gz").string(), read)) {
    if (++of_recipe[first_parts(run.info.name, 3)] > 3) continue;
    for (const series::Signal& signal : run.signals) {
      bank.add({"nanogpt",
                "nanogpt",
                run.info.name,
                signal.name,
                forecast::history(signal, HUGE_VAL, forecast::NonFinite::drop),
                {}});
    }
  }
}

/// Every `stride`-th series of a long table along `axis`.
void add_table(const fs::path& path, std::string_view source, series::Axis axis, Bank& bank) {
  const auto table = pipeline::read_long_table(path);
  if (!table) throw DataError(fmt::format("{}: no long table", terminal_safe(path.string())));
  emergence::scaling::SeriesQuery query;
  query.axis = axis;
  const auto all = table->series(query);
  // A stride that is coprime to the numbers of tasks and metrics visits all of them.
  constexpr std::size_t kStride = 37;
  for (std::size_t start = 0; start < kStride; ++start) {
    for (std::size_t i = start; i < all.size(); i += kStride) {
      const auto& series = all[i];
      std::string family = std::string(source);
      if (series.metric == "ppl") {
        family += "_ppl";
      } else if (series.task.starts_with("hendrycks")) {
        family += "_exams";
      } else if (series.metric.starts_with("acc") || series.metric == "em") {
        family += "_tasks";
      } else {
        continue;
      }
      History history{series.positions, series.values};
      bank.add({std::string(source),
                std::move(family),
                series.group_name(),
                fmt::format("{}/{}", series.task, series.metric),
                std::move(history),
                {}});
    }
  }
}

}  // namespace

std::vector<BankCurve> curve_bank(const std::string& data, std::size_t most) {
  Bank bank(most);
  add_kinds(bank, most);
  for (std::uint64_t number = 0; number < most; ++number) {
    bank.add(jump(number));
    bank.add(walk(number));
    bank.add(annealed(number));
  }
  if (!data.empty()) {
    const fs::path folder(data);
    add_nanogpt(folder, bank);
    add_table(folder / "pythia_v1_zero_shot.csv.gz", "pythia", series::Axis::step, bank);
    add_table(folder / "bigscience_checkpoint_evals.csv.gz", "bigscience", series::Axis::tokens,
              bank);
  }
  return bank.take();
}

}  // namespace emdyn::bench
