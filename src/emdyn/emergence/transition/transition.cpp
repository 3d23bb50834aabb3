#include "emdyn/emergence/transition/transition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/transition/model_grid.hpp"
#include "emdyn/emergence/transition/transition_shape.hpp"
#include "emdyn/math/autoregression.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

using series::Direction;
using series::Transition;
using series::TransitionKind;
using series::TransitionModel;

constexpr std::size_t kMinPoints = 12;    // The largest model has 6 parameters.
constexpr std::size_t kTestPoints = 160;  // Each replicate is scored on them by every model.
constexpr std::size_t kChunk = 20;        // Fixed: it decides where sampling stops.

/// The best model without and with a transition.
struct Verdict {
  std::size_t null = 0;
  std::size_t change = kNullModels;
  double gain = -INFINITY;
};

Verdict compare(const ModelScores& scores) {
  Verdict verdict;
  for (std::size_t m = 0; m < scores.size(); ++m) {
    std::size_t& leader = m < kNullModels ? verdict.null : verdict.change;
    if (scores[m].bic < scores[leader].bic) leader = m;
  }
  if (scores[verdict.change].found) {
    verdict.gain = scores[verdict.null].bic - scores[verdict.change].bic;
  }
  return verdict;
}

/// Removes the least-squares fit of the constant and of the null curve's shapes.
class Detrend {
 public:
  Detrend(const Curve& curve, std::span<const double> positions) {
    add(std::vector<double>(positions.size(), 1.0));
    for (const auto& term : curve.terms) {
      std::vector<double> column;
      for (const double x : positions) column.push_back(term.basis.value(curve.frame, x));
      add(std::move(column));
    }
  }
  std::vector<double> operator()(std::vector<double> values) const {
    for (const auto& column : columns_) {
      double product = 0.0;
      for (std::size_t i = 0; i < values.size(); ++i) product += column[i] * values[i];
      for (std::size_t i = 0; i < values.size(); ++i) values[i] -= product * column[i];
    }
    return values;
  }

 private:
  void add(std::vector<double> column) {
    column = (*this)(std::move(column));
    double square = 0.0;
    for (const double value : column) square += value * value;
    if (!(square > 1e-18)) return;
    for (double& value : column) value /= std::sqrt(square);
    columns_.push_back(std::move(column));
  }
  std::vector<std::vector<double>> columns_;
};

/// The noise of the null model. Detrending makes noise look less persistent than it is, which would
/// make chance look rarer than it is; the bias is measured by simulation and taken off (Kilian,
/// "Small-Sample Confidence Intervals for Impulse Response Functions", Rev. Econ. Stat. 80, 1998).
math::Autoregression null_noise(const Detrend& detrend, const std::vector<double>& residuals,
                                std::uint64_t seed) {
  const std::size_t n = residuals.size();
  math::Autoregression noise =
      math::select_autoregression(residuals, std::clamp<std::size_t>(n / 12, 1, 8));
  const std::size_t order = noise.coefficients.size();
  if (order == 0) return noise;
  constexpr std::size_t kTrials = 60;  // Their mean is off by 1/8 of one trial's spread.
  std::vector<std::vector<double>> trials(kTrials);
  parallel_for(kTrials, [&](std::size_t i) {
    Philox random(seed, 0x20000000ULL + i);
    const auto draw = [&] { return noise.innovation_sd * random.normal(); };
    trials[i] = math::fit_autoregression(detrend(noise.simulate(n, draw)), order).coefficients;
  });
  std::vector<double> bias(order, 0.0);
  for (const auto& trial : trials) {
    for (std::size_t j = 0; j < trial.size(); ++j) {
      bias[j] += (trial[j] - noise.coefficients[j]) / kTrials;
    }
  }
  math::Autoregression corrected = noise;
  for (double share = 1.0; share > 0.0; share -= 0.05) {
    for (std::size_t j = 0; j < order; ++j) {
      corrected.coefficients[j] = noise.coefficients[j] - share * bias[j];
    }
    if (corrected.is_stationary(0.999)) return corrected;
  }
  return noise;
}

