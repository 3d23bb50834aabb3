#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

/// The four properties that the last layer of a classifier approaches when it is trained past zero
/// training error. All of them fall towards 0 as collapse is reached.
struct NeuralCollapse {
  Estimate within_variability{};  ///< NC1: tr(Σ_W Σ_B⁺)/C. Infinite when all class means are equal.
  double mean_equinorm = 0.0;   ///< NC2: deviation over mean of the lengths of class means.
  double mean_equiangle = 0.0;  ///< NC2: deviation of the cosines between class means.
  double mean_max_angle = 0.0;  ///< NC2: mean of |cosine + 1/(C − 1)|.
  std::optional<double> weight_equinorm{};  ///< The same of the classifier's rows.
  std::optional<double> weight_equiangle{};
  std::optional<double> weight_max_angle{};
  std::optional<double> self_duality{};    ///< NC3: ‖W/‖W‖ − M/‖M‖‖², from 0 to 4.
  std::optional<Estimate> disagreement{};  ///< NC4: share of samples where the classifier does not
                                           ///< choose the nearest class mean.
  std::size_t classes = 0;
  std::size_t samples = 0;
};

/// What the network does behind the features; without it NC3, NC4 and the weights' NC2 are absent.
template <class Scalar>
struct LastLayer {
  math::MatrixView<Scalar> weights{};  ///< [class, unit].
  std::span<const Scalar> bias{};      ///< [class], or empty.
};

/// @param features of the last hidden layer [sample, unit]. @param labels of the samples, each
/// class from 0 to the largest present at least twice (a class of one has no spread). Class means
/// are centred by the mean of class means. NC1's error is a jackknife over ten groups cut through
/// every class, absent below four samples in a class; NC4's is binomial. Non-finite features give
/// NaN.
/// Source: Papyan, Han and Donoho, "Prevalence of neural collapse during the terminal phase of deep
/// learning training", PNAS 117 (2020).
/// @throws DataError for fewer than two classes, a class of fewer than two samples, or sizes that
/// do not fit. Cost: samples · units · classes · 12 + units · classes² + 9 classes³.
template <class Scalar>
NeuralCollapse neural_collapse(const math::MatrixView<Scalar>& features,
                               std::span<const std::uint32_t> labels,
                               const std::optional<LastLayer<Scalar>>& last = std::nullopt);

void to_json(Json& json, const NeuralCollapse& collapse);

}  // namespace emdyn::probe
