#include "emdyn/emergence/scaling/monotone_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::scaling {

std::vector<double> isotonic(std::span<const double> values, std::span<const double> weights) {
  if (!weights.empty() && weights.size() != values.size()) {
    throw DataError(
        fmt::format("isotonic: {} weights for {} values", weights.size(), values.size()));
  }
  struct Block {
    double mean, weight;
    std::size_t count;
  };
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < values.size(); ++i) {
    blocks.push_back({values[i], weights.empty() ? 1.0 : weights[i], 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean >= blocks.back().mean) {
      const Block last = blocks.back();
      blocks.pop_back();
      Block& into = blocks.back();
      into.mean = (into.mean * into.weight + last.mean * last.weight) / (into.weight + last.weight);
      into.weight += last.weight;
      into.count += last.count;
    }
  }
  std::vector<double> out;
  for (const Block& block : blocks) out.insert(out.end(), block.count, block.mean);
  return out;
}

MonotoneLink::MonotoneLink(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size())
    throw DataError(fmt::format("monotone link: {} x for {} y", x.size(), y.size()));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(y[i])) order.push_back(i);
  }
  if (order.empty()) throw DataError("monotone link: no pair of finite values");
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x[i]; });
  std::vector<double> xs, ys, weights;
  double agreement = 0.0;
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      const double dx = x[order[b]] - x[order[a]], dy = y[order[b]] - y[order[a]];
      agreement += dx > 0.0 ? (dy > 0.0 ? 1.0 : dy < 0.0 ? -1.0 : 0.0) : 0.0;
    }
  }
  falls_ = agreement < 0.0;
  for (const std::size_t i : order) {
    const double value = falls_ ? -y[i] : y[i];
    if (!xs.empty() && xs.back() == x[i]) {
      weights.back() += 1.0;
      ys.back() += (value - ys.back()) / weights.back();
      continue;
    }
    xs.push_back(x[i]);
    ys.push_back(value);
    weights.push_back(1.0);
  }
  const std::vector<double> fitted = isotonic(ys, weights);
  for (std::size_t i = 0; i < fitted.size();) {
    std::size_t end = i;
    double weight = 0.0, centre = 0.0;
    for (; end < fitted.size() && fitted[end] == fitted[i]; ++end) {
      weight += weights[end];
      centre += weights[end] * xs[end];
    }
    x_.push_back(centre / weight);
    y_.push_back(falls_ ? -fitted[i] : fitted[i]);
    i = end;
  }
  // Slopes that keep the cubic monotone: harmonic means of the secants, 0 at the ends.
  slope_.assign(x_.size(), 0.0);
  for (std::size_t i = 1; i + 1 < x_.size(); ++i) {
    const double left = (y_[i] - y_[i - 1]) / (x_[i] - x_[i - 1]),
                 right = (y_[i + 1] - y_[i]) / (x_[i + 1] - x_[i]);
    if (left * right > 0.0) slope_[i] = 2.0 * left * right / (left + right);
  }
}

double MonotoneLink::operator()(double x) const noexcept {
  if (x <= x_.front()) return y_.front();
  if (x >= x_.back()) return y_.back();
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(x_, x) - x_.begin());
  const std::size_t i = above - 1;
  const double h = x_[above] - x_[i], t = (x - x_[i]) / h;
  const double t2 = t * t, t3 = t2 * t;
  return (2 * t3 - 3 * t2 + 1) * y_[i] + (t3 - 2 * t2 + t) * h * slope_[i] +
         (3 * t2 - 2 * t3) * y_[above] + (t3 - t2) * h * slope_[above];
}

}  // namespace emdyn::emergence::scaling
