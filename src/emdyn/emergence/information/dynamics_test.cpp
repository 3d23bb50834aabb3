#include "emdyn/emergence/information/dynamics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

std::vector<double> column(const Signals& signals, Eigen::Index j) {
  return {signals.col(j).data(), signals.col(j).data() + signals.rows()};
}

std::vector<double> autoregression(std::vector<double> weights, std::int64_t count,
                                   std::uint64_t seed) {
  VectorAutoregression system;
  for (const double weight : weights) {
    system.coefficients.push_back(Eigen::MatrixXd::Constant(1, 1, weight));
  }
  system.residual = Eigen::MatrixXd::Identity(1, 1);
  return column(path_of(system, count, seed), 0);
}

EstimateOptions estimated_by(Estimator estimator) {
  EstimateOptions options;
  options.estimator = estimator;
  options.surrogates = 39;
  options.blocks = estimator == Estimator::ksg1 ? 5 : 20;
  return options;
}

TEST(ActiveStorage, OfAutoregressions) {
  // −½ ln(1 − φ²): .143841 and .830366 nats.
  for (const auto& [phi, nats] : {std::pair{0.5, 0.143841}, {0.9, 0.830366}}) {
    const std::vector<double> series = autoregression({phi}, 4000, 1);
    for (const Estimator estimator : {Estimator::gaussian, Estimator::gaussian_copula}) {
      const Dynamic found = active_information_storage(series, {}, estimated_by(estimator));
      EXPECT_NEAR(found.measured.value, nats, 0.06) << phi;
      EXPECT_LT(*found.measured.p_value, 1e-10);
      EXPECT_LE(found.measured.interval.low, nats);
      EXPECT_GE(found.measured.interval.high, nats);
    }
  }
}

TEST(ActiveStorage, SearchFindsTheOrder) {
  int first = 0;
  int second = 0;
  int none = 0;
  constexpr int kRounds = 20;
  EstimateOptions options = estimated_by(Estimator::gaussian);
  options.blocks = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    first +=
        active_information_storage(autoregression({0.6}, 1000, seed), {}, options).target.length ==
        1;
    second += active_information_storage(autoregression({0.3, 0.5}, 1000, seed), {}, options)
                  .target.length == 2;
    none += *active_information_storage(autoregression({0.0}, 200, seed), {}, options)
                 .measured.p_value <= 0.1;
  }
  // Akaike's criterion takes too long a history in about one case of three.
  EXPECT_GE(first, 11);
  EXPECT_GE(second, 11);
  EXPECT_LE(none, 6);
  // A memory of every third value needs the delay.
  HistoryOptions history;
  history.target_length = 2;
  history.target_delay = 4;
  const Dynamic found =
      active_information_storage(autoregression({0.3, 0.0, 0.0, 0.5}, 3000, 3), history, options);
  EXPECT_EQ(found.target, (Embedding{2, 3, 1}));
}

TEST(TransferEntropy, EqualsTheSystem) {
  for (const auto& [a, b, c] : {std::tuple{0.0, 0.0, 0.7}, {0.8, 0.4, 0.5}}) {
    const VectorAutoregression system = driven_pair(a, b, c);
    const Signals path = path_of(system, 5000, 2);
    const std::vector<double> x = column(path, 0);
    const std::vector<double> y = column(path, 1);
    const double truth = transfer_entropy_of(system, {1});
    for (const Estimator estimator : {Estimator::gaussian, Estimator::gaussian_copula}) {
      const Dynamic found = transfer_entropy(x, y, {}, estimated_by(estimator));
      EXPECT_NEAR(found.measured.value, truth, 0.025) << a;
      EXPECT_LT(*found.measured.p_value, 1e-20);
      EXPECT_EQ(found.measured.null, NullKind::analytic);
      const Dynamic back = transfer_entropy(y, x, {}, estimated_by(estimator));
      EXPECT_NEAR(back.measured.value, 0.0, 0.003);
    }
  }
}

