#include "curve_trials.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "emdyn/core/parallel.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::bench {
namespace {

using namespace forecast;

constexpr std::array kDeadlines{1.0, 0.62, 0.36};  // Shares of the whole curve.

History until(const History& history, double at) {
  const auto end = std::ranges::upper_bound(history.positions, at) - history.positions.begin();
  return {{history.positions.begin(), history.positions.begin() + end},
          {history.values.begin(), history.values.begin() + end}};
}

/// The median of the records of the last hundredth before the deadline, at least of the last one.
double level_before(const History& history, double from, double deadline) {
  const double begin = deadline - 0.01 * std::abs(deadline);
  std::vector<double> values;
  for (std::size_t i = history.positions.size(); i-- > 0;) {
    const double position = history.positions[i];
    if (position > deadline || position <= from) continue;
    if (position < begin && !values.empty()) break;
    values.push_back(history.values[i]);
  }
  return math::median(values);
}

double scatter_of(const CurveBlocks& blocks) {
  std::vector<double> values;
  for (const double z : blocks.z) values.push_back(blocks.link.back(z));
  const double middle = math::median(values);
  double sum = 0.0;
  for (const double value : values) sum += std::abs(value - middle);
  return std::max(sum / static_cast<double>(values.size()), 1e-12);
}

void add_trials(const std::vector<BankCurve>& bank, std::size_t index,
                std::vector<CurveTrial>& trials) {
  const BankCurve& curve = bank[index];
  const auto whole = curve_blocks(curve.signal, curve.history);
  if (!whole) return;
  const auto& positions = curve.history.positions;
  std::set<std::pair<double, double>> seen;
  for (std::size_t b = 0; b < kHorizons.size(); ++b) {
    for (const double share : kDeadlines) {
      const double wanted = whole->position_of(share);
      const auto past = std::ranges::upper_bound(positions, wanted) - positions.begin();
      if (past < static_cast<std::ptrdiff_t>(kFewestRecords)) continue;
      CurveTrial trial;
      trial.curve = index;
      trial.horizon = b;
      trial.deadline = positions[static_cast<std::size_t>(past - 1)];
      trial.at = whole->position_of(whole->x_of(trial.deadline) / kHorizons[b]);
      const CurveInput input = input_at(curve, trial.at);
      if (input.history.values.size() < 8) continue;
      trial.at = input.history.positions.back();
      if (!seen.insert({trial.at, trial.deadline}).second) continue;
      const auto blocks = curve_blocks(curve.signal, input.history, input.learning_rate);
      if (!blocks || std::ranges::minmax(blocks->z).min == std::ranges::minmax(blocks->z).max)
        continue;
      trial.blocks = *blocks;
      trial.h = blocks->x_of(trial.deadline);
      // Where records are few the nearest moment may give quite another horizon.
      if (std::abs(std::log(trial.h / kHorizons[b])) > 0.25 * std::log(kHorizons[b]) + 0.02)
        continue;
      trial.truth = level_before(curve.history, trial.at, trial.deadline);
      trial.last = curve.history.values[static_cast<std::size_t>(past - 1)];
      trial.scale = scatter_of(*whole);
      const auto members = fit_members(blocks->x, blocks->z, blocks->piece);
      const double truth = blocks->link.forward(trial.truth);
      for (std::size_t m = 0; m < kCurveMembers; ++m)
        trial.member_errors[m] = std::abs(truth - blocks->level - members[m].gain(trial.h));
      trials.push_back(std::move(trial));
    }
  }
}

double line_ahead(const CurveBlocks& blocks, double h) {
  double w = 0, x = 0, z = 0, xx = 0, xz = 0;
  for (std::size_t i = 0; i < blocks.x.size(); ++i) {
    if (blocks.x[i] < 0.5 && i + 4 < blocks.x.size()) continue;
    w += 1;
    x += blocks.x[i];
    z += blocks.z[i];
    xx += blocks.x[i] * blocks.x[i];
    xz += blocks.x[i] * blocks.z[i];
  }
  const double spread = xx - x * x / w;
  const double slope = spread > 1e-15 ? (xz - x * z / w) / spread : 0.0;
  return z / w + slope * (h - x / w);
}

/// Blocks of equal length in time, for methods that know no other.
std::vector<double> even_grid(const CurveBlocks& blocks, std::size_t count) {
  std::vector<double> grid;
  std::size_t j = 0;
  for (std::size_t i = 1; i <= count; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(count);
    while (j + 1 < blocks.x.size() && blocks.x[j + 1] <= at) ++j;
    const std::size_t next = std::min(j + 1, blocks.x.size() - 1);
    const double width = blocks.x[next] - blocks.x[j];
    const double share = width > 0.0 ? std::clamp((at - blocks.x[j]) / width, 0.0, 1.0) : 0.0;
    grid.push_back(blocks.z[j] + share * (blocks.z[next] - blocks.z[j]));
  }
  return grid;
}

double damped_ahead(const CurveBlocks& blocks, double h) {
  constexpr std::size_t kGrid = 40;
  const std::vector<double> y = even_grid(blocks, kGrid);
  const double steps = (h - 1.0) * static_cast<double>(kGrid);
  double best = std::numeric_limits<double>::infinity();
  double ahead = y.back();
  for (const double alpha : {0.2, 0.4, 0.6, 0.8, 0.95}) {
    for (const double beta : {0.02, 0.1, 0.3, 0.6}) {
      for (const double phi : {0.8, 0.9, 0.95, 0.98}) {
        double level = y[4];
        double trend = (y[4] - y[0]) / 4.0;
        double error = 0.0;
        for (std::size_t i = 5; i < y.size(); ++i) {
          const double miss = y[i] - level - phi * trend;
          error += miss * miss;
          level += phi * trend + alpha * miss;
          trend = phi * trend + alpha * beta * miss;
        }
        if (!(error < best)) continue;
        best = error;
        ahead = level + trend * phi * (1.0 - std::pow(phi, steps)) / (1.0 - phi);
      }
    }
  }
  return ahead;
}

double power_ahead(const CurveBlocks& blocks, double h) {
  double best = std::numeric_limits<double>::infinity();
  double ahead = blocks.level;
  for (double c = 0.05; c < 3.0; c *= 1.2) {
    double w = 0, s = 0, z = 0, ss = 0, sz = 0, zz = 0;
    for (std::size_t i = 0; i < blocks.x.size(); ++i) {
      if (blocks.x[i] < 0.01) continue;
      const double shape = std::pow(blocks.x[i], -c);
      w += 1;
      s += shape;
      z += blocks.z[i];
      ss += shape * shape;
      sz += shape * blocks.z[i];
      zz += blocks.z[i] * blocks.z[i];
    }
    const double spread = ss - s * s / w;
    if (!(spread > 1e-12)) continue;
    const double slope = (sz - s * z / w) / spread;
    const double error = zz - z * z / w - slope * slope * spread;
    if (!(error < best)) continue;
    best = error;
    ahead = z / w + slope * (std::pow(h, -c) - s / w);
  }
  return ahead;
}

/// Median error of every member over that of persistence, by family and horizon; a geometric mean of
/// families.
MemberSkill learn_skill(const std::vector<BankCurve>& bank, const std::vector<CurveTrial>& trials,
                        const std::string& left_out) {
  std::map<std::pair<std::string, std::size_t>, std::vector<std::size_t>> cells;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const BankCurve& curve = bank[trials[i].curve];
    if (curve.source != left_out) cells[{curve.family, trials[i].horizon}].push_back(i);
  }
  MemberSkill logs{};
  ByHorizon families{};
  for (const auto& [cell, members] : cells) {
    if (members.size() < 8) continue;
    const std::size_t b = cell.second;
    std::array<double, kCurveMembers> typical{};
    for (std::size_t m = 0; m < kCurveMembers; ++m) {
      std::vector<double> all;
      for (const std::size_t i : members)
        all.push_back(trials[i].member_errors[m] / trials[i].scale);
      // Half median, half mean: one wild extrapolation in ten is a cost.
      typical[m] = 0.5 * math::median(all) + 0.5 * math::mean(all) + 1e-9;
    }
    families[b] += 1.0;
    for (std::size_t m = 0; m < kCurveMembers; ++m)
      logs[m][b] += std::clamp(std::log(typical[m] / typical[0]), -2.0, 2.0);
  }
  MemberSkill skill = equal_skill();
  for (std::size_t b = 0; b < kHorizons.size(); ++b) {
    for (std::size_t m = 0; m < kCurveMembers; ++m) {
      if (families[b] > 0.0) skill[m][b] = std::exp(logs[m][b] / families[b]);
    }
  }
  return skill;
}

