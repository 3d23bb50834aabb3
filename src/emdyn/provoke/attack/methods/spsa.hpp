#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct SpsaConfig {
  std::int64_t steps = 100;
  std::int64_t samples = 128;
  double delta = 0.01;
  double learning_rate = 0.01;
  static constexpr std::string_view kName = "spsa";
};
inline constexpr std::array kSpsaFields{
    Field<SpsaConfig>{"steps", &SpsaConfig::steps, 1, 100000, "of Adam"},
    Field<SpsaConfig>{"samples", &SpsaConfig::samples, 1, 1000000,
                      "random directions per step, two forward passes each"},
    Field<SpsaConfig>{"delta", &SpsaConfig::delta, 1e-9, 10.0,
                      "how far they reach, in widths of the box"},
    Field<SpsaConfig>{"learning_rate", &SpsaConfig::learning_rate, 1e-9, 10.0,
                      "of Adam, in widths of the box"},
};

/// The values of a function at many rows.
using RowValues = std::function<std::vector<double>(const Rows& rows)>;

/// Mean over random signs v of (f(x + delta v) − f(x − delta v)) / (2 delta) v: an estimate of the
/// gradient, unbiased where f is quadratic. Asks for the values of 2 * samples rows.
std::vector<double> spsa_gradient(const RowValues& function, std::span<const float> x, double delta,
                                  std::int64_t samples, Philox& random);

/// Adam on gradients estimated by simultaneous perturbation, projected on ball and box: Uesato,
/// O'Donoghue, van den Oord, Kohli, "Adversarial risk and the dangers of evaluating against weak
/// attacks", ICML 2018. 2 * samples + 1 forward passes per step.
class Spsa final : public AttackMethod {
 public:
  explicit Spsa(const SpsaConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  void climb(Search& search, std::size_t slot) const;

  SpsaConfig config_;
};

}  // namespace emdyn::provoke::attack
