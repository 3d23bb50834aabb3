#include "curves_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "curve_trials.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/training/scores.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/robust.hpp"
#include "processor_time.hpp"
#include "spike_trials.hpp"

namespace emdyn::bench {
namespace {

using namespace forecast;

constexpr std::array<std::size_t, 3> kJudged{2, 3, 5};  // 1.5, 2 and 4 times.
constexpr double kWild =
    10.0;  // An error beyond so many times the curve's own scatter counts as that.
constexpr std::size_t kTargetStride = 3;  // Targets are asked at every third trial.

/// What a trial was told by each method, in the signal's unit, over the curve's scatter.
struct TrialErrors {
  double ensemble = 0, persistence = 0, linear = 0, damped = 0, power = 0;
  double crps = 0, persistence_crps = 0;
  bool level_held = false, record_held = false;
};

/// Integral of twice the pinball loss over the levels at which the quantiles are known.
double crps_of(const CurveBlocks& blocks, double center, double unit, const ResidualFamily& pooled,
               double h, double truth) {
  double sum = 0.0, last_p = 0.0, last_loss = 0.0;
  for (const double p : kResidualLevels) {
    const double quantile = blocks.link.back(
        blocks.plausible(center + unit * residual_at(pooled, h, math::normal_quantile(p))));
    const double loss =
        2.0 * (truth >= quantile ? p * (truth - quantile) : (1.0 - p) * (quantile - truth));
    if (last_p > 0.0) sum += 0.5 * (loss + last_loss) * (p - last_p);
    last_p = p;
    last_loss = loss;
  }
  return sum;
}

TrialErrors judge_trial(const CurveTrial& trial, const CurveTable& table,
                        const ResidualFamily& persistence) {
  const CurveEnsemble ensemble(trial.blocks, table.skill);
  const CurveLink& link = trial.blocks.link;
  const SimpleCurves simple = simple_curves(trial.blocks, trial.h);
  const auto error = [&](double z) {
    const double miss = std::abs(link.back(z) - trial.truth) / trial.scale;
    return std::isfinite(miss) ? std::min(miss, kWild) : kWild;
  };
  TrialErrors errors;
  errors.ensemble = error(ensemble.center(trial.h));
  errors.persistence = error(simple.persistence);
  errors.linear = error(simple.linear_trend);
  errors.damped = error(simple.damped_trend);
  errors.power = error(simple.power_law);
  errors.crps = crps_of(trial.blocks, ensemble.center(trial.h), ensemble.unit(trial.h),
                        table.pooled, trial.h, trial.truth) /
                trial.scale;
  errors.crps = std::min(errors.crps, kWild);
  errors.persistence_crps =
      crps_of(trial.blocks, trial.blocks.level, ensemble.persistence_unit(trial.h), persistence,
              trial.h, trial.truth) /
      trial.scale;
  errors.persistence_crps = std::min(errors.persistence_crps, kWild);
  const auto held = [](const series::Interval& interval, double value) {
    return value >= interval.low && value <= interval.high;
  };
  errors.level_held = held(level_interval(ensemble, table, trial.h, 0.9), trial.truth);
  errors.record_held = held(record_interval(ensemble, table, trial.h, 0.9), trial.last);
  return errors;
}

/// A mean over some trials.
template <class Get>
double mean_of(const std::vector<TrialErrors>& all, const std::vector<std::size_t>& which,
               Get get) {
  double sum = 0.0;
  for (const std::size_t i : which) sum += static_cast<double>(get(all[i]));
  return which.empty() ? NAN : sum / static_cast<double>(which.size());
}

using Groups = std::map<std::string, std::vector<std::size_t>>;

Row beside(std::string name, double value, std::string unit, double baseline, std::string against) {
  Row row;
  row.name = std::move(name);
  row.value = value;
  row.unit = std::move(unit);
  row.baseline = baseline;
  row.baseline_name = std::move(against);
  return row;
}

void add_error_rows(const std::string& name, const std::vector<TrialErrors>& all,
                    const std::vector<std::size_t>& which, bool every, std::vector<Row>& rows) {
  const auto mean = [&](auto get) { return mean_of(all, which, get); };
  const double own = mean([](const TrialErrors& e) { return e.ensemble; });
  const std::string unit = "mean absolute error";
  Row row = beside(name + "/error", own, unit,
                   mean([](const TrialErrors& e) { return e.persistence; }), "persistence");
  row.passes = own <= *row.baseline;
  row.target = "<= persistence";
  rows.push_back(row);
  if (every) {
    rows.push_back(beside(name + "/error", own, unit,
                          mean([](const TrialErrors& e) { return e.power; }), "power_law"));
    rows.push_back(beside(name + "/error", own, unit,
                          mean([](const TrialErrors& e) { return e.damped; }), "damped_trend"));
    rows.push_back(beside(name + "/error", own, unit,
                          mean([](const TrialErrors& e) { return e.linear; }), "linear_trend"));
    rows.push_back(beside(name + "/crps", mean([](const TrialErrors& e) { return e.crps; }), "crps",
                          mean([](const TrialErrors& e) { return e.persistence_crps; }),
                          "persistence"));
  }
  Row held = beside(name + "/held", mean([](const TrialErrors& e) { return e.level_held; }),
                    "share of 90 % intervals", 0.9, "promised");
  if (every) {
    held.passes = held.value >= 0.85 && held.value <= 0.95;
    held.target = "0.85 to 0.95";
  }
  rows.push_back(held);
  if (every) {
    rows.push_back(beside(name + "/record_held",
                          mean([](const TrialErrors& e) { return e.record_held; }),
                          "share of 90 % intervals", 0.9, "promised"));
  }
}

/// Everything about a bank that is judged with each source left out.
class CurvesBench {
 public:
  CurvesBench(const CurvesBenchOptions& options, const Task& task)
      : options_(options),
        task_(task),
        bank_(curve_bank(options.data, options.curves)),
        trials_(curve_trials(bank_, task)),
        errors_(trials_.size()),
        seconds_(trials_.size(), 0.0) {
    std::set<std::string> sources;
    for (const BankCurve& curve : bank_) sources.insert(curve.source);
    std::uint64_t done = 0;
    for (const std::string& source : sources) {
      task.check();
      task.tell({"curves", done++, sources.size(), "sources", source});
      judge(source);
    }
  }