using Residuals = std::map<std::string, std::array<std::vector<double>, kHorizons.size()>>;

std::vector<ResidualFamily> quantiles_of(const Residuals& residuals) {
  std::vector<ResidualFamily> families;
  for (const auto& [name, by_horizon] : residuals) {
    ResidualFamily family;
    family.name = name;
    std::array<std::ptrdiff_t, kHorizons.size()> from{};
    for (std::size_t b = 0; b < kHorizons.size(); ++b) {
      family.forecasts += by_horizon[b].size();
      // Of too few forecasts at a horizon: those of the next shorter one, else of the next longer.
      from[b] = -1;
      for (std::size_t d = 0; d < kHorizons.size() && from[b] < 0; ++d) {
        if (b >= d && by_horizon[b - d].size() >= 10)
          from[b] = static_cast<std::ptrdiff_t>(b - d);
        else if (b + d < kHorizons.size() && by_horizon[b + d].size() >= 10)
          from[b] = static_cast<std::ptrdiff_t>(b + d);
      }
    }
    if (from[0] < 0) continue;
    for (std::size_t b = 0; b < kHorizons.size(); ++b)
      family.quantiles[b] = residual_quantiles(by_horizon[static_cast<std::size_t>(from[b])]);
    families.push_back(std::move(family));
  }
  return families;
}

