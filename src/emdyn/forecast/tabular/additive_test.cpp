#include "emdyn/forecast/tabular/additive.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/forecast/tabular/model_json.hpp"

namespace emdyn::forecast {
namespace {

struct AdditiveSample {
  FeatureTable features{4, {}};
  std::vector<double> labels;
};

// Log-odds 2 |x0| - 2 + 3 [x1 and x2 on the same side] - 1.5; x3 is noise, sometimes missing.
AdditiveSample additive_sample(std::size_t rows, std::uint64_t seed) {
  AdditiveSample sample;
  Philox random(seed, 5);
  for (std::size_t i = 0; i < rows; ++i) {
    std::array<double, 4> x{random.normal(), random.normal(), random.normal(), random.normal()};
    const double log_odds = 2.0 * std::abs(x[0]) - 2.0 + (x[1] * x[2] > 0.0 ? 1.5 : -1.5);
    sample.labels.push_back(random.uniform() < sigmoid(log_odds) ? 1.0 : 0.0);
    if (i % 5 == 0) x[3] = std::numeric_limits<double>::quiet_NaN();
    sample.features.add(x);
  }
  return sample;
}

TEST(Additive, FindsTheShapeAndThePair) {
  const AdditiveSample train = additive_sample(3000, 1);
  const AdditiveModel model = fit_additive(train.features, train.labels, {},
                                           {.rounds = 40, .rate = 0.1, .pairs = 1, .bags = 2});
  ASSERT_EQ(model.pairs.size(), 1u);
  EXPECT_EQ(model.pairs[0].first, 1u);
  EXPECT_EQ(model.pairs[0].second, 2u);
  EXPECT_GT(model.shape(0, 2.0) - model.shape(0, 0.0), 1.5);
  EXPECT_GT(model.shape(0, -2.0) - model.shape(0, 0.0), 1.5);
  EXPECT_LT(std::abs(model.shape(3, 1.0) - model.shape(3, -1.0)), 0.5);
  const std::array<double, 4> same{0.0, 1.0, 1.0, 0.0};
  const std::array<double, 4> apart{0.0, 1.0, -1.0, 0.0};
  EXPECT_GT(model.pair(0, same) - model.pair(0, apart), 1.0);
}

TEST(Additive, PartsAreAFunctionalAnova) {
  const AdditiveSample train = additive_sample(800, 2);
  const AdditiveModel model =
      fit_additive(train.features, train.labels, {}, {.rounds = 20, .pairs = 3, .bags = 2});
  for (const ShapeFunction& shape : model.shapes) {
    double mean = 0.0, total = 0.0;
    for (std::size_t k = 0; k < shape.value.size(); ++k) {
      mean += shape.share[k] * shape.value[k];
      total += shape.share[k];
    }
    EXPECT_NEAR(mean, 0.0, 1e-12);
    EXPECT_NEAR(total, 1.0, 1e-12);
  }
  const BinnedTable coarse(train.features, model.coarse);
  for (std::size_t p = 0; p < model.pairs.size(); ++p) {
    const PairShape& pair = model.pairs[p];
    const std::size_t columns = model.coarse.count(pair.second) + 1;
    std::vector<double> share(columns, 0.0);
    for (const std::uint8_t code : coarse.column(pair.second)) {
      share[code] += 1.0 / static_cast<double>(coarse.rows);
    }
    for (std::size_t r = 0; r <= model.coarse.count(pair.first); ++r) {
      double mean = 0.0;
      for (std::size_t c = 0; c < columns; ++c) mean += share[c] * pair.value[r * columns + c];
      EXPECT_NEAR(mean, 0.0, 1e-12) << "pair " << p << " row " << r;
    }
  }
}

TEST(Additive, SameForAnyNumberOfThreadsAndFromItsFile) {
  const AdditiveSample train = additive_sample(300, 3);
  std::string texts[2];
  for (std::size_t threads : {1u, 2u}) {
    const ThreadLimit limit(threads);
    texts[threads - 1] = json_text(
        model_json(fit_additive(train.features, train.labels, {}, {.rounds = 10, .pairs = 2})));
  }
  EXPECT_EQ(texts[0], texts[1]);
  const auto model = fit_additive(train.features, train.labels, {}, {.rounds = 10, .pairs = 2});
  const auto read = additive_from_json(parse_json(texts[0], "test"));
  for (std::size_t i = 0; i < train.labels.size(); ++i) {
    EXPECT_EQ(model.log_odds(train.features.row(i)), read.log_odds(train.features.row(i)));
  }
  Json cut = parse_json(texts[0], "test");
  cut["shapes"][0]["value"].erase(0);
  EXPECT_THROW(additive_from_json(cut), DataError);
}

TEST(Additive, WhatWasNeverSeenSaysNothing) {
  AdditiveSample train = additive_sample(400, 9);
  for (std::size_t i = 0; i < train.labels.size(); ++i) {
    train.features.values[4 * i + 1] = std::numeric_limits<double>::quiet_NaN();
  }
  const auto model = fit_additive(train.features, train.labels, {}, {.rounds = 20, .bags = 1});
  const double missing = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(model.shape(1, 3.0), 0.0) << "a column that was always missing";
  EXPECT_EQ(model.shape(1, missing), 0.0);
  EXPECT_EQ(model.shape(0, missing), 0.0) << "a column that was never missing";
}

TEST(Additive, GroupsWidenItsErrors) {
  // Forty rows a group with one label: the rows of a group say one thing, not forty.
  FeatureTable table{1, {}};
  std::vector<double> labels;
  std::vector<std::size_t> groups;
  Philox random(8);
  for (std::size_t g = 0; g < 30; ++g) {
    const double x = random.normal();
    const double label = random.uniform() < sigmoid(2.0 * x) ? 1.0 : 0.0;
    for (int k = 0; k < 40; ++k) {
      table.values.push_back(x + 0.01 * random.normal());
      labels.push_back(label);
      groups.push_back(g);
    }
  }
  const AdditiveOptions options{.rounds = 20, .pairs = 0, .bags = 8};
  const auto grouped = fit_additive(table, labels, groups, options);
  const auto single = fit_additive(table, labels, {}, options);
  double wide = 0.0, narrow = 0.0;
  for (std::size_t k = 0; k + 1 < grouped.shapes[0].error.size(); ++k) {
    wide += grouped.shapes[0].error[k];
    narrow += single.shapes[0].error[k];
  }
  EXPECT_GT(wide, 1.5 * narrow);
}

TEST(Additive, RefusesOneClassAndBadOptions) {
  const AdditiveSample train = additive_sample(60, 4);
  EXPECT_THROW(fit_additive(train.features, std::vector<double>(60, 0.0), {}), DataError);
  EXPECT_THROW(fit_additive(train.features, std::vector<double>{}, {}), DataError);
  EXPECT_THROW(fit_additive(train.features, train.labels, {}, {.rounds = 0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::forecast
