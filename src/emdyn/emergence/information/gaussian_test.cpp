#include "emdyn/emergence/information/gaussian.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/multivariate.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

TEST(Gaussian, PublishedInformation) {
  // −½ ln(1 − ρ²), printed to six digits in the reference.
  const std::array<std::pair<double, double>, 6> kKnown{{{0.1, 0.005025},
                                                         {0.3, 0.047155},
                                                         {0.5, 0.143841},
                                                         {0.6, 0.223144},
                                                         {0.9, 0.830366},
                                                         {0.99, 1.958518}}};
  for (const auto& [rho, nats] : kKnown) {
    EXPECT_NEAR(gaussian_information(equicorrelated(2, rho), 1, 1, 0), nats, 5e-7) << rho;
  }
}

TEST(Gaussian, EntropyAndConditionalInformation) {
  Eigen::MatrixXd covariance(1, 1);
  covariance << 4.0;
  EXPECT_NEAR(gaussian_entropy(covariance),
              0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e * 4.0), 1e-14);
  // Partial correlation of equicorrelated variables: ρ/(1 + ρ).
  const double partial = 0.5 / 1.5;
  EXPECT_NEAR(gaussian_information(equicorrelated(3, 0.5), 1, 1, 1),
              -0.5 * std::log(1.0 - partial * partial), 1e-14);
  // A Markov chain tells nothing past its middle.
  Eigen::MatrixXd chain(3, 3);
  chain << 1.0, 0.36, 0.6, 0.36, 1.0, 0.6, 0.6, 0.6, 1.0;
  EXPECT_NEAR(gaussian_information(chain, 1, 1, 1), 0.0, 1e-14);
}

TEST(Gaussian, BiasIsTakenOffExactly) {
  // Mean over many small samples of independent variables: 0 in truth.
  constexpr int kRounds = 4000;
  double plain = 0.0;
  double corrected = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    const Signals rows = noise(12, 4, static_cast<std::uint64_t>(round));
    const Eigen::MatrixXd covariance = covariance_of(rows);
    plain += gaussian_information(covariance, 1, 2, 1) / kRounds;
    corrected += gaussian_information(covariance, 1, 2, 1, 12) / kRounds;
  }
  EXPECT_GT(plain, 0.1);
  EXPECT_NEAR(corrected, 0.0, 0.01);
}

TEST(Gaussian, PValuesAreUniformUnderIndependence) {
  constexpr int kRounds = 1000;
  // Exact for one or two dimensions, Rao's approximation beyond.
  for (const auto& [x, y, z] : {std::array{1, 1, 0}, {1, 2, 1}, {2, 2, 0}, {3, 3, 1}}) {
    int rejected = 0;
    for (int round = 0; round < kRounds; ++round) {
      const Signals rows = noise(30, x + y + z, 7000 + static_cast<std::uint64_t>(round));
      const auto p = static_cast<std::size_t>(x);
      const auto q = static_cast<std::size_t>(y);
      const auto c = static_cast<std::size_t>(z);
      const double information = gaussian_information(covariance_of(rows), p, q, c);
      rejected += gaussian_information_p_value(information, p, q, c, 30) <= 0.05;
    }
    EXPECT_NEAR(rejected, 50, 22) << x << y << z;  // three standard errors
  }
  EXPECT_EQ(gaussian_information_p_value(1.0, 2, 2, 0, 4), 1.0);
  EXPECT_NEAR(gaussian_information_p_value(0.0, 1, 1, 0, 50), 1.0, 1e-12);
}

TEST(Gaussian, NormalScoresSeeOrderOnly) {
  Signals rows = noise(50, 2, 3);
  rows.col(1) = rows.col(0).array().exp();
  const Signals scores = normal_scores(rows);
  EXPECT_EQ(scores.col(0), scores.col(1));
  Signals tied(4, 1);
  tied << 2.0, 1.0, 2.0, 3.0;
  const Signals shared = normal_scores(tied);
  EXPECT_EQ(shared(0, 0), shared(2, 0));
  EXPECT_NEAR(shared(0, 0), 0.0, 1e-15);  // ranks 2 and 3 of 4
  EXPECT_NEAR(shared(1, 0), -shared(3, 0), 1e-15);
}

TEST(Gaussian, Rejected) {
  Eigen::MatrixXd singular(2, 2);
  singular << 1.0, 1.0, 1.0, 1.0;
  EXPECT_THROW(gaussian_information(singular, 1, 1, 0), DataError);
  EXPECT_THROW(covariance_of(Signals::Ones(1, 2)), DataError);
  Signals hole = noise(20, 2, 1);
  hole(3, 1) = std::nan("");
  EXPECT_THROW(covariance_of(hole), DataError);
  EXPECT_THROW(gaussian_entropies(equicorrelated(3, 0.1), 3), DataError);
  EXPECT_THROW(gaussian_entropies(equicorrelated(3, 0.1))({0, 3}), DataError);
  EXPECT_THROW(gaussian_entropies(equicorrelated(3, 0.1))({1, 1}), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
