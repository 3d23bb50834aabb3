#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

namespace emdyn::provoke::guard {

/// Gaussian kernel density of each class's features: inputs moved across a boundary by an attack
/// tend to land where their new class has few examples. A tripwire: an attacker who knows it adds
/// the density to the objective and passes (Carlini & Wagner, "Adversarial Examples Are Not Easily
/// Detected", AISec 2017).
///
/// The bandwidth is chosen by leave-one-out likelihood over a grid of multiples of the median
/// distance to the nearest example of the class. Cost: examples of the class × features a query.
/// Source: Feinman, Curtin, Shintre, Gardner, "Detecting Adversarial Samples from Artifacts", 2017.
class KernelDensity {
 public:
  KernelDensity() = default;
  /// @param per_class at most so many examples of each class, the first ones, are kept.
  KernelDensity(const provoke::ood::Matrix& features, std::span<const std::uint32_t> labels,
                std::size_t classes, std::size_t per_class = 500);

  /// ln of the density at `features` under `label`; -infinity never: at least -1e300.
  double log_density(std::span<const float> features, std::uint32_t label) const noexcept;
  double bandwidth() const noexcept { return bandwidth_; }
  /// The examples kept of one class, [example, feature].
  std::span<const float> examples(std::uint32_t label) const noexcept;
  bool valid(std::uint64_t features, std::uint64_t classes) const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.columns_, self.bandwidth_, sized(self.offsets_), sized(self.examples_));
  }

 private:
  double choose_bandwidth() const;
  double log_mean_kernel(std::span<const float> features, std::uint32_t label, double bandwidth,
                         std::size_t leave_out) const noexcept;

  std::uint64_t columns_ = 0;
  double bandwidth_ = 1.0;
  std::vector<std::uint64_t> offsets_{};  ///< [class + 1], in examples.
  std::vector<float> examples_{};         ///< [example, feature], by class.
};

}  // namespace emdyn::provoke::guard
