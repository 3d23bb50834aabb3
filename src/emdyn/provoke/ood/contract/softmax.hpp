#pragma once
#include <cstddef>
#include <span>

namespace emdyn::provoke::ood {

/// Position of the first greatest value.
std::size_t argmax(std::span<const float> values) noexcept;

/// ln Σ exp(logit / temperature), without overflow.
double log_sum_exp(std::span<const float> logits, double temperature = 1.0) noexcept;

/// Greatest softmax probability at a temperature.
double greatest_probability(std::span<const float> logits, double temperature = 1.0) noexcept;

/// softmax(logits) into `out`, of the same length.
void softmax(std::span<const float> logits, std::span<double> out) noexcept;

}  // namespace emdyn::provoke::ood
