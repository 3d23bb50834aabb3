#include "emdyn/forecast/tabular/additive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/additive_parts.hpp"

namespace emdyn::forecast {
namespace {

using additive_detail::Residuals;
using additive_detail::Slope;

struct Tables {
  std::vector<bool> varies;  // Whether the rows of a column differ: else it is the intercept's.
  Bins fine;
  Bins coarse;
  BinnedTable fine_table;
  BinnedTable coarse_table;
};

// One resample of the groups and the shapes learned on it.
struct Bag {
  Residuals rows;
  double base = 0.0;
  std::vector<std::vector<double>> shapes;
  std::vector<std::vector<double>> pairs;
};

void check_additive(const FeatureTable& features, std::span<const double> labels,
                    std::span<const std::size_t> groups, const AdditiveOptions& o) {
  if (o.rounds < 1 || o.bags < 1 || !(o.rate > 0.0 && o.rate <= 1.0) || !(o.penalty >= 0.0) ||
      !(o.fewest >= 0.0) || o.coarse_bins < 2 || o.coarse_bins > 32) {
    throw ConfigError(
        "additive: rounds and bags must be >= 1, rate in (0, 1], penalty and fewest >= 0, "
        "coarse_bins in [2, 32]");
  }
  if (labels.size() != features.rows() || (!groups.empty() && groups.size() != labels.size())) {
    throw DataError(fmt::format("additive: {} rows of features, {} labels, {} groups",
                                features.rows(), labels.size(), groups.size()));
  }
  const auto positive = std::ranges::count(labels, 1.0);
  if (positive == 0 || positive == std::ssize(labels)) {
    throw DataError("an additive model needs rows of both outcomes");
  }
}

// How often each row is drawn in bag b; the only bag is the data themselves.
std::vector<double> bag_weights(std::size_t rows, std::span<const std::size_t> groups,
                                std::size_t bag, const AdditiveOptions& options) {
  std::vector<double> weights(rows, 1.0);
  if (options.bags == 1) return weights;
  const std::size_t count = groups.empty() ? rows : std::ranges::max(groups) + 1;
  std::vector<double> times(count, 0.0);
  Philox random(options.seed, 0x6261670000000000ULL + bag);
  for (std::size_t k = 0; k < count; ++k) {
    times[random.below(static_cast<std::uint32_t>(count))] += 1.0;
  }
  for (std::size_t i = 0; i < rows; ++i) weights[i] = times[groups.empty() ? i : groups[i]];
  return weights;
}

// The rows a bag holds, so that a pass does not read the others.
std::vector<std::uint32_t> drawn_rows(const Residuals& rows) {
  std::vector<std::uint32_t> drawn;
  for (std::size_t i = 0; i < rows.weight.size(); ++i) {
    if (rows.weight[i] > 0.0) drawn.push_back(static_cast<std::uint32_t>(i));
  }
  return drawn;
}

Bag start(const Tables& tables, std::span<const double> labels, std::span<const std::size_t> groups,
          std::size_t number, const AdditiveOptions& options) {
  Bag bag;
  bag.rows = {bag_weights(labels.size(), groups, number, options), {}, labels};
  double positive = 0.5;  // Half a row of each outcome: a bag may lack one.
  double total = 1.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    positive += bag.rows.weight[i] * labels[i];
    total += bag.rows.weight[i];
  }
  bag.base = std::log(positive / (total - positive));
  bag.rows.log_odds.assign(labels.size(), bag.base);
  for (std::size_t j = 0; j < tables.fine.columns(); ++j) {
    bag.shapes.emplace_back(tables.fine.count(j) + 1, 0.0);
  }
  return bag;
}

void boost_shapes(const Tables& tables, const AdditiveOptions& options, Bag& bag) {
  const auto drawn = drawn_rows(bag.rows);
  std::vector<Slope> histogram;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t j = 0; j < bag.shapes.size(); ++j) {
      if (!tables.varies[j]) continue;
      histogram.assign(tables.fine.count(j) + 1, Slope{});
      const auto codes = tables.fine_table.column(j);
      for (const std::uint32_t i : drawn) bag.rows.add(i, histogram[codes[i]]);
      auto step = additive_detail::shape_step(histogram, options);
      for (std::size_t k = 0; k < step.size(); ++k) bag.shapes[j][k] += step[k] *= options.rate;
      for (const std::uint32_t i : drawn) bag.rows.log_odds[i] += step[codes[i]];
    }
  }
}

void boost_pairs(const Tables& tables, std::span<const PairShape> pairs,
                 const AdditiveOptions& options, Bag& bag) {
  for (const PairShape& pair : pairs) bag.pairs.emplace_back(pair.value.size(), 0.0);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const PairShape& pair = pairs[p];
      const std::size_t rows = tables.coarse.count(pair.first) + 1;
      const std::size_t columns = tables.coarse.count(pair.second) + 1;
      const auto table = additive_detail::pair_histogram(tables.coarse_table, tables.coarse,
                                                         pair.first, pair.second, bag.rows);
      auto step = additive_detail::pair_step(table, rows, columns, options);
      for (std::size_t k = 0; k < step.size(); ++k) bag.pairs[p][k] += step[k] *= options.rate;
      const auto a = tables.coarse_table.column(pair.first);
      const auto b = tables.coarse_table.column(pair.second);
      for (std::size_t i = 0; i < a.size(); ++i) {
        bag.rows.log_odds[i] += step[a[i] * columns + b[i]];
      }
    }
  }
}

