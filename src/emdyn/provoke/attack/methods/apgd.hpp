#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct ApgdConfig {
  std::int64_t steps = 100;
  std::int64_t restarts = 1;
  AttackLoss loss = AttackLoss::cross_entropy;
  double rho = 0.75;
  double momentum = 0.75;
  std::int64_t targets = 0;
  static constexpr std::string_view kName = "apgd";
};
inline constexpr std::array kApgdFields{
    Field<ApgdConfig>{"steps", &ApgdConfig::steps, 1, 100000, "gradients per start"},
    Field<ApgdConfig>{"restarts", &ApgdConfig::restarts, 1, 1000, "starts per point (and target)"},
    enum_field<&ApgdConfig::loss, ApgdConfig>("loss", kLossWords, "what the steps raise"),
    Field<ApgdConfig>{"rho", &ApgdConfig::rho, 0.0, 1.0,
                      "share of rising steps below which the step is halved"},
    Field<ApgdConfig>{"momentum", &ApgdConfig::momentum, 0.0, 1.0, "weight of the new step"},
    Field<ApgdConfig>{"targets", &ApgdConfig::targets, 0, 100000,
                      "classes tried in turn, the likeliest first; 0: away from the label"},
};

/// Auto-PGD: momentum, and steps that start at twice the radius and are halved at checkpoints where
/// the loss no longer rises; then the best point so far is the start. Croce & Hein, "Reliable
/// evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks", ICML
/// 2020; in l1 with sparse steps whose sparsity adapts and with radii of 3, 2 and 1 epsilon in
/// turn, Croce & Hein, "Mind the box", ICML 2021. `steps` gradients and a forward pass a start.
class Apgd final : public AttackMethod {
 public:
  explicit Apgd(const ApgdConfig& config) : config_(config) {}
  void run(Search& search) const override;

  /// Largest loss after each step, of each slot: what tests look at.
  using Trace = std::function<void(std::size_t slot, double loss, double best)>;
  void run(Search& search, const Trace& trace) const;

 private:
  ApgdConfig config_;
};

}  // namespace emdyn::provoke::attack
