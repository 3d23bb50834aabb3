#pragma once
#include <cstddef>
#include <span>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/scaling/scale_data.hpp"

namespace emdyn::emergence::scaling {

/// value = floor + of_parameters·(N/N0)^(−alpha) + of_tokens·(D/D0)^(−beta), all three terms >= 0:
/// the loss law of Hoffmann et al., "Training Compute-Optimal Large Language Models" (2022),
/// equation 2.
struct SizeLaw {
  double floor = 0.0;
  double of_parameters = 0.0;
  double of_tokens = 0.0;
  double alpha = 0.0;
  double beta = 0.0;
  double parameters_unit = 1.0;  ///< Geometric means of the fitted sizes.
  double tokens_unit = 1.0;
  std::size_t points = 0;
  double rest = 0.0;  ///< Sum of squared relative residuals.
  double operator()(const ScaleModel& model) const noexcept;
};

/// Least squares of relative residuals (errors of large losses are large) over a grid of both
/// exponents in [0.05, 1], the three levels by non-negative least squares. A size that is unknown
/// or does not vary gets no term.
/// @param values > 0. @throws DataError when no model has a size and a finite value.
SizeLaw fit_size_law(std::span<const ScaleModel> models, std::span<const double> values);

void to_json(Json& json, const SizeLaw& law);

}  // namespace emdyn::emergence::scaling
