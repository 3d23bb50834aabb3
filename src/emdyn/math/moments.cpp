#include "emdyn/math/moments.hpp"

#include <cmath>
#include <limits>

#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {}

void Moments::add(double value) noexcept {
  const auto before = static_cast<double>(count_);
  ++count_;
  const auto n = static_cast<double>(count_);
  if (count_ == 1) origin_ = value;
  const double delta = (value - origin_) - mean_;
  const double step = delta / n;
  const double step2 = step * step;
  const double term = delta * step * before;
  mean_ += step;
  m4_ += term * step2 * (n * n - 3.0 * n + 3.0) + 6.0 * step2 * m2_ - 4.0 * step * m3_;
  m3_ += term * step * (n - 2.0) - 3.0 * step * m2_;
  m2_ += term;
}

void Moments::merge(const Moments& other) noexcept {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(count_);
  const auto b = static_cast<double>(other.count_);
  const double n = a + b;
  const double delta = (other.origin_ - origin_) + (other.mean_ - mean_);
  const double d = delta / n;
  const double m2 = m2_ + other.m2_ + delta * d * a * b;
  const double m3 =
      m3_ + other.m3_ + delta * d * d * a * b * (a - b) + 3.0 * d * (a * other.m2_ - b * m2_);
  const double m4 = m4_ + other.m4_ + delta * d * d * d * a * b * (a * a - a * b + b * b) +
                    6.0 * d * d * (a * a * other.m2_ + b * b * m2_) +
                    4.0 * d * (a * other.m3_ - b * m3_);
  count_ += other.count_;
  mean_ += d * b;
  m2_ = m2;
  m3_ = m3;
  m4_ = m4;
}

double Moments::mean() const noexcept { return count_ == 0 ? kNan : origin_ + mean_; }

double Moments::variance() const noexcept {
  return count_ < 2 ? kNan : m2_ / static_cast<double>(count_ - 1);
}

double Moments::population_variance() const noexcept {
  return count_ == 0 ? kNan : m2_ / static_cast<double>(count_);
}

double Moments::stddev() const noexcept { return std::sqrt(variance()); }

double Moments::skewness() const noexcept {
  if (count_ < 2 || !(m2_ > 0.0)) return kNan;
  return std::sqrt(static_cast<double>(count_)) * m3_ / (m2_ * std::sqrt(m2_));
}

double Moments::kurtosis() const noexcept {
  if (count_ < 2 || !(m2_ > 0.0)) return kNan;
  return static_cast<double>(count_) * m4_ / (m2_ * m2_);
}

}  // namespace emdyn::math
