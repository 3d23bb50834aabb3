#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct UniversalConfig {
  std::int64_t passes = 10;
  double fooling_rate = 0.8;
  std::int64_t steps = 10;
  double overshoot = 0.02;
  static constexpr std::string_view kName = "universal";
};
inline constexpr std::array kUniversalFields{
    Field<UniversalConfig>{"passes", &UniversalConfig::passes, 1, 10000, "over all points at most"},
    Field<UniversalConfig>{"fooling_rate", &UniversalConfig::fooling_rate, 0.0, 1.0,
                           "share of the points at which it ends"},
    Field<UniversalConfig>{"steps", &UniversalConfig::steps, 1, 10000, "of DeepFool, per point"},
    Field<UniversalConfig>{"overshoot", &UniversalConfig::overshoot, 0.0, 10.0, "of DeepFool"},
};

/// One change that breaks as many points as it can: passes over the points in random order, each
/// time extended by DeepFool's step of a point it does not yet break, and projected on the ball.
/// Moosavi-Dezfooli, Fawzi, Fawzi, Frossard, "Universal adversarial perturbations", CVPR 2017.
/// Points one after the other: its cost is a forward pass, and DeepFool where it fails, per pass.
class Universal final : public AttackMethod {
 public:
  explicit Universal(const UniversalConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  UniversalConfig config_;
};

}  // namespace emdyn::provoke::attack
