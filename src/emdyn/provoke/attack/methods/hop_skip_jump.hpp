#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct HopSkipJumpConfig {
  std::int64_t steps = 64;
  std::int64_t first_samples = 100;
  std::int64_t most_samples = 10000;
  std::int64_t queries = 10000;
  double gamma = 1.0;
  static constexpr std::string_view kName = "hop_skip_jump";
};
inline constexpr std::array kHopSkipJumpFields{
    Field<HopSkipJumpConfig>{"steps", &HopSkipJumpConfig::steps, 1, 100000, "at most"},
    Field<HopSkipJumpConfig>{"first_samples", &HopSkipJumpConfig::first_samples, 1, 1000000,
                             "directions of the first step; they grow as the root of the step"},
    Field<HopSkipJumpConfig>{"most_samples", &HopSkipJumpConfig::most_samples, 1, 1000000,
                             "directions of a step at most"},
    Field<HopSkipJumpConfig>{"queries", &HopSkipJumpConfig::queries, 1, 100000000,
                             "forward passes after which no further step begins"},
    Field<HopSkipJumpConfig>{"gamma", &HopSkipJumpConfig::gamma, 1e-6, 1e6,
                             "scale of the bisection's tolerance"},
};

/// Walks along the boundary by answers alone: bisection to the boundary, the gradient there from
/// which side random directions fall on, a step that halves until it is on the far side. Chen,
/// Jordan, Wainwright, "HopSkipJumpAttack: a query-efficient decision-based attack", S&P 2020. In
/// l2 and linf; uses nothing but the class of each answer.
class HopSkipJump final : public AttackMethod {
 public:
  explicit HopSkipJump(const HopSkipJumpConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  HopSkipJumpConfig config_;
};

}  // namespace emdyn::provoke::attack