void learn_residuals(const std::vector<BankCurve>& bank, const std::vector<CurveTrial>& trials,
                     const std::string& left_out, CurveTable& table) {
  std::vector<std::array<double, 2>> values(trials.size());
  parallel_for(trials.size(), [&](std::size_t i) {
    const CurveTrial& trial = trials[i];
    if (bank[trial.curve].source == left_out) return;
    const CurveEnsemble ensemble(trial.blocks, table.skill);
    const double truth = trial.blocks.link.forward(trial.truth);
    values[i] = {(truth - ensemble.center(trial.h)) / ensemble.unit(trial.h),
                 (truth - trial.blocks.level) / ensemble.persistence_unit(trial.h)};
  });
  Residuals of_ensemble, of_persistence;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const BankCurve& curve = bank[trials[i].curve];
    if (curve.source == left_out) continue;
    of_ensemble[curve.family][trials[i].horizon].push_back(values[i][0]);
    of_persistence[curve.family][trials[i].horizon].push_back(values[i][1]);
  }
  table.families = quantiles_of(of_ensemble);
  table.persistence = quantiles_of(of_persistence);
  table.pooled = pool(table.families);
}

/// Shares of trials at which an event came, families with equal weight.
void learn_events(const std::vector<BankCurve>& bank, const std::vector<CurveTrial>& trials,
                  const std::string& left_out, CurveTable& table) {
  for (const TargetKind kind :
       {TargetKind::jump, TargetKind::stall, TargetKind::divergence, TargetKind::collapse}) {
    std::map<std::string, std::array<std::pair<double, double>, kHorizons.size()>> counts;
    for (const CurveTrial& trial : trials) {
      const BankCurve& curve = bank[trial.curve];
      if (curve.source == left_out) continue;
      const auto came = event_came(kind, curve, trial);
      if (!came) continue;
      auto& [yes, all] = counts[curve.family][trial.horizon];
      yes += *came ? 1.0 : 0.0;
      all += 1.0;
    }
    CurveEventRate event;
    event.name = word(kind);
    for (std::size_t b = 0; b < kHorizons.size(); ++b) {
      double sum = 0.0, families = 0.0;
      for (const auto& [family, by_horizon] : counts) {
        if (by_horizon[b].second < 1.0) continue;
        sum += (by_horizon[b].first + 0.5) / (by_horizon[b].second + 1.0);
        families += 1.0;
      }
      event.rate[b] = families > 0.0 ? sum / families : 0.5;
    }
    table.events.push_back(std::move(event));
  }
}

}  // namespace

