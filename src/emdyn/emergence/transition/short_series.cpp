#include "emdyn/emergence/transition/short_series.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/emergence/mirage/sudden.hpp"
#include "emdyn/emergence/transition/levels.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

using mirage::MetricKind;
using series::Direction;
using series::TransitionKind;
using series::TransitionModel;

/// ln Bayes factors of a sudden change.
struct Odds {
  double against_smooth = 0.0;
  double against_constant = 0.0;
  double worst() const noexcept { return std::min(against_smooth, against_constant); }
};

Odds odds_of(const mirage::SuddenEvidence& evidence) {
  // The signal is the even mixture of smooth and sudden against constant.
  const double smooth = evidence.log_bayes_factor;
  return {smooth, evidence.log_signal + std::numbers::ln2 - std::log1p(std::exp(-smooth))};
}

mirage::SuddenEvidence weigh(const Samples& samples, const ValueRange& range) {
  mirage::CleanMetric metric;
  metric.positions = samples.positions;
  metric.values = samples.values;
  if (range.percent)
    for (double& value : metric.values) value *= 0.01;
  const MetricKind kind =
      range.share ? MetricKind::graded : (range.low == 0.0 ? MetricKind::loss : MetricKind::other);
  const auto links = mirage::links_for(kind, metric.values);
  return mirage::weigh_sudden(metric, links);
}

/// Least-squares slope of the samples [first, last).
double slope_of(const Samples& samples, std::size_t first, std::size_t last) {
  math::Moments x, y;
  for (std::size_t i = first; i < last; ++i) {
    x.add(samples.positions[i]);
    y.add(samples.values[i]);
  }
  double product = 0.0, square = 0.0;
  for (std::size_t i = first; i < last; ++i) {
    const double dx = samples.positions[i] - x.mean();
    product += dx * (samples.values[i] - y.mean());
    square += dx * dx;
  }
  return square > 0.0 ? product / square : 0.0;
}

/// The pair of neighbours within the interval that differ most, as the index of the second.
std::size_t largest_step(const Samples& samples, const series::Interval& place) {
  std::size_t best = 1;
  double most = -1.0;
  for (const bool anywhere : {false, true}) {
    for (std::size_t i = 1; i < samples.size(); ++i) {
      const bool inside =
          samples.positions[i] >= place.low && samples.positions[i - 1] <= place.high;
      const double step = std::fabs(samples.values[i] - samples.values[i - 1]);
      if ((!inside && !anywhere) || step <= most) continue;
      most = step;
      best = i;
    }
    if (most >= 0.0) break;
  }
  return best;
}

void tell_bend(const Samples& samples, const series::Interval& place, TransitionFit& fit) {
  const auto at = static_cast<std::size_t>(
      std::ranges::lower_bound(samples.positions, place.estimate) - samples.positions.begin());
  const std::size_t split = std::clamp<std::size_t>(at, 1, samples.size() - 2);
  series::Transition& told = fit.transition;
  told.model = TransitionModel::kink;
  told.kind = TransitionKind::bend;
  told.slope_before = slope_of(samples, 0, split + 1);
  told.slope_after = slope_of(samples, split, samples.size());
  told.direction = *told.slope_after > *told.slope_before ? Direction::rise : Direction::fall;
}

bool tell_step(const Samples& samples, const series::Interval& place, TransitionFit& fit) {
  const std::size_t second = largest_step(samples, place);
  const bool up = samples.values[second] > samples.values[second - 1];
  const double from = samples.positions[second - 1], to = samples.positions[second];
  series::Transition& told = fit.transition;
  told.direction = up ? Direction::rise : Direction::fall;
  const auto levels = levels_around(samples, from, to, told.direction);
  if (!levels) return false;
  told.model = TransitionModel::jump;
  told.kind = up ? TransitionKind::rise : TransitionKind::fall;
  told.before = levels->before;
  told.after = levels->after;
  told.size = levels->after - levels->before;
  const Frame& frame = fit.curve.frame;
  Basis step{CurveShape::step, false, 0.0, 1.0};
  step.location = frame.coordinate(0.5 * (from + to), false);
  step.scale = (to - from) / frame.range;
  fit.curve.model = told.model;
  fit.curve.intercept = levels->before;
  fit.curve.terms = {{*told.size, step}};
  return true;
}

}  // namespace

void fit_short_series(const Samples& samples, const ValueRange& range,
                      const TransitionOptions& options, TransitionFit& fit) {
  fit.curve.frame = Frame::of(samples.positions);
  const mirage::SuddenEvidence evidence = weigh(samples, range);
  const Odds odds = odds_of(evidence);
  const bool bends = evidence.kink > 0.5;
  // On the scale of BIC, which is −2 ln of a marginal likelihood.
  fit.models = {{bends ? TransitionModel::kink : TransitionModel::jump, 0.0, 4, evidence.noise_phi},
                {TransitionModel::power_law, 2.0 * odds.against_smooth, 3, evidence.noise_phi},
                {TransitionModel::constant, 2.0 * odds.against_constant, 1, 0.0}};
  std::ranges::stable_sort(fit.models, {}, &ModelEvidence::bic);
  const double least = fit.models.front().bic;
  for (ModelEvidence& model : fit.models) model.bic -= least;
  series::Transition& told = fit.transition;
  told.evidence.bic_gain = 2.0 * odds.worst();
  told.evidence.p_value = std::clamp(std::exp(-odds.worst()), 1e-12, 1.0);
  told.model = odds.against_constant > odds.against_smooth ? TransitionModel::power_law
                                                           : TransitionModel::constant;
  if (*told.evidence.p_value > options.alpha) return;
  series::Interval place = evidence.place;
  place.low = std::clamp(place.low, samples.positions.front(), samples.positions.back());
  place.high = std::clamp(place.high, place.low, samples.positions.back());
  if (bends) {
    tell_bend(samples, place, fit);
  } else if (!tell_step(samples, place, fit) || std::fabs(*told.size) < options.min_size) {
    told.kind = TransitionKind::none;
    told.direction = Direction::none;
    return;
  } else {
    const std::size_t second = largest_step(samples, place);
    place.estimate = samples.positions[second - 1] +
                     0.1 * (samples.positions[second] - samples.positions[second - 1]);
    place.low = std::min(place.low, samples.positions[second - 1]);
    place.high = std::max(place.high, samples.positions[second]);
  }
  place.estimate = std::clamp(place.estimate, place.low, place.high);
  told.onset = place;
}

}  // namespace emdyn::emergence
