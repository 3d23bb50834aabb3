#include "emdyn/provoke/ood/scores/shaping_scores.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace emdyn::provoke::ood {
namespace {

/// How many of `count` values lie above a percentile: at least 1.
std::size_t kept_above(double percentile, std::size_t count) {
  const double pruned = std::round(static_cast<double>(count) * percentile / 100.0);
  return std::max<std::size_t>(1, count - static_cast<std::size_t>(pruned));
}

/// Sum of all values, of the `kept` greatest, and the least of those.
struct Sums {
  double all = 0.0;
  double kept = 0.0;
  float least = 0.0F;
  std::size_t ties = 0;  ///< How many values equal to `least` are among the kept.
};

Sums sums(const float* row, std::size_t count, std::size_t kept, std::vector<float>& scratch) {
  scratch.assign(row, row + count);
  std::nth_element(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(kept - 1),
                   scratch.end(), std::greater<>{});
  Sums found;
  found.least = scratch[kept - 1];
  std::size_t above = 0;
  for (std::size_t j = 0; j < count; ++j) {  // In the row's own order.
    const double value = static_cast<double>(row[j]);
    found.all += value;
    if (row[j] > found.least) {
      found.kept += value;
      ++above;
    }
  }
  found.ties = kept - above;
  found.kept += static_cast<double>(found.ties) * static_cast<double>(found.least);
  return found;
}

/// exp(all / kept). For features that are not negative the ratio lies in [1, count / kept]; it is
/// held there for others too, where the sum of the greatest may vanish.
double shaping_factor(const Sums& found, std::size_t count, std::size_t kept) {
  const double most = static_cast<double>(count) / static_cast<double>(kept);
  const double ratio = found.kept > 0.0 ? found.all / found.kept : 1.0;
  return std::exp(std::clamp(ratio, 1.0, most));
}

/// Energies of `block` after `shape_row(row, out)` altered each row.
template <class ShapeRow>
void shaped_energies(const RowBlock& block, std::size_t features, const PackedHead& head,
                     std::span<double> out, ShapeRow&& shape_row) {
  std::vector<float> shaped(block.rows * features);
  for (std::size_t i = 0; i < block.rows; ++i) {
    shape_row(block.feature_row(i), shaped.data() + i * features);
  }
  head.energies(shaped.data(), features, block.rows, out);
}

}  // namespace

React::React(const Config& config) : config_(checked(kName, kFields, config)) {}

void React::learn(const TrainingSet& training, const Shape&) {
  head_ = PackedHead(training.head);
  if (config_.clip > 0.0) {
    clip_ = static_cast<float>(config_.clip);
    return;
  }
  std::vector<float> all = contiguous(training.features);
  // Linear between order statistics, as numpy's percentile.
  const double place = config_.percentile / 100.0 * static_cast<double>(all.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const auto nth = all.begin() + static_cast<std::ptrdiff_t>(low);
  std::nth_element(all.begin(), nth, all.end());
  const double below = static_cast<double>(*nth);
  const double above =
      nth + 1 == all.end() ? below : static_cast<double>(*std::min_element(nth + 1, all.end()));
  clip_ = static_cast<float>(below + (place - static_cast<double>(low)) * (above - below));
}

void React::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  shaped_energies(block, shape.features, head_, out, [&](const float* row, float* shaped) {
    for (std::size_t j = 0; j < shape.features; ++j) shaped[j] = std::min(row[j], clip_);
  });
}

AshS::AshS(const Config& config) : percentile_(checked(kName, kFields, config).percentile) {}

void AshS::learn(const TrainingSet& training, const Shape&) { head_ = PackedHead(training.head); }

void AshS::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t count = shape.features;
  const std::size_t kept = kept_above(percentile_, count);
  std::vector<float> scratch;
  shaped_energies(block, count, head_, out, [&](const float* row, float* shaped) {
    Sums found = sums(row, count, kept, scratch);
    const auto factor = static_cast<float>(shaping_factor(found, count, kept));
    for (std::size_t j = 0; j < count; ++j) {
      bool keep = row[j] > found.least;
      if (row[j] == found.least && found.ties > 0) {
        keep = true;
        --found.ties;
      }
      shaped[j] = keep ? row[j] * factor : 0.0F;
    }
  });
}

ScaleScore::ScaleScore(const Config& config)
    : percentile_(checked(kName, kFields, config).percentile) {}

void ScaleScore::learn(const TrainingSet& training, const Shape&) {
  head_ = PackedHead(training.head);
}

void ScaleScore::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t count = shape.features;
  const std::size_t kept = kept_above(percentile_, count);
  std::vector<float> scratch;
  shaped_energies(block, count, head_, out, [&](const float* row, float* shaped) {
    const Sums found = sums(row, count, kept, scratch);
    const auto factor = static_cast<float>(shaping_factor(found, count, kept));
    for (std::size_t j = 0; j < count; ++j) shaped[j] = row[j] * factor;
  });
}

Dice::Dice(const Config& config) : percentile_(checked(kName, kFields, config).percentile) {}

void Dice::learn(const TrainingSet& training, const Shape& shape) {
  const std::vector<double> means = column_means(training.features);
  std::vector<float> weight = contiguous(training.head.weight);
  std::vector<double> contributions(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    contributions[i] = static_cast<double>(weight[i]) * means[i % shape.features];
  }
  const auto pruned = static_cast<std::size_t>(
      std::round(static_cast<double>(weight.size()) * percentile_ / 100.0));
  std::vector<std::size_t> order(weight.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return contributions[a] < contributions[b];
  });
  for (std::size_t i = 0; i < pruned; ++i) weight[order[i]] = 0.0F;
  head_ = PackedHead(weight, {training.head.bias.begin(), training.head.bias.end()});
}

void Dice::score(const RowBlock& block, const Shape&, std::span<double> out) const {
  head_.energies(block.features, block.feature_stride, block.rows, out);
}

}  // namespace emdyn::provoke::ood
