#include "emdyn/emergence/transition/transition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/transition/levels.hpp"
#include "emdyn/emergence/transition/model_grid.hpp"
#include "emdyn/emergence/transition/null_gain.hpp"
#include "emdyn/emergence/transition/short_series.hpp"
#include "emdyn/emergence/transition/student_noise.hpp"
#include "emdyn/emergence/transition/transition_shape.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

using series::Direction;
using series::Transition;
using series::TransitionKind;
using series::TransitionModel;

constexpr std::size_t kTestPoints = 160;  // Each replicate is scored on them by every model.

/// Where innovations are heavy-tailed, the candidates' coefficients and order by that likelihood.
void judge_by_student(std::vector<FittedCurve>& changes, const Samples& samples) {
  const auto n = static_cast<Eigen::Index>(samples.size());
  for (FittedCurve& change : changes) {
    const auto terms = static_cast<Eigen::Index>(change.curve.terms.size());
    Eigen::MatrixXd design(n, 1 + terms);
    design.col(0).setOnes();
    for (Eigen::Index j = 0; j < terms; ++j) {
      const Basis& basis = change.curve.terms[static_cast<std::size_t>(j)].basis;
      for (Eigen::Index i = 0; i < n; ++i) {
        const double x = samples.positions[static_cast<std::size_t>(i)];
        design(i, 1 + j) = basis.value(change.curve.frame, x);
      }
    }
    const StudentFit robust = fit_student(design, samples.values, change.phi);
    change.criterion =
        robust.minus_two_log_likelihood + std::log(static_cast<double>(n)) * change.parameters;
    change.phi = robust.phi;
    // What rose and fell again has two coefficients that must go on balancing each other.
    if (change.curve.model == TransitionModel::rise_and_collapse) continue;
    change.curve.intercept = robust.coefficients(0);
    for (Eigen::Index j = 0; j < terms; ++j)
      change.curve.terms[static_cast<std::size_t>(j)].coefficient = robust.coefficients(1 + j);
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.criterion < b.criterion; });
}

Direction direction_of(const ChangeShape& shape) {
  return shape.size > 0.0 ? Direction::rise : Direction::fall;
}

/// What the data say on either side of the fitted change; nothing when they contradict it.
std::optional<Levels> levels_of(const Samples& samples, const ChangeShape& shape) {
  const Direction direction = direction_of(shape);
  const bool returns = shape.ended > shape.plateau_begin;
  if (shape.kind == TransitionKind::spike)
    return levels_within(samples, shape.onset, shape.ended, direction, true);
  if (shape.kind == TransitionKind::fall && returns)
    return levels_within(samples, shape.plateau_begin, shape.plateau_end, direction, false);
  if (shape.kind != TransitionKind::collapse)
    return levels_around(samples, shape.onset, shape.end, direction);
  Samples since;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples.positions[i] < shape.plateau_begin) continue;
    since.positions.push_back(samples.positions[i]);
    since.values.push_back(samples.values[i]);
  }
  return levels_around(since, shape.onset, shape.end, direction);
}

/// The size that counts against `min_size`: of a bend the deviation, as far as the values reach.
double told_size(const Samples& samples, const ChangeShape& shape,
                 const std::optional<Levels>& levels) {
  if (levels) return std::fabs(levels->after - levels->before);
  const auto [least, most] = std::ranges::minmax(samples.values);
  return std::min(std::fabs(shape.size), most - least);
}

