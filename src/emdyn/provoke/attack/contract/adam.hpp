#pragma once
#include <cmath>
#include <span>
#include <vector>

namespace emdyn::provoke::attack {

/// Adam with its usual decays: Kingma & Ba, "Adam: a method for stochastic optimization", 2014.
class Adam {
 public:
  Adam(std::size_t size, double rate) : rate_(rate), first_(size, 0.0), second_(size, 0.0) {}

  void descend(std::span<const double> gradient, std::span<double> x) {
    ++steps_;
    const double first_bias = 1.0 - std::pow(0.9, steps_);
    const double second_bias = 1.0 - std::pow(0.999, steps_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      first_[i] = 0.9 * first_[i] + 0.1 * gradient[i];
      second_[i] = 0.999 * second_[i] + 0.001 * gradient[i] * gradient[i];
      x[i] -= rate_ * (first_[i] / first_bias) / (std::sqrt(second_[i] / second_bias) + 1e-8);
    }
  }

 private:
  double rate_;
  int steps_ = 0;
  std::vector<double> first_;
  std::vector<double> second_;
};

}  // namespace emdyn::provoke::attack
