#include "emdyn/provoke/attack/contract/loss.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace emdyn::provoke::attack {
namespace {

void clear(std::span<float> slope) { std::fill(slope.begin(), slope.end(), 0.0F); }

/// log p(index), and the slope of `sign` times it: sign * (e_index − p), without cancellation.
double log_softmax(std::span<const float> logits, std::size_t index, double sign,
                   std::span<float> slope) {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double others = 0.0;
  std::vector<double> weights(logits.size());
  for (std::size_t k = 0; k < logits.size(); ++k) {
    weights[k] = std::exp(static_cast<double>(logits[k]) - largest);
    if (k != index) others += weights[k];
  }
  // At index 1 − p = the others' share. They are the largest entry: scaled, it is 1.
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const double share = k == index ? 1.0 : -weights[k] / others;
    slope[k] = others > 0.0 ? static_cast<float>(sign * share) : 0.0F;
  }
  if (!(others > 0.0)) {  // Beyond double's reach: the rival alone counts.
    slope[index] = static_cast<float>(sign);
    slope[runner_up(logits, index)] = static_cast<float>(-sign);
  }
  return static_cast<double>(logits[index]) - largest - std::log(others + weights[index]);
}

std::array<std::size_t, 4> first_four(std::span<const float> logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(order.begin(), order.begin() + 4, order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                    });
  return {order[0], order[1], order[2], order[3]};
}

}  // namespace

std::size_t runner_up(std::span<const float> logits, std::size_t label) noexcept {
  std::size_t best = label == 0 ? 1 : 0;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    if (k != label && logits[k] > logits[best]) best = k;
  }
  return best;
}

double cross_entropy(std::span<const float> logits, std::size_t label, std::span<float> slope) {
  return -log_softmax(logits, label, -1.0, slope);
}

double log_probability(std::span<const float> logits, std::size_t target, std::span<float> slope) {
  return log_softmax(logits, target, 1.0, slope);
}

double difference(std::span<const float> logits, std::size_t label, std::size_t target,
                  std::span<float> slope) {
  clear(slope);
  slope[target] = 1.0F;
  slope[label] = -1.0F;
  return static_cast<double>(logits[target]) - static_cast<double>(logits[label]);
}

double margin(std::span<const float> logits, std::size_t label, std::span<float> slope) {
  return difference(logits, label, runner_up(logits, label), slope);
}

double margin_to(std::span<const float> logits, std::size_t target, std::span<float> slope) {
  return difference(logits, runner_up(logits, target), target, slope);
}

double logit_ratio(std::span<const float> logits, std::size_t label, std::span<float> slope) {
  if (logits.size() < 4) return margin(logits, label, slope);
  const auto order = first_four(logits);
  const std::size_t rival = order[0] == label ? order[1] : order[0];
  const double above = static_cast<double>(logits[rival]) - static_cast<double>(logits[label]);
  const double spread =
      static_cast<double>(logits[order[0]]) - static_cast<double>(logits[order[2]]) + 1e-12;
  clear(slope);
  // The quotient's rule; indices may meet, so entries add up.
  slope[rival] += static_cast<float>(1.0 / spread);
  slope[label] -= static_cast<float>(1.0 / spread);
  slope[order[0]] -= static_cast<float>(above / (spread * spread));
  slope[order[2]] += static_cast<float>(above / (spread * spread));
  return above / spread;
}

double logit_ratio_to(std::span<const float> logits, std::size_t label, std::size_t target,
                      std::span<float> slope) {
  if (logits.size() < 4) return difference(logits, label, target, slope);
  const auto order = first_four(logits);
  const auto at = [&](std::size_t k) { return static_cast<double>(logits[k]); };
  const double above = at(target) - at(label);
  const double spread = at(order[0]) - 0.5 * (at(order[2]) + at(order[3])) + 1e-12;
  clear(slope);
  slope[target] += static_cast<float>(1.0 / spread);
  slope[label] -= static_cast<float>(1.0 / spread);
  const double down = above / (spread * spread);
  slope[order[0]] -= static_cast<float>(down);
  slope[order[2]] += static_cast<float>(0.5 * down);
  slope[order[3]] += static_cast<float>(0.5 * down);
  return above / spread;
}

}  // namespace emdyn::provoke::attack
