#include "emdyn/provoke/ood/scores/logit_scores.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "emdyn/provoke/ood/contract/softmax.hpp"

namespace emdyn::provoke::ood {
namespace {

/// Calls `one(logits)` for every row.
template <class One>
void each_row(const RowBlock& block, const Shape& shape, std::span<double> out, One&& one) {
  for (std::size_t i = 0; i < block.rows; ++i) {
    out[i] = one(std::span(block.logit_row(i), shape.classes));
  }
}

}  // namespace

void Msp::score(const RowBlock& block, const Shape& shape, std::span<double> out) const noexcept {
  each_row(block, shape, out, [](auto logits) { return greatest_probability(logits); });
}

void MaxLogit::score(const RowBlock& block, const Shape& shape,
                     std::span<double> out) const noexcept {
  each_row(block, shape, out,
           [](auto logits) { return static_cast<double>(logits[argmax(logits)]); });
}

Energy::Energy(const Config& config) : temperature_(checked(kName, kFields, config).temperature) {}

void Energy::score(const RowBlock& block, const Shape& shape,
                   std::span<double> out) const noexcept {
  each_row(block, shape, out,
           [&](auto logits) { return temperature_ * log_sum_exp(logits, temperature_); });
}

Gen::Gen(const Config& config)
    : gamma_(checked(kName, kFields, config).gamma),
      classes_most_(static_cast<std::size_t>(config.classes_most)) {}

void Gen::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  std::vector<double> p(shape.classes);
  const std::size_t count = std::min(classes_most_, p.size());
  each_row(block, shape, out, [&](auto logits) {
    softmax(logits, p);
    if (count < p.size()) {
      std::partial_sort(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(count), p.end(),
                        std::greater<>{});
    }
    double sum = 0.0;
    for (std::size_t c = 0; c < count; ++c) {
      // 1 − p is 0 for a certain class, and p for an impossible one: both terms are then 0.
      const double product = p[c] * (1.0 - p[c]);
      if (product > 0.0) sum += std::exp(gamma_ * std::log(product));
    }
    return -sum;
  });
}

OdinTemperature::OdinTemperature(const Config& config)
    : temperature_(checked(kName, kFields, config).temperature) {}

void OdinTemperature::score(const RowBlock& block, const Shape& shape,
                            std::span<double> out) const noexcept {
  each_row(block, shape, out,
           [&](auto logits) { return greatest_probability(logits, temperature_); });
}

}  // namespace emdyn::provoke::ood