/// Share of null series whose gain is at least `gain`; a rough one unless it is `decisive`.
/// Sampling stops once it cannot come out below alpha any more (Besag & Clifford, "Sequential Monte
/// Carlo p-Values", 1991).
double bootstrap_p_value(const ModelGrid& grid, const Curve& null, const Curve& change,
                         const Samples& samples, double gain, bool decisive,
                         const TransitionOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const std::size_t n = samples.size();
  const Detrend detrend(null, samples.positions);
  const std::vector<double> residuals = detrend(samples.values);
  const math::Autoregression noise = null_noise(detrend, residuals, seed);
  const auto block = static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(n))));
  // The curve with the transition leaves innovations that the transition does not inflate.
  std::vector<double> rest = evaluate(change, samples.positions);
  for (std::size_t i = 0; i < n; ++i) rest[i] = samples.values[i] - rest[i];
  const math::BlockInnovations innovations(math::fit_autoregression(rest, 1).innovations(rest),
                                           noise.innovation_sd, block);
  const std::vector<double> mean = evaluate(null, samples.positions);
  const auto replicates = static_cast<std::size_t>(options.replicates);
  std::vector<std::uint8_t> exceeds(replicates, 0);
  std::size_t done = 0;
  std::size_t hits = 0;
  while (done < replicates) {
    const std::size_t chunk = std::min(kChunk, replicates - done);
    parallel_for(chunk, [&](std::size_t i) {
      Philox random(seed, done + i);
      std::vector<double> values = noise.simulate(n, innovations.stream(random));
      for (std::size_t t = 0; t < n; ++t) values[t] += mean[t];
      exceeds[done + i] = compare(grid.score(values)).gain >= gain;
    });
    for (std::size_t i = 0; i < chunk; ++i) hits += exceeds[done + i];
    done += chunk;
    if (static_cast<double>(hits) >= options.alpha * static_cast<double>(replicates + 1)) break;
    if (!decisive && done >= 2 * kChunk) break;
  }
  return static_cast<double>(hits + 1) / static_cast<double>(done + 1);
}

void name_kind(Transition& transition, const ChangeShape& shape, double range) {
  const bool up = shape.size > 0.0;
  transition.direction = up ? Direction::rise : Direction::fall;
  transition.kind = up ? TransitionKind::rise : TransitionKind::fall;
  if (transition.model != TransitionModel::rise_and_collapse) return;
  if (shape.excursion <= 0.1 * range) {
    transition.kind = TransitionKind::spike;
  } else if (up) {
    transition.kind = TransitionKind::collapse;
  }
}

void describe_noise(TransitionFit& fit, const Samples& samples) {
  math::Moments moments;
  double product = 0.0;
  double before = 0.0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double residual = samples.values[i] - fit.curve(samples.positions[i]);
    moments.add(residual);
    product += i == 0 ? 0.0 : residual * before;
    before = residual;
  }
  const auto n = static_cast<double>(samples.size());
  fit.noise_sd = samples.size() > 1 ? moments.stddev() : 0.0;
  const double power = n * moments.population_variance();
  fit.noise_phi = power > 0.0 ? product / power : 0.0;
}

std::vector<ModelEvidence> evidence_of(const ModelGrid& grid, const ModelScores& scores,
                                       const std::vector<FittedCurve>& changes) {
  std::vector<ModelEvidence> list;
  for (std::size_t m = 0; m < kNullModels; ++m) {
    if (!scores[m].found) continue;
    list.push_back(
        {kModels[m], scores[m].bic, grid.design(scores[m]).parameters, grid.phi(scores[m])});
  }
  for (const FittedCurve& change : changes) {
    const auto same = [&](const ModelEvidence& one) { return one.model == change.curve.model; };
    if (std::any_of(list.begin(), list.end(), same)) continue;
    list.push_back({change.curve.model, change.criterion, change.parameters, change.phi});
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.bic < b.bic; });
  const double best = list.front().bic;
  for (ModelEvidence& model : list) model.bic -= best;
  return list;
}

}  // namespace