  std::vector<Row> rows() const {
    std::vector<Row> rows;
    add_all_errors(rows);
    add_targets(rows);
    add_events(rows);
    add_speed(rows);
    return rows;
  }

  CurveTable table() const {
    CurveTable table = learn_table(bank_, trials_, "", task_);
    std::set<std::string> families;
    std::size_t curves = 0;
    for (const BankCurve& curve : bank_) families.insert(curve.family);
    curves = bank_.size();
    for (CurveEventRate& event : table.events) {
      const auto [own, base] = event_briers(event.name);
      event.by_paths = own < base;
    }
    table.provenance = Json{{"curves", curves},
                            {"trials", trials_.size()},
                            {"families", families},
                            {"made_by", "emdyn bench curves --fit"}};
    return table;
  }

 private:
  struct Asked {
    std::size_t trial = 0;
    std::string what{};  ///< "level" or the event.
    double own = 0, persistence = 0, base = 0, distance = 0, moves = 0;
    bool came = false;
  };

  void judge(const std::string& source) {
    const CurveTable table = learn_table(bank_, trials_, source, task_);
    const ResidualFamily persistence = pool(table.persistence);
    std::vector<std::vector<Asked>> asked(trials_.size());
    parallel_for(trials_.size(), [&](std::size_t i) {
      if (bank_[trials_[i].curve].source != source) return;
      errors_[i] = judge_trial(trials_[i], table, persistence);
      if (i % kTargetStride == 0) ask(i, table, asked[i]);
    });
    for (auto& each : asked) {
      for (Asked& one : each) asked_.push_back(std::move(one));
    }
  }

  void ask(std::size_t i, const CurveTable& table, std::vector<Asked>& asked) {
    const CurveTrial& trial = trials_[i];
    const BankCurve& curve = bank_[trial.curve];
    if (std::ranges::find(kJudged, trial.horizon) == kJudged.end()) return;
    const CurveInput input = input_at(curve, trial.at);
    for (const LevelTrial& level : level_trials(curve, trial)) {
      SignalTarget target;
      target.rises = level.rises;
      target.value = level.value;
      const double before = thread_seconds();
      const TargetAnswer answer = answer_target(target, input, trial.deadline, table);
      seconds_[i] = thread_seconds() - before;
      if (!answer.probability) continue;
      const double distance =
          std::abs(trial.blocks.link.forward(level.value) - trial.blocks.level) /
          (trial.blocks.level_noise + 1e-9);
      asked.push_back({i, "level", answer.probability->estimate, answer.competitors[0].probability,
                       0.0, distance, level.moves, level.came});
    }
    for (const CurveEventRate& event : table.events) ask_event(i, event, table, input, asked);
  }

