#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct FabConfig {
  std::int64_t steps = 100;
  std::int64_t targets = 9;
  std::int64_t restarts = 1;
  double alpha = 0.1;
  double eta = 1.05;
  double beta = 0.9;
  static constexpr std::string_view kName = "fab_t";
};
inline constexpr std::array kFabFields{
    Field<FabConfig>{"steps", &FabConfig::steps, 1, 100000, "per target"},
    Field<FabConfig>{"targets", &FabConfig::targets, 1, 100000,
                     "classes tried in turn, the likeliest first"},
    Field<FabConfig>{"restarts", &FabConfig::restarts, 1, 1000,
                     "starts per target; the first at the original"},
    Field<FabConfig>{"alpha", &FabConfig::alpha, 0.0, 1.0, "largest pull towards the original"},
    Field<FabConfig>{"eta", &FabConfig::eta, 1.0, 10.0, "how far beyond the boundary"},
    Field<FabConfig>{"beta", &FabConfig::beta, 0.0, 1.0, "how much is kept when stepping back"},
};

/// The targeted fast adaptive boundary attack: the boundary towards one class is linearised, the
/// point and the original are projected on it within the box, and a point that crossed is brought
/// back towards the original. Croce & Hein, "Minimally distorted adversarial examples with a fast
/// adaptive boundary attack", ICML 2020. A gradient and a forward pass per step and target.
class Fab final : public AttackMethod {
 public:
  explicit Fab(const FabConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  void start(Search& search, const Slots& slots, bool first, Rows& x) const;
  void towards(Search& search, Slots slots, const std::vector<std::size_t>& target, Rows& x) const;
  void step(const Search& search, std::size_t slot, std::span<const float> slope, double difference,
            std::span<float> x) const;

  FabConfig config_;
};

}  // namespace emdyn::provoke::attack
