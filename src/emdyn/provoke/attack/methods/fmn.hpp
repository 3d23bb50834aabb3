#pragma once
#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

struct FmnConfig {
  std::int64_t steps = 100;
  std::int64_t restarts = 1;
  double step = 1.0;
  double last_step = 1e-5;
  double gamma = 0.05;
  double last_gamma = 1e-4;
  static constexpr std::string_view kName = "fmn";
};
inline constexpr std::array kFmnFields{
    Field<FmnConfig>{"steps", &FmnConfig::steps, 1, 1000000, "gradients per start"},
    Field<FmnConfig>{"restarts", &FmnConfig::restarts, 1, 1000,
                     "starts per point; the first at the original"},
    Field<FmnConfig>{"step", &FmnConfig::step, 1e-6, 1e6,
                     "first length of a step in l2, in widths of the box"},
    Field<FmnConfig>{"last_step", &FmnConfig::last_step, 0.0, 1e6, "its last length"},
    Field<FmnConfig>{"gamma", &FmnConfig::gamma, 1e-6, 0.999, "first change of the radius"},
    Field<FmnConfig>{"last_gamma", &FmnConfig::last_gamma, 0.0, 0.999, "its last change"},
};

/// Fast minimum-norm attack: steps up the margin's gradient, projected on a ball that shrinks
/// while the point is misclassified and grows while it is not; both changes fall along a cosine.
/// Pintor, Roli, Brendel, Biggio, "Fast minimum-norm adversarial attacks through adaptive norm
/// constraints", NeurIPS 2021. Until something is found it follows the class whose linearised
/// boundary is the nearest, later the likeliest. In l2 it is close to DDN (Rony et al. 2018); in l0
/// radii are whole.
class Fmn final : public AttackMethod {
 public:
  explicit Fmn(const FmnConfig& config) : config_(config) {}
  void run(Search& search) const override;

 private:
  void descend(Search& search, Slots slots, const PointLoss& loss, Rows& x) const;

  FmnConfig config_;
};

}  // namespace emdyn::provoke::attack
