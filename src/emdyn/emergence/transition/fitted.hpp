#pragma once
#include <string>
#include <vector>

#include "emdyn/emergence/transition/transition.hpp"

/// A fitted transition as a record that can be drawn without the fit.
namespace emdyn::emergence {

/// A point of a fitted curve with its pointwise interval.
struct CurvePoint {
  double position = 0.0;
  series::Interval value{};
};

/// One of the models the transition fit compared.
struct ComparedModel {
  std::string name{};
  double bic = 0.0;    ///< Of the whitened residuals; smaller is better.
  int parameters = 0;  ///< 0 when unknown.
};

/// A transition record with what is needed to draw it.
struct FittedTransition {
  series::Transition record{};
  std::vector<CurvePoint> curve{};      ///< Ascending; may be empty.
  std::vector<ComparedModel> models{};  ///< All models tested; may be empty.
};

/// A fitted transition with its curve at 401 positions and the band that holds 90 % of the points.
FittedTransition fitted_transition(const TransitionFit& fit);

}  // namespace emdyn::emergence
