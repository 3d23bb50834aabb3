#include "emdyn/provoke/certify/region.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/simd.hpp"

namespace emdyn::provoke::certify {
namespace {

// Sum of c * middle - |c| * radius, in eight partial sums.
double corner(const double* c, const double* middle, const double* radius,
              std::size_t count) noexcept {
  double lanes[8] = {};
  run_widest([&]() EMDYN_INLINE_BODY {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
      for (std::size_t lane = 0; lane < 8; ++lane)
        lanes[lane] += c[i + lane] * middle[i + lane] - std::abs(c[i + lane]) * radius[i + lane];
    for (std::size_t lane = 0; i < count; ++i, ++lane)
      lanes[lane] += c[i] * middle[i] - std::abs(c[i]) * radius[i];
  });
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
         ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

}  // namespace

Region::Region(std::span<const float> centre, double epsilon, Norm norm, double low, double high)
    : centre_(centre.begin(), centre.end()), epsilon_(epsilon), norm_(norm) {
  for (const double x : centre_) {
    lower_.push_back(std::max(low, x - epsilon));
    upper_.push_back(std::min(high, x + epsilon));
    middle_.push_back(0.5 * (lower_.back() + upper_.back()));
    radius_.push_back(0.5 * (upper_.back() - lower_.back()));
  }
}

// Minimise sum c d over ||d|| <= epsilon and box sides. With multiplier 1 / (2 t) of the ball the
// minimiser is clip(-t c). Values that the box clips stay clipped as t grows, so t grows to the
// dual optimum in as many rounds as the clipping takes.
double Region::minimum_l2(std::span<const double> c, std::span<const double> centre,
                          std::span<const double> lower, std::span<const double> upper,
                          std::span<double> at) const {
  const std::size_t n = c.size();
  double start = 0.0;
  double least = 0.0;
  double free = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    start += c[i] * centre[i];
    least += c[i] * (c[i] > 0.0 ? lower[i] : upper[i]);
    free += c[i] * c[i];
    at[i] = centre[i];
  }
  if (free <= 0.0 || epsilon_ <= 0.0) return start;
  double clipped_length = 0.0;
  double previous = 0.0;
  double t = std::sqrt(epsilon_ * epsilon_ / free);
  while (t > previous) {
    free = 0.0;
    clipped_length = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double side = c[i] > 0.0 ? lower[i] - centre[i] : upper[i] - centre[i];
      if (std::abs(t * c[i]) > std::abs(side)) {
        clipped_length += side * side;
      } else {
        free += c[i] * c[i];
      }
    }
    const double left = epsilon_ * epsilon_ - clipped_length;
    if (free <= 0.0 || left <= 0.0) break;
    previous = t;
    t = std::max(t, std::sqrt(left / free));
  }
  double dual = start;
  double length = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double d = std::clamp(-t * c[i], lower[i] - centre[i], upper[i] - centre[i]);
    at[i] = centre[i] + d;
    length += d * d;
    dual += c[i] * d;
  }
  // The dual's value at this t: a lower bound for every t > 0.
  dual += (length - epsilon_ * epsilon_) / (2.0 * t);
  return std::max(dual, least);
}

double Region::minimum(std::span<const double> c) const {
  if (norm_ == Norm::linf) return corner(c.data(), middle_.data(), radius_.data(), c.size());
  std::vector<double> at(c.size());
  return minimum_l2(c, centre_, lower_, upper_, at);
}

void Region::minimiser(std::span<const double> c, std::span<double> at) const {
  if (norm_ == Norm::l2) {
    (void)minimum_l2(c, centre_, lower_, upper_, at);
    return;
  }
  for (std::size_t i = 0; i < c.size(); ++i)
    at[i] = c[i] > 0.0 ? lower_[i] : c[i] < 0.0 ? upper_[i] : centre_[i];
}

double Region::minimum(std::span<const std::uint32_t> index, std::span<const double> c) const {
  std::vector<double> part[4];
  for (auto& values : part) values.resize(c.size());
  for (std::size_t e = 0; e < c.size(); ++e) {
    part[0][e] = centre_[index[e]];
    part[1][e] = lower_[index[e]];
    part[2][e] = upper_[index[e]];
  }
  if (norm_ == Norm::l2) return minimum_l2(c, part[0], part[1], part[2], part[3]);
  double sum = 0.0;
  for (std::size_t e = 0; e < c.size(); ++e) sum += c[e] * part[c[e] > 0.0 ? 1 : 2][e];
  return sum;
}

void Region::project(std::span<double> x) const {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::clamp(x[i], lower_[i], upper_[i]);
  if (norm_ == Norm::linf) return;
  double length = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) length += (x[i] - centre_[i]) * (x[i] - centre_[i]);
  length = std::sqrt(length);
  if (length <= epsilon_) return;
  const double shrink = epsilon_ / length;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = centre_[i] + (x[i] - centre_[i]) * shrink;
}

bool Region::contains(std::span<const float> x) const {
  double length = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    if (!(value >= lower_[i] && value <= upper_[i])) return false;
    length += (value - centre_[i]) * (value - centre_[i]);
  }
  return norm_ == Norm::linf || std::sqrt(length) <= epsilon_;
}

std::vector<float> Region::rounded(std::span<const double> x) const {
  std::vector<float> result(x.size());
  double factor = 1.0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      auto value = static_cast<float>(centre_[i] + (x[i] - centre_[i]) * factor);
      if (static_cast<double>(value) < lower_[i]) value = std::nextafter(value, INFINITY);
      if (static_cast<double>(value) > upper_[i]) value = std::nextafter(value, -INFINITY);
      result[i] = value;
    }
    if (contains(result)) return result;
    factor *= 1.0 - 1e-6;
  }
  for (std::size_t i = 0; i < x.size(); ++i) result[i] = static_cast<float>(centre_[i]);
  return result;
}

}  // namespace emdyn::provoke::certify