// The pairs that explain most of what the shapes leave over (FAST).
std::vector<PairShape> rank_pairs(const Tables& tables, const AdditiveModel& model,
                                  const FeatureTable& features, std::span<const double> labels,
                                  const AdditiveOptions& options) {
  Residuals rows{std::vector<double>(labels.size(), 1.0), {}, labels};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    rows.log_odds.push_back(model.log_odds(features.row(i)));
  }
  struct Ranked {
    double gain;
    std::size_t first;
    std::size_t second;
  };
  std::vector<Ranked> ranked;
  for (std::size_t j = 0; j < features.columns; ++j) {
    for (std::size_t k = j + 1; k < features.columns; ++k) ranked.push_back({0.0, j, k});
  }
  parallel_for(ranked.size(), [&](std::size_t r) {
    Ranked& each = ranked[r];
    const auto table = additive_detail::pair_histogram(tables.coarse_table, tables.coarse,
                                                       each.first, each.second, rows);
    each.gain = additive_detail::best_quadrants(table, tables.coarse.count(each.first) + 1,
                                                tables.coarse.count(each.second) + 1, options)
                    .gain;
  });
  std::ranges::stable_sort(ranked, [](const auto& a, const auto& b) { return a.gain > b.gain; });
  std::vector<PairShape> pairs;
  for (const Ranked& each : ranked) {
    if (pairs.size() == options.pairs || !(each.gain > 0.0)) break;
    pairs.push_back({each.first, each.second,
                     std::vector<double>((tables.coarse.count(each.first) + 1) *
                                         (tables.coarse.count(each.second) + 1))});
  }
  return pairs;
}

void average_shapes(std::span<const Bag> bags, AdditiveModel& model) {
  const double count = static_cast<double>(bags.size());
  for (std::size_t j = 0; j < model.shapes.size(); ++j) {
    ShapeFunction& shape = model.shapes[j];
    for (std::size_t k = 0; k < shape.share.size(); ++k) {
      double sum = 0.0;
      double square = 0.0;
      for (const Bag& bag : bags) sum += bag.shapes[j][k];
      for (const Bag& bag : bags) {
        const double off = bag.shapes[j][k] - sum / count;
        square += off * off;
      }
      shape.value[k] = sum / count;
      shape.error[k] = bags.size() > 1 ? std::sqrt(square / (count - 1.0)) : 0.0;
    }
  }
  model.intercept = 0.0;
  for (const Bag& bag : bags) model.intercept += bag.base / count;
}

void average_pairs(std::span<const Bag> bags, AdditiveModel& model) {
  for (std::size_t p = 0; p < model.pairs.size(); ++p) {
    std::vector<double>& value = model.pairs[p].value;
    for (std::size_t k = 0; k < value.size(); ++k) {
      value[k] = 0.0;
      for (const Bag& bag : bags) value[k] += bag.pairs[p][k] / static_cast<double>(bags.size());
    }
  }
}

}  // namespace

double AdditiveModel::shape(std::size_t column, double x) const noexcept {
  return shapes[column].value[bins.bin(column, x)];
}

double AdditiveModel::pair(std::size_t index, std::span<const double> row) const noexcept {
  const PairShape& each = pairs[index];
  const std::size_t columns = coarse.count(each.second) + 1;
  return each.value[coarse.bin(each.first, row[each.first]) * columns +
                    coarse.bin(each.second, row[each.second])];
}

double AdditiveModel::log_odds(std::span<const double> row) const noexcept {
  double sum = intercept;
  for (std::size_t j = 0; j < shapes.size(); ++j) sum += shape(j, row[j]);
  for (std::size_t p = 0; p < pairs.size(); ++p) sum += pair(p, row);
  return sum;
}

AdditiveModel fit_additive(const FeatureTable& features, std::span<const double> labels,
                           std::span<const std::size_t> groups, const AdditiveOptions& options) {
  check_additive(features, labels, groups, options);
  AdditiveModel model;
  model.bins = Bins::of(features, options.bins);
  model.coarse = additive_detail::coarser(model.bins, options.coarse_bins);
  Tables tables{{},
                model.bins,
                model.coarse,
                BinnedTable(features, model.bins),
                BinnedTable(features, model.coarse)};
  for (std::size_t j = 0; j < features.columns; ++j) {
    const std::size_t bins = model.bins.count(j) + 1;
    ShapeFunction shape{std::vector<double>(bins), std::vector<double>(bins),
                        std::vector<double>(bins)};
    for (const std::uint8_t code : tables.fine_table.column(j)) {
      shape.share[code] += 1.0 / static_cast<double>(labels.size());
    }
    tables.varies.push_back(
        std::ranges::count_if(shape.share, [](double share) { return share > 0.0; }) > 1);
    model.shapes.push_back(std::move(shape));
  }
  std::vector<Bag> bags(options.bags);
  parallel_for(options.bags, [&](std::size_t b) {
    bags[b] = start(tables, labels, groups, b, options);
    boost_shapes(tables, options, bags[b]);
  });
  average_shapes(bags, model);
  if (options.pairs > 0) {
    model.pairs = rank_pairs(tables, model, features, labels, options);
    parallel_for(options.bags,
                 [&](std::size_t b) { boost_pairs(tables, model.pairs, options, bags[b]); });
    average_pairs(bags, model);
  }
  additive_detail::purify(model);
  return model;
}

}  // namespace emdyn::forecast