TransitionFit fit_transition(std::string order_parameter, series::Axis axis,
                             std::span<const double> positions, std::span<const double> values,
                             const TransitionOptions& options) {
  checked(TransitionOptions::kName, kTransitionFields, options);
  const Samples samples = clean(order_parameter, positions, values);
  TransitionFit fit;
  fit.points = samples.size();
  fit.dropped = samples.dropped;
  Transition& transition = fit.transition;
  transition.order_parameter = std::move(order_parameter);
  transition.control_parameter = series::word(axis);
  math::Moments moments;
  for (const double y : samples.values) moments.add(y);
  if (samples.size() > 0) fit.curve.intercept = moments.mean();
  if (samples.size() < kMinPoints) {
    fit.note = fmt::format("{} finite points; at least {} are needed to tell a transition",
                           samples.size(), kMinPoints);
    return fit;
  }
  fit.curve.frame = Frame::of(samples.positions);
  if (!(moments.stddev() > 1e-13 * std::fabs(moments.mean()))) {
    fit.note = "all values are equal";
    return fit;
  }

  Samples test = binned(samples, 0, samples.size(), kTestPoints);
  for (double& y : test.values) y = (y - moments.mean()) / moments.stddev();
  const ModelGrid grid(fit.curve.frame, test.positions, {});
  const ModelScores scores = grid.score(test.values);
  const Verdict verdict = compare(scores);
  const std::vector<FittedCurve> changes = fit_changes(grid, scores, test);
  fit.models = evidence_of(grid, scores, changes);
  const auto unscaled = [&](Curve curve) {
    curve.intercept = moments.mean() + moments.stddev() * curve.intercept;
    for (auto& term : curve.terms) term.coefficient *= moments.stddev();
    return curve;
  };
  const Curve null = grid.curve(scores[verdict.null], test.values);
  fit.curve = unscaled(null);
  transition.model = fit.curve.model;
  if (changes.empty()) {
    fit.note = "too few different positions to place a transition";
    return fit;
  }
  const double gain = scores[verdict.null].bic - changes.front().criterion;
  transition.evidence.bic_gain = gain;
  transition.evidence.p_value = bootstrap_p_value(
      grid, null, changes.front().curve, test, verdict.gain, gain >= options.min_bic_gain, options);
  if (gain >= options.min_bic_gain && *transition.evidence.p_value <= options.alpha) {
    FittedCurve chosen = changes.front();
    chosen.curve = unscaled(chosen.curve);
    const Refined refined = refine(samples, chosen, options);
    const ChangeShape& shape = refined.shape;
    if (std::fabs(shape.size) >= options.min_size && shape.size != 0.0) {
      fit.curve = refined.curve;
      transition.model = refined.curve.model;
      transition.onset = {shape.onset_low, shape.onset, shape.onset_high, options.level};
      transition.width = shape.end - shape.onset;
      if (*transition.width > 0.0) transition.sharpness = shape.size / *transition.width;
      transition.size = shape.size;
      name_kind(transition, shape, fit.curve.frame.range);
    }
  }
  describe_noise(fit, samples);
  return fit;
}

TransitionFit fit_transition(const series::Signal& signal, const TransitionOptions& options) {
  return fit_transition(signal.name, signal.axis, signal.last_positions(), signal.last_values(),
                        options);
}

std::string describe(const TransitionFit& fit) {
  if (fit.models.empty()) return fit.note;
  const auto& evidence = fit.transition.evidence;
  const bool found = fit.transition.kind != TransitionKind::none;
  const auto leader = [&](bool change) {
    return std::find_if(fit.models.begin(), fit.models.end(), [&](const ModelEvidence& model) {
      const bool null =
          model.model == TransitionModel::constant || model.model == TransitionModel::power_law;
      return null != change;
    });
  };
  const auto rival = leader(!found);
  std::string text =
      fmt::format("of {} models compared, {} {}", fit.models.size(),
                  series::word(fit.transition.model), found ? "fits best" : "is enough");
  if (rival == fit.models.end()) return text;
  text += fmt::format(" (BIC gain {} {} {:.1f}", found ? "over" : "of", series::word(rival->model),
                      evidence.bic_gain.value_or(0.0));
  if (evidence.p_value) text += fmt::format(", p = {:.3g}", *evidence.p_value);
  return text + ")";
}

void to_json(Json& json, const ModelEvidence& evidence) {
  json = Json{{"model", series::word(evidence.model)},
              {"bic", evidence.bic},
              {"parameters", evidence.parameters},
              {"phi", evidence.phi}};
}

}  // namespace emdyn::emergence
