#include "emdyn/emergence/transition/fitted.hpp"

namespace emdyn::emergence {

FittedTransition fitted_transition(const TransitionFit& fit) {
  constexpr std::size_t kCurvePoints = 400;
  FittedTransition shown;
  shown.record = fit.transition;
  for (const auto& model : fit.models) {
    shown.models.push_back({std::string(series::word(model.model)), model.bic, model.parameters});
  }
  const auto& frame = fit.curve.frame;
  const double half_width = 1.645 * fit.noise_sd;  // 90 % of the points lie within the band.
  for (std::size_t i = 0; i <= kCurvePoints && fit.points > 1; ++i) {
    const double position = frame.origin + frame.range * static_cast<double>(i) / kCurvePoints;
    const double value = fit.curve(position);
    shown.curve.push_back(
        {position,
         {fit.range.limit(value - half_width), value, fit.range.limit(value + half_width), 0.9}});
  }
  return shown;
}

}  // namespace emdyn::emergence