CurveInput input_at(const BankCurve& curve, double at) {
  CurveInput input;
  input.name = curve.signal;
  input.history = until(curve.history, at);
  input.learning_rate = until(curve.learning_rate, at);
  input.at = at;
  return input;
}

std::vector<CurveTrial> curve_trials(const std::vector<BankCurve>& bank, const Task& task) {
  std::vector<std::vector<CurveTrial>> of_curve(bank.size());
  task.check();
  parallel_for(bank.size(), [&](std::size_t i) { add_trials(bank, i, of_curve[i]); });
  std::vector<CurveTrial> trials;
  for (auto& each : of_curve) {
    for (CurveTrial& trial : each) trials.push_back(std::move(trial));
  }
  return trials;
}

SimpleCurves simple_curves(const CurveBlocks& blocks, double h) {
  return {blocks.level, line_ahead(blocks, h), damped_ahead(blocks, h), power_ahead(blocks, h)};
}

std::optional<bool> event_came(TargetKind kind, const BankCurve& curve, const CurveTrial& trial) {
  CurveInput input;
  input.name = curve.signal;
  const auto level = event_level(kind, trial.blocks, better_up(input, trial.blocks));
  if (!level) return std::nullopt;
  if (kind == TargetKind::stall) {
    const double truth = trial.blocks.link.forward(trial.truth);
    return level->rises ? truth < level->z : truth > level->z;
  }
  const double value = trial.blocks.link.back(level->z);
  SignalTarget target;
  target.kind = kind;
  const auto outcome =
      level_outcome(curve.history, level->rises, value, hold_of(target, trial.deadline),
                    std::nextafter(trial.at, HUGE_VAL), trial.deadline);
  return outcome.reached_at.has_value();
}

std::vector<LevelTrial> level_trials(const BankCurve& curve, const CurveTrial& trial) {
  const CurveBlocks& blocks = trial.blocks;
  std::size_t half = 0;
  while (half + 1 < blocks.x.size() && blocks.x[half] < 0.5) ++half;
  const double move = blocks.level - blocks.level_at(half);
  std::vector<LevelTrial> levels;
  if (!(std::abs(move) > 2.0 * blocks.level_noise)) return levels;
  for (const double moves : {0.2, 0.5, 1.0, -0.3}) {
    LevelTrial level;
    level.moves = moves;
    level.rises = (move > 0.0) == (moves > 0.0);
    level.value = blocks.link.back(blocks.level + moves * move);
    if (level.value == blocks.link.back(blocks.level)) continue;
    SignalTarget target;
    target.rises = level.rises;
    target.value = level.value;
    const Hold hold = hold_of(target, trial.deadline);
    // What is past when the question is asked is no question.
    if (level_outcome(curve.history, level.rises, level.value, hold, -HUGE_VAL, trial.at)
            .reached_at)
      continue;
    level.came = level_outcome(curve.history, level.rises, level.value, hold,
                               std::nextafter(trial.at, HUGE_VAL), trial.deadline)
                     .reached_at.has_value();
    levels.push_back(level);
  }
  return levels;
}

CurveTable learn_table(const std::vector<BankCurve>& bank, const std::vector<CurveTrial>& trials,
                       const std::string& left_out, const Task& task) {
  CurveTable table;
  task.check();
  table.skill = learn_skill(bank, trials, left_out);
  task.check();
  learn_residuals(bank, trials, left_out, table);
  learn_events(bank, trials, left_out, table);
  return table;
}

}  // namespace emdyn::bench
