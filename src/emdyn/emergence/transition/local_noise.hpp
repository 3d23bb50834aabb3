#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/autoregression.hpp"

namespace emdyn::emergence {

/// Noise like the residuals of a curve: an autoregression driven by its observed innovations, which
/// are resampled in blocks after division by their root mean square nearby and multiplied by that
/// of their new place. So the noise keeps its size at each place, its tails and its dependence.
/// Local scale: Paparoditis & Politis, "The Local Bootstrap for Markov Processes", JSPI 108 (2002).
class LocalNoise {
 public:
  /// @param residuals in the order of their positions, finite.
  explicit LocalNoise(std::span<const double> residuals);

  /// As many values as there were residuals.
  std::vector<double> draw(Philox& random) const;

 private:
  math::Autoregression model_;
  std::vector<double> first_residuals_;  // What the autoregression starts from.
  std::vector<double> local_scale_;      // Root mean square of the innovations nearby.
  std::vector<double> innovations_;      // Divided by it.
  std::size_t block_ = 1;
};

}  // namespace emdyn::emergence
