#pragma once
#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::bench {

/// Sum of `count` exponentials over `count`: mean 1, skew 2 / sqrt(count).
inline double gamma_of_mean_one(Philox& random, int count) noexcept {
  double sum = 0.0;
  for (int i = 0; i < count; ++i) sum -= std::log1p(-random.uniform());
  return sum / count;
}

/// Student's t with `freedom` degrees, variance 1.
inline double unit_student(Philox& random, int freedom) noexcept {
  double squares = 0.0;
  const double z = random.normal();
  for (int i = 0; i < freedom; ++i) {
    const double x = random.normal();
    squares += x * x;
  }
  return z / std::sqrt(squares / freedom) * std::sqrt((freedom - 2.0) / freedom);
}

/// Next value of an autoregression of variance 1. @param state kept between calls.
inline double next_of_ar(Philox& random, double& state, double phi) noexcept {
  return state = phi * state + std::sqrt(1.0 - phi * phi) * random.normal();
}

/// Successes in `count` trials over `count`.
inline double share_of_trials(Philox& random, int count, double chance) noexcept {
  int hits = 0;
  for (int i = 0; i < count; ++i) hits += random.uniform() < chance;
  return static_cast<double>(hits) / count;
}

}  // namespace emdyn::bench
