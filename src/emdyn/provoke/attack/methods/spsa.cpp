#include "emdyn/provoke/attack/methods/spsa.hpp"

#include <algorithm>

#include "emdyn/provoke/attack/contract/adam.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr std::int64_t kSpsaTogether = 64;  // Directions whose rows are in memory at once.

}  // namespace

std::vector<double> spsa_gradient(const RowValues& function, std::span<const float> x, double delta,
                                  std::int64_t samples, Philox& random) {
  std::vector<double> gradient(x.size(), 0.0);
  for (std::int64_t done = 0; done < samples; done += kSpsaTogether) {
    const auto count = static_cast<std::size_t>(std::min(kSpsaTogether, samples - done));
    Rows signs(count, x.size());
    Rows rows(2 * count, x.size());
    for (std::size_t s = 0; s < count; ++s) {
      std::uint32_t bits = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        bits = i % 32 == 0 ? random() : bits >> 1;
        const float sign = (bits & 1U) != 0 ? 1.0F : -1.0F;
        signs[s][i] = sign;
        rows[2 * s][i] = x[i] + static_cast<float>(delta) * sign;
        rows[2 * s + 1][i] = x[i] - static_cast<float>(delta) * sign;
      }
    }
    const std::vector<double> values = function(rows);
    for (std::size_t s = 0; s < count; ++s) {
      const double slope =
          (values[2 * s] - values[2 * s + 1]) / (2.0 * delta * static_cast<double>(samples));
      for (std::size_t i = 0; i < x.size(); ++i)
        gradient[i] += slope * static_cast<double>(signs[s][i]);
    }
  }
  return gradient;
}

void Spsa::climb(Search& search, std::size_t slot) const {
  const Box& box = search.box();
  const double width = static_cast<double>(box.high) - static_cast<double>(box.low);
  const PointLoss loss = point_loss(search, AttackLoss::margin);
  std::vector<float> unused(search.classes());
  const RowValues values = [&](const Rows& rows) {
    const Rows logits = search.logits(slot, rows);
    std::vector<double> result(rows.count());
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = -loss(slot, logits[i], unused);
    return result;
  };
  Rows x(1, search.size());
  std::ranges::copy(search.original(slot), x[0].begin());
  if (!search.found(slot).empty()) warm_start(search, slot, x[0]);
  Adam adam(search.size(), config_.learning_rate * width);
  std::vector<double> position(search.size());
  for (std::int64_t step = 0; step < config_.steps && !search.stopped(); ++step) {
    const auto gradient =
        spsa_gradient(values, x[0], config_.delta * width, config_.samples, search.random(slot));
    std::copy(x[0].begin(), x[0].end(), position.begin());
    adam.descend(gradient, position);
    for (std::size_t i = 0; i < position.size(); ++i) x[0][i] = static_cast<float>(position[i]);
    project(search.norm(), search.original(slot), search.epsilon(), box, x[0]);
    search.offer(slot, x[0], search.logits(slot, x)[0]);
    if (search.task().active_set && search.finished(slot)) return;
  }
}

void Spsa::run(Search& search) const {
  for (const std::size_t slot : search.open()) climb(search, slot);
}

}  // namespace emdyn::provoke::attack
