#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/provoke/attack/contract/norm.hpp"

namespace emdyn::provoke::certify {

using provoke::attack::Norm;

/// What an adversary may feed the network: a ball around an example, cut with the input box.
class Region {
 public:
  /// @pre every value of `centre` lies in [low, high], epsilon >= 0, the norm is linf or l2.
  /// Infinite `low` and `high` leave the ball whole.
  Region(std::span<const float> centre, double epsilon, Norm norm, double low, double high);

  std::size_t size() const noexcept { return centre_.size(); }
  Norm norm() const noexcept { return norm_; }
  double epsilon() const noexcept { return epsilon_; }
  std::span<const double> centre() const noexcept { return centre_; }
  /// The smallest box around the region.
  std::span<const double> lower() const noexcept { return lower_; }
  std::span<const double> upper() const noexcept { return upper_; }

  /// Least value of the sum of c[i] * x[i] over the region: exact for Linf, for L2 the value of the
  /// dual, which rounding in the search for its multiplier cannot make unsound.
  double minimum(std::span<const double> c) const;
  /// The same for the few inputs index[e] with coefficients c[e].
  double minimum(std::span<const std::uint32_t> index, std::span<const double> c) const;
  /// A point where that is taken.
  void minimiser(std::span<const double> c, std::span<double> at) const;
  /// Moves a point to the nearest of the region (L2 with a box: into it, not to the nearest).
  void project(std::span<double> x) const;
  /// Whether a point of floats lies in the region, computed in double.
  bool contains(std::span<const float> x) const;
  /// The point in floats, moved towards the centre where rounding left the region.
  std::vector<float> rounded(std::span<const double> x) const;

 private:
  double minimum_l2(std::span<const double> c, std::span<const double> centre,
                    std::span<const double> lower, std::span<const double> upper,
                    std::span<double> at) const;

  std::vector<double> centre_;
  std::vector<double> lower_;
  std::vector<double> upper_;
  std::vector<double> middle_;
  std::vector<double> radius_;
  double epsilon_;
  Norm norm_;
};

}  // namespace emdyn::provoke::certify
