#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct CarliniWagnerConfig {
  std::int64_t searches = 9;
  std::int64_t steps = 1000;
  double learning_rate = 0.01;
  double first_weight = 1e-3;
  double confidence = 0.0;
  bool abort_early = true;
  static constexpr std::string_view kName = "carlini_wagner";
};
inline constexpr std::array kCarliniWagnerFields{
    Field<CarliniWagnerConfig>{"searches", &CarliniWagnerConfig::searches, 1, 100,
                               "halvings of the weight's interval"},
    Field<CarliniWagnerConfig>{"steps", &CarliniWagnerConfig::steps, 1, 1000000,
                               "of Adam per search"},
    Field<CarliniWagnerConfig>{"learning_rate", &CarliniWagnerConfig::learning_rate, 1e-9, 10.0,
                               "of Adam"},
    Field<CarliniWagnerConfig>{"first_weight", &CarliniWagnerConfig::first_weight, 1e-12, 1e12,
                               "of the margin beside the squared distance"},
    Field<CarliniWagnerConfig>{"confidence", &CarliniWagnerConfig::confidence, 0.0, 1e6,
                               "margin that is asked for"},
    Field<CarliniWagnerConfig>{"abort_early", &CarliniWagnerConfig::abort_early, 0, 0,
                               "end a search whose loss no longer falls"},
};

/// Minimises squared l2 distance plus a weighted margin over tanh coordinates, which keep the box,
/// and searches the weight: Carlini & Wagner, "Towards evaluating the robustness of neural
/// networks", S&P 2017. Up to searches * steps gradients.
class CarliniWagner final : public AttackMethod {
 public:
  explicit CarliniWagner(const CarliniWagnerConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  CarliniWagnerConfig config_;
};

}  // namespace emdyn::provoke::attack
