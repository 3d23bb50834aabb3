#include "emdyn/detect/alarm/residual_tail.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kReturns = 1e-4;        // Share of the weights that begins anew: memory 10,000.
constexpr double kStrangeChance = 1e-5;  // Residuals rarer than this are anomalies.
constexpr double kFirstCredit = 0.5;
constexpr double kMostCredit = 3.0;
constexpr double kStrangeMemory = 1e-3;
constexpr double kNormalRate = 1e-2;  // Anomalies this frequent are how the signal is.
constexpr double kLeastDensity = 1e-30;
// What residuals are like before any is seen, by family.
constexpr std::array<double, ResidualTail::kFamilies> kFirstShare{0.3, 0.25, 0.25, 0.15, 0.05};

enum Family : std::size_t { normal, logistic, exponential, student4, student2 };

constexpr std::array<double, ResidualTail::kScales> kScale{0.315, 0.397, 0.5,   0.63, 0.794,
                                                           1.0,   1.26,  1.587, 2.0,  2.52};

/// P(|X| > u) of each family; exact far out.
double sf(std::size_t family, double u) noexcept {
  switch (family) {
    case normal:
      return math::two_sided_normal(u);
    case logistic:
      return 2.0 / (1.0 + std::exp(u * 1.5));
    case exponential:
      return std::exp(-u);
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
    case logistic: {
      const double e = std::exp(-u * 1.5);
      return 3.0 * e / ((1.0 + e) * (1.0 + e));
    }
    case exponential:
      return std::exp(-u);
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

double ResidualTail::light() const noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < student4 * kScales; ++i) sum += weights_[i];
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
  double sum = 0.0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const double scale = kScale[i % kScales];
    weights_[i] *= density(i / kScales, size / scale) / scale + kLeastDensity;
    sum += weights_[i];
  }
  const Weights& first = first_weights();
  const double kept = sum > 0.0 ? (1.0 - kReturns) / sum : 0.0;
  const double returned = sum > 0.0 ? kReturns : 1.0;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    weights_[i] = kept * weights_[i] + returned * first[i];
}

}  // namespace emdyn::detect
