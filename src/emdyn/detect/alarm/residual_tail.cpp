#include "emdyn/detect/alarm/residual_tail.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kReturns = 2e-5;        // Share of the weights that begins anew: memory 50,000.
constexpr double kStrangeChance = 1e-5;  // Residuals rarer than this are anomalies.
constexpr double kRareChance = 1e-3;  // Of these only that they came is learned, not how far out.
constexpr double kFirstCredit = 0.5;
constexpr double kMostCredit = 3.0;
constexpr double kStrangeMemory = 1e-3;
constexpr double kNormalRate = 1e-2;  // Anomalies this frequent are how the signal is.
constexpr double kLeastDensity = 1e-30;
// What residuals are like before any is seen, by family. Little is left to tails that fall like an
// exponential: noise whose body looks like theirs has outliers of its own more often than not.
constexpr std::array<double, ResidualTail::kFamilies> kFirstShare{0.5, 0.01, 0.26, 0.17, 0.06};

enum Family : std::size_t { normal, exponential, student8, student4, student2 };

constexpr std::array<double, ResidualTail::kScales> kScale{0.315, 0.397, 0.5,   0.63, 0.794,
                                                           1.0,   1.26,  1.587, 2.0,  2.52};

/// P(|X| > u) of Student's t with 8 degrees: with c = 8 / (8 + u^2) it is 1 - sqrt(1 - c) times the
/// first four terms of the power series of 1 / sqrt(1 - c), and so what the rest of the series leaves.
double student8_sf(double u) noexcept {
  const double c = 8.0 / (8.0 + u * u);
  const double root = std::sqrt(1.0 - c);
  if (c > 0.25) return 1.0 - root * (1.0 + c * (0.5 + c * (0.375 + c * 0.3125)));
  double term = 35.0 / 128.0 * c * c * c * c;
  double rest = 0.0;
  for (int k = 5; k < 20; ++k) {
    rest += term;
    term *= c * (k - 0.5) / k;
  }
  return root * rest;
}

/// P(|X| > u) of each family; exact far out.
double sf(std::size_t family, double u) noexcept {
  switch (family) {
    case normal:
      return math::two_sided_normal(u);
    case exponential:
      return std::exp(-u);
    case student8:
      return student8_sf(u);
    case student4: {
      const double root = std::sqrt(u * u + 4.0);
      const double rest = 4.0 / (root * (root + u));  // 1 - u / root.
      return rest * rest * (1.0 + 0.5 * u / root);
    }
    default: {
      const double root = std::sqrt(u * u + 2.0);
      return 2.0 / (root * (root + u));
    }
  }
}

/// Density of |X| of each family.
double density(std::size_t family, double u) noexcept {
  switch (family) {
    case normal:
      return 2.0 * math::normal_pdf(u);
    case exponential:
      return std::exp(-u);
    case student8: {
      const double base = 1.0 / (1.0 + 0.125 * u * u);
      const double square = base * base;
      return 0.77339804 * square * square * std::sqrt(base);
    }
    case student4: {
      const double base = 1.0 / (1.0 + 0.25 * u * u);
      return 0.75 * base * base * std::sqrt(base);
    }
    default: {
      const double base = 1.0 / (1.0 + 0.5 * u * u);
      return 0.70710678118654752 * base * std::sqrt(base);
    }
  }
}

using Weights = std::array<double, ResidualTail::kFamilies * ResidualTail::kScales>;

const Weights& first_weights() noexcept {
  static const Weights kFirst = [] {
    Weights weights{};
    double scales = 0.0;
    for (const double scale : kScale) scales += std::exp(-2.0 * std::pow(std::log(scale), 2));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double scale = kScale[i % ResidualTail::kScales];
      weights[i] = kFirstShare[i / ResidualTail::kScales] *
                   std::exp(-2.0 * std::pow(std::log(scale), 2)) / scales;
    }
    return weights;
  }();
  return kFirst;
}

}  // namespace

void ResidualTail::reset() noexcept {
  weights_ = first_weights();
  credit_ = kFirstCredit;
  strange_rate_ = 0.0;
}

double ResidualTail::beyond(double size) const noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    sum += weights_[i] * sf(i / kScales, size / kScale[i % kScales]);
  return std::min(sum, 1.0);
}

/// The size that a share of residuals exceeds. @param most a size that fewer exceed.
double ResidualTail::exceeded_by(double share, double most) const noexcept {
  double least = 0.0;
  for (int halving = 0; halving < 40; ++halving) {
    const double middle = 0.5 * (least + most);
    (beyond(middle) < share ? most : least) = middle;
  }
  return least;
}

double ResidualTail::light() const noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < student8 * kScales; ++i) sum += weights_[i];
  return sum;
}

void ResidualTail::learn(double size, double chance) noexcept {
  const bool strange = chance < kStrangeChance;
  credit_ = std::min(credit_ + 2.0 * kStrangeChance, kMostCredit);
  strange_rate_ += kStrangeMemory * ((strange ? 1.0 : 0.0) - strange_rate_);
  if (strange && strange_rate_ < kNormalRate) {
    if (credit_ < 1.0) return;
    credit_ -= 1.0;
  }
  const bool rare = beyond(size) < kRareChance;
  const double held = rare ? exceeded_by(kRareChance, size) : size;
  double sum = 0.0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const double scale = kScale[i % kScales];
    const double u = held / scale;
    weights_[i] *= (rare ? sf(i / kScales, u) : density(i / kScales, u) / scale) + kLeastDensity;
    sum += weights_[i];
  }
  const Weights& first = first_weights();
  const double kept = sum > 0.0 ? (1.0 - kReturns) / sum : 0.0;
  const double returned = sum > 0.0 ? kReturns : 1.0;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    weights_[i] = kept * weights_[i] + returned * first[i];
}

}  // namespace emdyn::detect
