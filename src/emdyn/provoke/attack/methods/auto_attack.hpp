#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct AutoAttackConfig {
  std::int64_t steps = 100;
  std::int64_t targets = 9;
  std::int64_t queries = 5000;
  static constexpr std::string_view kName = "auto_attack";
};
inline constexpr std::array kAutoAttackFields{
    Field<AutoAttackConfig>{"steps", &AutoAttackConfig::steps, 1, 100000,
                            "of APGD and FAB; the standard is 100"},
    Field<AutoAttackConfig>{"targets", &AutoAttackConfig::targets, 1, 100000,
                            "classes of APGD-T and FAB-T; the standard is 9"},
    Field<AutoAttackConfig>{"queries", &AutoAttackConfig::queries, 1, 10000000,
                            "of Square; the standard is 5000"},
};

/// The standard AutoAttack: APGD on cross entropy, APGD-T on the targeted ratio of logits, FAB-T
/// and Square, each on what withstood those before. Croce & Hein, "Reliable evaluation of
/// adversarial robustness with an ensemble of diverse parameter-free attacks", ICML 2020. In l1
/// without Square.
class AutoAttack final : public AttackMethod {
 public:
  explicit AutoAttack(const AutoAttackConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  AutoAttackConfig config_;
};

}  // namespace emdyn::provoke::attack