/// Writes the change into the record. False when the data on either side contradict it.
bool tell(const Samples& samples, const Refined& refined, const TransitionOptions& options,
          Transition& told) {
  const ChangeShape& shape = refined.shape;
  const bool bend = shape.kind == TransitionKind::bend;
  const std::optional<Levels> levels = bend ? std::nullopt : levels_of(samples, shape);
  if ((!bend && !levels) || shape.size == 0.0 ||
      told_size(samples, shape, levels) < options.min_size)
    return false;
  told.kind = shape.kind;
  told.model = refined.curve.model;
  told.direction = direction_of(shape);
  told.onset = {shape.onset_low, shape.onset, shape.onset_high, options.level};
  if (bend) {
    const double range = refined.curve.frame.range;
    told.slope_before = refined.curve.terms[0].coefficient / range;
    told.slope_after = *told.slope_before + refined.curve.terms[1].coefficient / range;
    return true;
  }
  told.before = levels->before;
  told.after = levels->after;
  told.size = levels->after - levels->before;
  told.width = std::max(shape.end - shape.onset, 0.0);
  if (*told.width > 0.0) told.sharpness = *told.size / *told.width;
  const bool returned = shape.kind == TransitionKind::spike ||
                        (shape.kind == TransitionKind::fall && shape.ended > shape.plateau_begin);
  if (returned && shape.ended <= samples.positions.back()) told.ended = shape.ended;
  return true;
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
                                       const GainStatistic& statistic,
                                       std::span<const double> values,
                                       const std::vector<FittedCurve>& changes) {
  std::vector<ModelEvidence> list;
  for (std::size_t m = 0; m < kNullModels; ++m) {
    if (!scores[m].found) continue;
    list.push_back({kModels[m], statistic.criterion(scores[m], values),
                    grid.design(scores[m]).parameters, grid.phi(scores[m])});
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

/// The curve of standardised values in their own unit.
Curve unscaled(Curve curve, const math::Moments& moments, const ValueRange& range) {
  curve.intercept = moments.mean() + moments.stddev() * curve.intercept;
  for (auto& term : curve.terms) term.coefficient *= moments.stddev();
  curve.range = range;
  return curve;
}

/// The comparison of models on a series of twelve points or more, not all equal.
void fit_full_series(const Samples& samples, const math::Moments& moments,
                     const TransitionOptions& options, TransitionFit& fit) {
  Transition& transition = fit.transition;
  Samples test = binned(samples, 0, samples.size(), kTestPoints);
  for (double& y : test.values) y = (y - moments.mean()) / moments.stddev();
  ModelGrid grid(fit.curve.frame, test.positions, {});
  ValueRange scaled = fit.range;
  scaled.low = (fit.range.low - moments.mean()) / moments.stddev();
  scaled.high = (fit.range.high - moments.mean()) / moments.stddev();
  grid.limit(scaled);
  const ModelScores scores = grid.score(test.values);
  const GainStatistic statistic(grid, test.values);
  fit.heavy_tails = statistic.heavy_tails();
  const Comparison verdict = statistic(scores, test.values);
  std::vector<FittedCurve> changes = fit_changes(grid, scores, test);
  if (fit.heavy_tails) judge_by_student(changes, test);
  fit.models = evidence_of(grid, scores, statistic, test.values, changes);
  const Curve null = grid.curve(scores[verdict.null], test.values);
  fit.curve = unscaled(null, moments, fit.range);
  transition.model = fit.curve.model;
  if (changes.empty()) {
    fit.note = "too few different positions to place a transition";
    return;
  }
  const double gain = verdict.null_criterion - changes.front().criterion;
  transition.evidence.bic_gain = gain;
  transition.evidence.p_value = null_p_value(statistic, null, changes.front().curve, test,
                                             verdict.gain, gain >= options.min_bic_gain, options);
  if (gain < options.min_bic_gain || *transition.evidence.p_value > options.alpha) return;
  FittedCurve chosen = changes.front();
  chosen.curve = unscaled(chosen.curve, moments, fit.range);
  const Refined refined = refine(samples, chosen, fit.heavy_tails, options);
  if (tell(samples, refined, options, transition)) fit.curve = refined.curve;
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
  fit.range = value_range(order_parameter, samples.values);
  Transition& transition = fit.transition;
  transition.order_parameter = std::move(order_parameter);
  transition.control_parameter = series::word(axis);
  math::Moments moments;
  for (const double y : samples.values) moments.add(y);
  if (samples.size() > 0) fit.curve.intercept = moments.mean();
  if (samples.size() < kFewestPoints) {
    fit.note = fmt::format("{} finite points; at least {} are needed to tell a transition",
                           samples.size(), kFewestPoints);
    return fit;
  }
  fit.curve.frame = Frame::of(samples.positions);
  if (!(moments.stddev() > 1e-13 * std::fabs(moments.mean()))) {
    fit.note = "all values are equal";
    return fit;
  }
  if (samples.size() < kFullPoints) {
    fit_short_series(samples, fit.range, options, fit);
  } else {
    fit_full_series(samples, moments, options, fit);
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
  if (fit.points < kFullPoints) {
    const double factor = std::exp(0.5 * evidence.bic_gain.value_or(0.0));
    return fmt::format("Bayes factor of a sudden change {:.3g}, exact for {} points", factor,
                       fit.points);
  }
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
  if (evidence.p_value) text += fmt::format(", p = {:.2g}", *evidence.p_value);
  return text + (fit.heavy_tails ? ", heavy tails)" : ")");
}

void to_json(Json& json, const ModelEvidence& evidence) {
  json = Json{{"model", series::word(evidence.model)},
              {"bic", evidence.bic},
              {"parameters", evidence.parameters},
              {"phi", evidence.phi}};
}

}  // namespace emdyn::emergence
