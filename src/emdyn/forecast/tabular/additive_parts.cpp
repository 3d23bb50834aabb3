#include "emdyn/forecast/tabular/additive_parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast::additive_detail {
namespace {

Slope sum_of(std::span<const Slope> slopes) {
  Slope sum;
  for (const Slope& each : slopes) {
    sum.g += each.g;
    sum.h += each.h;
  }
  return sum;
}

double leaf_gain(const Slope& s, double penalty) {
  return s.h > 0.0 ? s.g * s.g / (s.h + penalty) : 0.0;
}
double leaf_value(const Slope& s, double penalty) {
  return s.h > 0.0 ? -s.g / (s.h + penalty) : 0.0;
}

struct Cut {
  double gain = 0.0;
  std::size_t at = 0;  // The left side ends before it; 0: no cut.
};

// Best place to cut bins [begin, end) in two.
Cut best_cut(std::span<const Slope> bins, std::size_t begin, std::size_t end,
             const AdditiveOptions& options) {
  Cut best;
  const Slope all = sum_of(bins.subspan(begin, end - begin));
  const double whole = leaf_gain(all, options.penalty);
  Slope left;
  for (std::size_t k = begin; k + 1 < end; ++k) {
    left.g += bins[k].g;
    left.h += bins[k].h;
    const Slope right{all.g - left.g, all.h - left.h};
    if (left.h < options.fewest || right.h < options.fewest) continue;
    const double gain =
        leaf_gain(left, options.penalty) + leaf_gain(right, options.penalty) - whole;
    if (gain > best.gain) best = {gain, k + 1};
  }
  return best;
}

// Sums over the rectangle [0, r] x [0, c] of a table.
class Prefix2d {
 public:
  Prefix2d(std::span<const Slope> table, std::size_t stride, std::size_t rows, std::size_t columns)
      : columns_(columns), sums_(rows * columns) {
    for (std::size_t r = 0; r < rows; ++r) {
      Slope line;
      for (std::size_t c = 0; c < columns; ++c) {
        line.g += table[r * stride + c].g;
        line.h += table[r * stride + c].h;
        sums_[r * columns + c] = line;
        if (r == 0) continue;
        sums_[r * columns + c].g += sums_[(r - 1) * columns + c].g;
        sums_[r * columns + c].h += sums_[(r - 1) * columns + c].h;
      }
    }
  }
  // The quadrants above left, above right, below left, below right of the cut behind (r, c).
  std::array<Slope, 4> quadrants(std::size_t r, std::size_t c, std::size_t rows) const {
    const Slope a = at(r, c), row = at(r, columns_ - 1), column = at(rows - 1, c);
    const Slope all = at(rows - 1, columns_ - 1);
    return {a,
            Slope{row.g - a.g, row.h - a.h},
            {column.g - a.g, column.h - a.h},
            {all.g - row.g - column.g + a.g, all.h - row.h - column.h + a.h}};
  }

 private:
  Slope at(std::size_t r, std::size_t c) const { return sums_[r * columns_ + c]; }
  std::size_t columns_;
  std::vector<Slope> sums_;
};

// Means of a pair along one of its features, moved into that feature's shape: every fine bin gets
// the mean of the coarse bin it lies in.
void move_margin(AdditiveModel& model, std::size_t column, std::span<const double> margin) {
  ShapeFunction& shape = model.shapes[column];
  const std::vector<double>& fine = model.bins.cuts[column];
  for (std::size_t k = 0; k < fine.size() + 1; ++k) {
    // Any value inside the fine bin tells its coarse one: the lower cut belongs to the bin.
    const std::size_t coarse = k == 0 ? 0 : model.coarse.bin(column, fine[k - 1]);
    shape.value[k] += margin[coarse];
  }
  shape.value.back() += margin[model.coarse.missing(column)];
}

std::vector<double> coarse_shares(const AdditiveModel& model, std::size_t column) {
  std::vector<double> shares(model.coarse.count(column) + 1, 0.0);
  const std::vector<double>& fine = model.bins.cuts[column];
  const std::vector<double>& share = model.shapes[column].share;
  for (std::size_t k = 0; k < fine.size() + 1; ++k) {
    shares[k == 0 ? 0 : model.coarse.bin(column, fine[k - 1])] += share[k];
  }
  shares.back() += share.back();
  return shares;
}

}  // namespace

void Residuals::add(std::size_t i, Slope& sum) const noexcept {
  const double p = sigmoid(log_odds[i]);
  sum.g += weight[i] * (p - labels[i]);
  sum.h += weight[i] * std::max(p * (1.0 - p), 1e-12);
}