  void ask_event(std::size_t i, const CurveEventRate& event, const CurveTable& table,
                 const CurveInput& input, std::vector<Asked>& asked) const {
    const CurveTrial& trial = trials_[i];
    SignalTarget target;
    for (const TargetKind kind :
         {TargetKind::jump, TargetKind::stall, TargetKind::divergence, TargetKind::collapse}) {
      if (word(kind) == event.name) target.kind = kind;
    }
    const auto came = event_came(target.kind, bank_[trial.curve], trial);
    CurveTable by_paths = table;
    for (CurveEventRate& each : by_paths.events) each.by_paths = true;
    const TargetAnswer answer = answer_target(target, input, trial.deadline, by_paths);
    if (!came || !answer.probability) return;
    asked.push_back({i, event.name, answer.probability->estimate, answer.competitors[0].probability,
                     at_horizon(event.rate, trial.h), 0.0, 0.0, *came});
  }

  std::vector<std::size_t> trials_of(std::size_t horizon, const std::string& family) const {
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      if (trials_[i].horizon == horizon &&
          (family.empty() || bank_[trials_[i].curve].family == family))
        which.push_back(i);
    }
    return which;
  }

  void add_all_errors(std::vector<Row>& rows) const {
    std::set<std::string> families;
    for (const BankCurve& curve : bank_) families.insert(curve.family);
    for (const std::size_t b : kJudged) {
      const std::string h = fmt::format("{}x", kHorizons[b]);
      add_error_rows(h + "/all", errors_, trials_of(b, ""), true, rows);
      for (const std::string& family : families)
        add_error_rows(h + "/" + family, errors_, trials_of(b, family), options_.by_family, rows);
    }
  }

  /// What is told by how far the level is, in the noise of now, from other sources' trials at that
  /// horizon: the 200 nearest.
  double by_distance(const Asked& one) const {
    std::vector<std::pair<double, bool>> others;
    for (const Asked& each : asked_) {
      if (each.what != "level" || trials_[each.trial].horizon != trials_[one.trial].horizon)
        continue;
      if (bank_[trials_[each.trial].curve].source == bank_[trials_[one.trial].curve].source)
        continue;
      others.emplace_back(std::abs(std::log((each.distance + 0.1) / (one.distance + 0.1))),
                          each.came);
    }
    const std::size_t nearest = std::min<std::size_t>(200, others.size());
    if (nearest == 0) return 0.5;
    std::ranges::nth_element(others, others.begin() + static_cast<std::ptrdiff_t>(nearest - 1));
    double came = 0.0;
    for (std::size_t i = 0; i < nearest; ++i) came += others[i].second ? 1.0 : 0.0;
    return (came + 0.5) / (static_cast<double>(nearest) + 1.0);
  }

  void add_targets(std::vector<Row>& rows) const {
    std::map<std::string, std::array<std::vector<double>, 4>> of_family;
    for (const Asked& one : asked_) {
      if (one.what != "level") continue;
      const double by_value = by_distance(one);
      for (const std::string& family :
           {std::string("all"), bank_[trials_[one.trial].curve].family}) {
        auto& columns = of_family[family];
        columns[0].push_back(one.own);
        columns[1].push_back(one.persistence);
        columns[2].push_back(by_value);
        columns[3].push_back(one.came ? 1.0 : 0.0);
      }
    }
    for (const auto& [family, columns] : of_family) {
      const auto& [own, still, by_value, came] = columns;
      const std::string name = "targets/" + family;
      Row row = beside(name + "/brier", brier(own, came).value_or(NAN), "Brier score",
                       brier(still, came).value_or(NAN), "persistence");
      row.passes = row.value <= *row.baseline;
      row.target = "<= persistence";
      rows.push_back(row);
      rows.push_back(beside(name + "/brier", row.value, "Brier score",
                            brier(by_value, came).value_or(NAN), "value_now"));
      if (family != "all" && !options_.by_family) continue;
      const double area = auc(own, came).value_or(NAN);
      rows.push_back(
          beside(name + "/auc", area, "AUC", auc(still, came).value_or(NAN), "persistence"));
      rows.push_back(
          beside(name + "/auc", area, "AUC", auc(by_value, came).value_or(NAN), "value_now"));
      rows.push_back(beside(name + "/ece", calibration_error(reliability(own, came, {})),
                            "calibration error", calibration_error(reliability(by_value, came, {})),
                            "value_now"));
    }
  }