TEST(TransferEntropy, NearestNeighboursAndSymbols) {
  const VectorAutoregression system = driven_pair(0.0, 0.0, 0.7);
  const Signals path = path_of(system, 1200, 4);
  HistoryOptions history;
  history.target_length = history.source_length = 1;
  const Dynamic near =
      transfer_entropy(column(path, 0), column(path, 1), history, estimated_by(Estimator::ksg1));
  EXPECT_NEAR(near.measured.value, 0.5 * std::log(1.49), 0.06);
  EXPECT_EQ(near.measured.null, NullKind::circular_shift);
  EXPECT_EQ(*near.measured.p_value, 1.0 / 40.0);
  // y copies x with an error of one in ten: ln 2 − H(.1).
  Philox random(5);
  std::vector<double> x(4000);
  std::vector<double> y(4000, 0.0);
  for (std::size_t t = 0; t < x.size(); ++t) {
    x[t] = random.below(2);
    if (t > 0) y[t] = random.uniform() < 0.1 ? 1.0 - x[t - 1] : x[t - 1];
  }
  const Dynamic found = transfer_entropy(x, y, history, estimated_by(Estimator::discrete));
  EXPECT_NEAR(found.measured.value, 0.531004 * std::log(2.0), 0.03);
  EXPECT_LT(*found.measured.p_value, 1e-50);
}

TEST(TransferEntropy, FindsTheLag) {
  const Signals rows = noise(2000, 2, 6);
  std::vector<double> x = column(rows, 0);
  std::vector<double> y = column(rows, 1);
  for (std::size_t t = 3; t < y.size(); ++t) y[t] += x[t - 3];
  HistoryOptions history;
  history.source_lag = 5;
  const Dynamic found = transfer_entropy(x, y, history, estimated_by(Estimator::gaussian));
  EXPECT_EQ(found.source.lag, 3);
  EXPECT_NEAR(found.measured.value, 0.5 * std::log(2.0), 0.04);
}

TEST(TransferEntropy, ConditionsTakeCommonDriversOut) {
  // A common driver reaches x at once and y a step later: x seems to drive y until it is known.
  Signals rows = noise(3000, 3, 7);
  for (Eigen::Index t = 1; t < 3000; ++t) {
    rows(t, 0) = 0.5 * rows(t, 0) + rows(t, 2);
    rows(t, 1) = 0.5 * rows(t, 1) + rows(t - 1, 2);
  }
  const std::vector<double> x = column(rows, 0);
  const std::vector<double> y = column(rows, 1);
  EXPECT_GT(transfer_entropy(x, y, {}, estimated_by(Estimator::gaussian)).measured.value, 0.2);
  const Dynamic known = transfer_entropy(x, y, rows.col(2), {}, estimated_by(Estimator::gaussian));
  EXPECT_NEAR(known.measured.value, 0.0, 0.003);
  EXPECT_GT(*known.measured.p_value, 0.01);
}

TEST(TransferEntropy, FalseAlarmsOfSignalsWithMemory) {
  int rejected = 0;
  constexpr int kRounds = 200;
  EstimateOptions options = estimated_by(Estimator::gaussian);
  options.blocks = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Signals path =
        path_of(driven_pair(0.9, 0.9, 0.0), 300, 900 + static_cast<std::uint64_t>(round));
    rejected +=
        *transfer_entropy(column(path, 0), column(path, 1), {}, options).measured.p_value <= 0.05;
  }
  EXPECT_LE(rejected, 20);  // a twentieth of 200 and three standard errors
}

TEST(TransferEntropy, SameWhateverTheThreads) {
  const Signals path = path_of(driven_pair(0.5, 0.4, 0.6), 300, 8);
  const auto take = [&] {
    return transfer_entropy(column(path, 0), column(path, 1), {}, estimated_by(Estimator::ksg1))
        .measured;
  };
  const Measured many = take();
  const ThreadLimit one(1);
  const Measured alone = take();
  EXPECT_EQ(alone.value, many.value);
  EXPECT_EQ(alone.p_value, many.p_value);
  EXPECT_EQ(alone.interval, many.interval);
}

TEST(TransferEntropy, Rejected) {
  const std::vector<double> series = autoregression({0.5}, 100, 1);
  std::vector<double> hole = series;
  hole[50] = std::nan("");
  const std::vector<double> flat(100, 1.0);
  const std::vector<double> brief(12, 0.5);
  EXPECT_THROW(transfer_entropy(series, hole), DataError);
  EXPECT_THROW(transfer_entropy(flat, series), DataError);
  EXPECT_THROW(transfer_entropy(series, std::span(series).first(99)), DataError);
  EXPECT_THROW(transfer_entropy(series, series, noise(99, 1, 1)), DataError);
  EXPECT_THROW(active_information_storage(flat), DataError);
  try {
    active_information_storage(brief);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("at least"), std::string::npos);
  }
  HistoryOptions history;
  history.target_length = 0;
  EXPECT_THROW(active_information_storage(series, history), ConfigError);
  EstimateOptions options;
  options.estimator = Estimator::ksg2;
  options.null = NullKind::analytic;
  EXPECT_THROW(active_information_storage(series, {}, options), ConfigError);
}

}  // namespace
}  // namespace emdyn::emergence::information
