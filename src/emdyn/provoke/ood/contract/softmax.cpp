#include "emdyn/provoke/ood/contract/softmax.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::provoke::ood {
namespace {

/// Σ exp((logit − greatest) / temperature), at least 1.
double shifted_sum(std::span<const float> logits, double greatest, double temperature) noexcept {
  const double scale = 1.0 / temperature;
  double sum = 0.0;
  for (const float logit : logits) {
    sum += std::exp((static_cast<double>(logit) - greatest) * scale);
  }
  return sum;
}

double greatest_of(std::span<const float> logits) noexcept {
  return static_cast<double>(*std::max_element(logits.begin(), logits.end()));
}

}  // namespace

std::size_t argmax(std::span<const float> values) noexcept {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

double log_sum_exp(std::span<const float> logits, double temperature) noexcept {
  const double greatest = greatest_of(logits);
  return greatest / temperature + std::log(shifted_sum(logits, greatest, temperature));
}

double greatest_probability(std::span<const float> logits, double temperature) noexcept {
  return 1.0 / shifted_sum(logits, greatest_of(logits), temperature);
}

void softmax(std::span<const float> logits, std::span<double> out) noexcept {
  const double greatest = greatest_of(logits);
  double sum = 0.0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    out[c] = std::exp(static_cast<double>(logits[c]) - greatest);
    sum += out[c];
  }
  for (double& probability : out) probability /= sum;
}

}  // namespace emdyn::provoke::ood
