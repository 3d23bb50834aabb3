#pragma once
#include <cstddef>
#include <span>

namespace emdyn::provoke::attack {

/// Losses of one example as functions of its logits, for an attack to raise. Each returns its value
/// and writes its slope by the logits. What they take and give is double inside: a network that is
/// sure of itself still has a slope where float32 would round it to 0.

/// −log p(label); its slope is scaled to a largest entry of 1: attacks use its direction.
double cross_entropy(std::span<const float> logits, std::size_t label, std::span<float> slope);
/// log p(target), scaled alike.
double log_probability(std::span<const float> logits, std::size_t target, std::span<float> slope);

/// max over others − z(label): above 0 once misclassified.
double margin(std::span<const float> logits, std::size_t label, std::span<float> slope);
/// z(target) − max over others: above 0 once taken for the target.
double margin_to(std::span<const float> logits, std::size_t target, std::span<float> slope);
/// z(target) − z(label).
double difference(std::span<const float> logits, std::size_t label, std::size_t target,
                  std::span<float> slope);

/// −(z(label) − max over others) / (z(1st) − z(3rd)), and towards a target
/// −(z(label) − z(target)) / (z(1st) − (z(3rd) + z(4th)) / 2): the difference of logits ratio of
/// Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
/// parameter-free attacks", ICML 2020. With fewer than 4 classes: margin and difference.
double logit_ratio(std::span<const float> logits, std::size_t label, std::span<float> slope);
double logit_ratio_to(std::span<const float> logits, std::size_t label, std::size_t target,
                      std::span<float> slope);

/// The index of the largest logit other than `label`.
std::size_t runner_up(std::span<const float> logits, std::size_t label) noexcept;

}  // namespace emdyn::provoke::attack
