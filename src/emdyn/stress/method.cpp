#include "emdyn/stress/method.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/stress/loss.hpp"

namespace emdyn::stress {

PointLoss point_loss(const Search& search, LossKind kind) {
  return [&search, kind](std::size_t slot, std::span<const float> logits, std::span<float> slope) {
    const Point& point = search.point(slot);
    switch (kind) {
      case LossKind::cross_entropy:
        return point.target ? log_probability(logits, *point.target, slope)
                            : cross_entropy(logits, point.label, slope);
      case LossKind::logit_ratio:
        return point.target ? logit_ratio_to(logits, point.label, *point.target, slope)
                            : logit_ratio(logits, point.label, slope);
      default:
        return point.target ? margin_to(logits, *point.target, slope)
                            : margin(logits, point.label, slope);
    }
  };
}

void random_start(Search& search, std::size_t slot, std::span<float> row) {
  Philox& random = search.random(slot);
  const auto origin = search.original(slot);
  const double epsilon = search.epsilon();
  std::vector<double> move(row.size());
  double length = 0.0;
  for (double& value : move) {
    switch (search.norm()) {
      case Norm::linf:
        value = 2.0 * random.uniform() - 1.0;
        break;
      case Norm::l2:
        value = random.normal();
        length += value * value;
        break;
      default:  // Exponential sizes with random signs are uniform on the l1 sphere.
        value = -std::log(1.0 - random.uniform());
        length += value;
        if (random.below(2) == 0) value = -value;
    }
  }
  double scale = epsilon;
  if (search.norm() != Norm::linf) {
    const double radius = std::pow(random.uniform(), 1.0 / static_cast<double>(row.size()));
    scale =
        epsilon * radius / std::max(search.norm() == Norm::l2 ? std::sqrt(length) : length, 1e-300);
  }
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = static_cast<float>(static_cast<double>(origin[i]) + scale * move[i]);
  project(search.norm(), origin, epsilon, search.box(), row);
}

}  // namespace emdyn::stress