  /// Mean Brier scores over families of the paths and of the base rate of other sources.
  std::pair<double, double> event_briers(const std::string& event) const {
    std::map<std::string, std::array<double, 3>> sums;
    for (const Asked& one : asked_) {
      if (one.what != event) continue;
      auto& [own, base, count] = sums[bank_[trials_[one.trial].curve].family];
      const double came = one.came ? 1.0 : 0.0;
      own += (one.own - came) * (one.own - came);
      base += (one.base - came) * (one.base - came);
      count += 1.0;
    }
    double own = 0.0, base = 0.0;
    for (const auto& [family, sum] : sums) {
      own += sum[0] / sum[2] / static_cast<double>(sums.size());
      base += sum[1] / sum[2] / static_cast<double>(sums.size());
    }
    return {own, base};
  }

  void add_events(std::vector<Row>& rows) const {
    for (const char* event : {"jump", "stall", "divergence", "collapse"}) {
      const auto [own, base] = event_briers(event);
      rows.push_back(beside(fmt::format("events/{}/brier", event), own,
                            "Brier score, mean of families", base, "base_rate"));
      std::vector<double> p, came, bases;
      for (const Asked& one : asked_) {
        if (one.what != event) continue;
        p.push_back(one.own);
        bases.push_back(one.base);
        came.push_back(one.came ? 1.0 : 0.0);
      }
      rows.push_back(beside(fmt::format("events/{}/auc", event), auc(p, came).value_or(NAN), "AUC",
                            auc(bases, came).value_or(NAN), "base_rate"));
      rows.push_back(beside(fmt::format("events/{}/share", event), math::mean(came),
                            "share that came", static_cast<double>(came.size()), "questions"));
    }
  }

  void add_speed(std::vector<Row>& rows) const {
    std::vector<double> took;
    for (const double seconds : seconds_) {
      if (seconds > 0.0) took.push_back(1e3 * seconds);
    }
    if (took.empty()) return;
    Row row;
    row.name = "time/target";
    row.value = math::median(took);
    row.unit = "processor ms a forecast";
    row.passes = row.value < 5.0;
    row.target = "< 5";
    rows.push_back(row);
  }

  CurvesBenchOptions options_;
  Task task_;
  std::vector<BankCurve> bank_;
  std::vector<CurveTrial> trials_;
  std::vector<TrialErrors> errors_;
  std::vector<double> seconds_;
  std::vector<Asked> asked_;
};

}  // namespace

std::vector<Row> bench_curves(const CurvesBenchOptions& options, const Task& task) {
  std::vector<Row> rows = CurvesBench(options, task).rows();
  for (Row& row : spike_rows(options.data)) rows.push_back(std::move(row));
  return rows;
}

CurveTable fit_curve_table(const CurvesBenchOptions& options, const Task& task) {
  // The prior of spikes stays the weak one of SpikePrior: rates of sources differ too much to be one.
  return CurvesBench(options, task).table();
}

void write_curve_table(const CurveTable& table, const std::string& path) {
  std::ofstream file(path);
  // A line for each of the large parts keeps changes readable.
  file << "{\n";
  const Json json = curve_table_json(table);
  std::string separator;
  for (const auto& [name, value] : json.items()) {
    file << separator << '"' << name << "\": ";
    separator = ",\n";
    if (name != "families" && name != "persistence") {
      file << value.dump();
      continue;
    }
    std::string between = "[\n";
    for (const Json& family : value) file << std::exchange(between, ",\n") << family.dump();
    file << "\n]";
  }
  file << "\n}\n";
  file.close();
  if (!file) throw DataError(fmt::format("{}: cannot be written", terminal_safe(path)));
}

}  // namespace emdyn::bench