std::vector<double> shape_step(std::span<const Slope> histogram, const AdditiveOptions& options) {
  const std::size_t count = histogram.size() - 1;
  std::vector<std::size_t> edges{0, count};
  if (const Cut first = best_cut(histogram, 0, count, options); first.at > 0) {
    const Cut left = best_cut(histogram, 0, first.at, options);
    const Cut right = best_cut(histogram, first.at, count, options);
    edges = {0, first.at, count};
    if (left.at > 0 && left.gain >= right.gain) {
      edges = {0, left.at, first.at, count};
    } else if (right.at > 0) {
      edges = {0, first.at, right.at, count};
    }
  }
  std::vector<double> step(count + 1);
  for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
    const double value =
        leaf_value(sum_of(histogram.subspan(edges[k], edges[k + 1] - edges[k])), options.penalty);
    std::fill(step.begin() + static_cast<std::ptrdiff_t>(edges[k]),
              step.begin() + static_cast<std::ptrdiff_t>(edges[k + 1]), value);
  }
  step[count] = leaf_value(histogram[count], options.penalty);
  return step;
}

Quadrants best_quadrants(std::span<const Slope> table, std::size_t rows, std::size_t columns,
                         const AdditiveOptions& options) {
  Quadrants best;
  if (rows < 3 || columns < 3) return best;  // One bin and missing values: nothing to cut.
  const Prefix2d sums(table, columns, rows - 1, columns - 1);
  for (std::size_t r = 0; r + 2 < rows; ++r) {
    for (std::size_t c = 0; c + 2 < columns; ++c) {
      double gain = 0.0;
      for (const Slope& each : sums.quadrants(r, c, rows - 1)) {
        if (each.h > 1e-9) gain += leaf_gain(each, options.penalty);
      }
      if (gain > best.gain) best = {gain, r, c};
    }
  }
  return best;
}

std::vector<double> pair_step(std::span<const Slope> table, std::size_t rows, std::size_t columns,
                              const AdditiveOptions& options) {
  std::vector<double> step(rows * columns, 0.0);
  const Quadrants cut = best_quadrants(table, rows, columns, options);
  if (cut.gain == 0.0) return step;
  const auto quadrants =
      Prefix2d(table, columns, rows - 1, columns - 1).quadrants(cut.row, cut.column, rows - 1);
  for (std::size_t r = 0; r + 1 < rows; ++r) {
    for (std::size_t c = 0; c + 1 < columns; ++c) {
      const std::size_t q = (r > cut.row ? 2u : 0u) + (c > cut.column ? 1u : 0u);
      if (quadrants[q].h > 1e-9) step[r * columns + c] = leaf_value(quadrants[q], options.penalty);
    }
  }
  return step;
}

std::vector<Slope> pair_histogram(const BinnedTable& table, const Bins& bins, std::size_t first,
                                  std::size_t second, const Residuals& residuals) {
  const std::size_t columns = bins.count(second) + 1;
  std::vector<Slope> sums((bins.count(first) + 1) * columns);
  const auto a = table.column(first);
  const auto b = table.column(second);
  for (std::size_t i = 0; i < table.rows; ++i) {
    if (residuals.weight[i] == 0.0) continue;
    residuals.add(i, sums[a[i] * columns + b[i]]);
  }
  return sums;
}

Bins coarser(const Bins& fine, std::size_t most) {
  Bins coarse;
  for (const std::vector<double>& cuts : fine.cuts) {
    std::vector<double> kept;
    const std::size_t wanted = std::min(cuts.size(), most - 1);
    for (std::size_t k = 0; k < wanted; ++k) {
      kept.push_back(cuts[(k + 1) * (cuts.size() + 1) / (wanted + 1) - 1]);
    }
    coarse.cuts.push_back(std::move(kept));
  }
  return coarse;
}

void purify(AdditiveModel& model) {
  for (PairShape& pair : model.pairs) {
    const std::vector<double> p = coarse_shares(model, pair.first);
    const std::vector<double> q = coarse_shares(model, pair.second);
    std::vector<double> row_mean(p.size(), 0.0);
    std::vector<double> column_mean(q.size(), 0.0);
    double mean = 0.0;
    for (std::size_t r = 0; r < p.size(); ++r) {
      for (std::size_t c = 0; c < q.size(); ++c) {
        const double value = pair.value[r * q.size() + c];
        row_mean[r] += q[c] * value;
        column_mean[c] += p[r] * value;
        mean += p[r] * q[c] * value;
      }
    }
    for (std::size_t r = 0; r < p.size(); ++r) {
      for (std::size_t c = 0; c < q.size(); ++c) {
        double& value = pair.value[r * q.size() + c];
        // What was never seen says nothing.
        value = p[r] > 0.0 && q[c] > 0.0 ? value - (row_mean[r] + column_mean[c] - mean) : 0.0;
      }
    }
    for (double& each : column_mean) each -= mean;
    move_margin(model, pair.first, row_mean);
    move_margin(model, pair.second, column_mean);
  }
  for (ShapeFunction& shape : model.shapes) {
    double mean = 0.0;
    for (std::size_t k = 0; k < shape.value.size(); ++k) mean += shape.share[k] * shape.value[k];
    for (std::size_t k = 0; k < shape.value.size(); ++k) {
      shape.value[k] = shape.share[k] > 0.0 ? shape.value[k] - mean : 0.0;
    }
    model.intercept += mean;
  }
}

}  // namespace emdyn::forecast::additive_detail
