#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct DeepFoolConfig {
  std::int64_t steps = 50;
  double overshoot = 0.02;
  std::int64_t classes = 10;
  static constexpr std::string_view kName = "deep_fool";
};
inline constexpr std::array kDeepFoolFields{
    Field<DeepFoolConfig>{"steps", &DeepFoolConfig::steps, 1, 100000, "linearisations at most"},
    Field<DeepFoolConfig>{"overshoot", &DeepFoolConfig::overshoot, 0.0, 10.0,
                          "how far beyond the boundary, as a share of the way"},
    Field<DeepFoolConfig>{"classes", &DeepFoolConfig::classes, 2, 100000,
                          "likeliest classes looked at, the label among them"},
};

/// Steps to the nearest boundary of the linearised model until the class changes: Moosavi-Dezfooli,
/// Fawzi, Frossard, "DeepFool: a simple and accurate method to fool deep neural networks", CVPR
/// 2016; here all points of a chunk together, each step the shortest within the box, and slopes
/// only of the classes that can be the nearest (NearestBoundary). Up to a gradient per step and
/// class.
class DeepFool final : public AttackMethod {
 public:
  explicit DeepFool(const DeepFoolConfig& config) : config_(config) {}
  void run(Search& search) const override;

  /// From the rows of `x`, the points' own or others, until the class is no longer the label.
  /// @return the slots that got there; `x` holds where they, and the others, stand. Offers the rows
  /// when asked to.
  Slots climb(Search& search, Slots slots, Rows& x, bool offer) const;

 private:
  DeepFoolConfig config_;
};

}  // namespace emdyn::provoke::attack
