#include "emdyn/detect/rows/newma.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {

Newma::Newma(const Config& config, std::size_t channels)
    : fast_(checked(kName, kFields, config).fast),
      slow_(config.slow),
      frequencies_(static_cast<std::size_t>(config.features) * channels),
      fast_average_(2 * static_cast<std::size_t>(config.features), 0.0),
      slow_average_(fast_average_.size(), 0.0) {
  if (slow_ >= fast_) throw ConfigError("newma.slow must be < newma.fast");
  // The kernel's width is the typical distance of two standardised rows, √(2·channels).
  const double scale = 1.0 / std::sqrt(2.0 * static_cast<double>(channels));
  Philox random(static_cast<std::uint64_t>(config.seed), 14);
  for (double& frequency : frequencies_) frequency = scale * random.normal();
}

double Newma::phase(std::size_t feature, std::span<const double> z) const noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < z.size(); ++i) sum += frequencies_[feature * z.size() + i] * z[i];
  return sum;
}

double Newma::statistic(std::span<const double> z) const noexcept {
  double squares = 0.0;
  const std::size_t features = fast_average_.size() / 2;
  for (std::size_t f = 0; f < features; ++f) {
    const double angle = phase(f, z);
    const double values[2] = {std::cos(angle), std::sin(angle)};
    for (std::size_t part = 0; part < 2; ++part) {
      const double fast = fast_average_[2 * f + part];
      const double slow = slow_average_[2 * f + part];
      const double gap =
          fast + fast_ * (values[part] - fast) - slow - slow_ * (values[part] - slow);
      squares += gap * gap;
    }
  }
  return std::sqrt(squares / static_cast<double>(features));
}

void Newma::learn(std::span<const double> z) noexcept {
  ++seen_;
  average(z, slow_);
}

void Newma::average(std::span<const double> z, double slow_weight) noexcept {
  for (std::size_t f = 0; f < fast_average_.size() / 2; ++f) {
    const double angle = phase(f, z);
    const double values[2] = {std::cos(angle), std::sin(angle)};
    for (std::size_t part = 0; part < 2; ++part) {
      double& fast = fast_average_[2 * f + part];
      double& slow = slow_average_[2 * f + part];
      fast += fast_ * (values[part] - fast);
      slow += slow_weight * (values[part] - slow);
    }
  }
}

void Newma::reset() noexcept {
  std::ranges::fill(fast_average_, 0.0);
  std::ranges::fill(slow_average_, 0.0);
  seen_ = 0;
}

}  // namespace emdyn::detect
