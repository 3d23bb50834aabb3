#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

struct ActivityConfig {
  double zero_below = 1e-6;
  double outlier_magnitude = 6.0;
  double outlier_samples = 0.06;
  double outlier_layers = 0.25;
};
inline constexpr std::array kActivityFields{
    Field<ActivityConfig>{"zero_below", &ActivityConfig::zero_below, 0.0, 1e30,
                          "activations of at most this size count as zero"},
    Field<ActivityConfig>{"outlier_magnitude", &ActivityConfig::outlier_magnitude, 1e-30, 1e30,
                          "size from which an activation is an outlier"},
    Field<ActivityConfig>{"outlier_samples", &ActivityConfig::outlier_samples, 1e-9, 1.0,
                          "share of samples in which an outlier feature is one"},
    Field<ActivityConfig>{"outlier_layers", &ActivityConfig::outlier_layers, 1e-9, 1.0,
                          "share of layers in which an outlier feature is one"},
};

/// How the units of one layer are used, from activations [sample, unit].
struct ActivityProfile {
  Estimate sparsity{};            ///< Share of zero activations; error over samples.
  std::size_t dead_units = 0;     ///< Units that are zero on every sample.
  double dead_upper = 0.0;        ///< A unit called dead is active on less than this share of all
                                  ///< inputs with 95 % confidence: 1 − .05^(1/samples).
  std::size_t outlier_units = 0;  ///< Units of outlier size in enough samples.
  double max_to_median = 0.0;     ///< max|a| / median|a|; infinite when most are zero.
  Estimate unit_kurtosis{};  ///< mean(s⁴)/mean(s²)² of the units' root mean squares: 1 when
                             ///< all units are alike, `units` when one carries all.
  std::size_t samples = 0;
  std::size_t units = 0;
};

/// NaN activations are neither zero nor outliers; the kurtosis and max_to_median are then NaN. All
/// zero: sparsity 1, every unit dead, the last two NaN. The kurtosis has a jackknife error over
/// samples.
/// Sources: Dettmers, Lewis, Belkada and Zettlemoyer, "LLM.int8()", NeurIPS 2022 (outlier
/// features); He et al., "Understanding and minimising outlier features in neural network
/// training", NeurIPS 2024 (kurtosis over units); Lu et al., "Dying ReLU and initialization", 2020
/// (dead units).
/// @throws DataError for no samples or units; ConfigError. Cost: 3 passes and a selection.
template <class Scalar>
ActivityProfile activity_profile(const math::MatrixView<Scalar>& activations,
                                 const ActivityConfig& config = {});

/// The units that are outlier features across layers of one width (a residual stream): of outlier
/// size in at least `outlier_samples` of the samples of at least `outlier_layers` of the layers.
/// Ascending. @throws DataError when layers differ in width or one is empty; ConfigError.
template <class Scalar>
std::vector<std::size_t> outlier_features(std::span<const math::MatrixView<Scalar>> layers,
                                          const ActivityConfig& config = {});

void to_json(Json& json, const ActivityProfile& profile);

}  // namespace emdyn::probe
