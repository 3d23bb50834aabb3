#pragma once
#include <array>

#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct FgsmConfig {
  AttackLoss loss = AttackLoss::cross_entropy;
  static constexpr std::string_view kName = "fgsm";
};
inline constexpr std::array kFgsmFields{
    enum_field<&FgsmConfig::loss, FgsmConfig>("loss", kLossWords, "what the step raises"),
};

/// The one step that raises a linear loss most: Goodfellow, Shlens, Szegedy, "Explaining and
/// harnessing adversarial examples", 2014. One gradient serves all radii.
class Fgsm final : public AttackMethod {
 public:
  explicit Fgsm(const FgsmConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  FgsmConfig config_;
};

/// Settings of the iterated steps; lengths are shares of the radius.
struct StepsConfig {
  std::int64_t steps = 40;
  double step = 1.0 / 30.0;
  std::int64_t restarts = 1;
  bool random_start = true;
  AttackLoss loss = AttackLoss::cross_entropy;
  double sparsity = 0.05;
  double decay = 0.0;
  static constexpr std::string_view kName = "pgd";
};
inline constexpr std::array kStepsFields{
    Field<StepsConfig>{"steps", &StepsConfig::steps, 1, 100000, "gradients per start"},
    Field<StepsConfig>{"step", &StepsConfig::step, 1e-6, 10.0, "length of a step over epsilon"},
    Field<StepsConfig>{"restarts", &StepsConfig::restarts, 1, 1000, "starts per point"},
    Field<StepsConfig>{"random_start", &StepsConfig::random_start, 0, 0,
                       "start at a random point of the ball"},
    enum_field<&StepsConfig::loss, StepsConfig>("loss", kLossWords, "what the steps raise"),
    Field<StepsConfig>{"sparsity", &StepsConfig::sparsity, 1e-6, 1.0,
                       "share of the values that an l1 step moves"},
    Field<StepsConfig>{"decay", &StepsConfig::decay, 0.0, 10.0,
                       "of the momentum that gathers normalised gradients; 0: none"},
};

/// Steps of steepest ascent, each followed by the projection into ball and box. With its settings:
/// BIM (Kurakin, Goodfellow, Bengio, "Adversarial examples in the physical world", 2016), PGD
/// (Madry et al., "Towards deep learning models resistant to adversarial attacks", 2017; l1 steps
/// on the largest gradients with the exact projection of Croce & Hein 2021), MI-FGSM (Dong et al.,
/// "Boosting adversarial attacks with momentum", 2017). `steps` gradients and one forward pass.
class Steps final : public AttackMethod {
 public:
  explicit Steps(const StepsConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  void start(Search& search, const Slots& slots, bool first, Rows& x) const;
  void climb(Search& search, Slots slots, Rows& x) const;

  StepsConfig config_;
};

}  // namespace emdyn::provoke::attack
