#include "emdyn/provoke/guard/guard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/ood/test_classifier.hpp"

namespace emdyn::provoke::guard {
namespace {

using provoke::ood::test::Classifier;

provoke::ood::TrainingSet training(const Classifier& c) { return c.training(); }
provoke::ood::ScoredBatch batch(const Classifier& c) { return c.batch(); }

Guard fitted() {
  const Classifier reference(1500, 1);
  const Classifier calibration(1000, 2);
  return Guard::fit(training(reference), batch(calibration));
}

TEST(Guard, PValuesOfFamiliarInputsAreUniform) {
  const Guard guard = fitted();
  EXPECT_EQ(guard.calibration_size(), 500U);
  const Classifier other(2000, 3);
  std::size_t below[3] = {0, 0, 0};
  for (const InputVerdict& verdict : guard.score(batch(other))) {
    below[0] += verdict.p_value <= 0.05 ? 1U : 0U;
    below[1] += verdict.p_value <= 0.2 ? 1U : 0U;
    below[2] += verdict.p_value <= 0.5 ? 1U : 0U;
  }
  // 2000 inputs against 500 calibration examples: three deviations of both together.
  EXPECT_NEAR(static_cast<double>(below[0]) / 2000.0, 0.05, 3 * std::sqrt(0.0475 / 400.0));
  EXPECT_NEAR(static_cast<double>(below[1]) / 2000.0, 0.2, 3 * std::sqrt(0.16 / 400.0));
  EXPECT_NEAR(static_cast<double>(below[2]) / 2000.0, 0.5, 3 * std::sqrt(0.25 / 400.0));
}

TEST(Guard, FindsStrangeInputsAndSaysWhy) {
  const Guard guard = fitted();
  const Classifier odd = Classifier::strange(200, 5);
  const auto verdicts = guard.score(batch(odd));
  std::size_t found = 0;
  for (const InputVerdict& verdict : verdicts) {
    found += verdict.p_value <= 0.05 ? 1U : 0U;
    EXPECT_TRUE(std::ranges::find(Guard::kPanel, verdict.score) != Guard::kPanel.end());
    ASSERT_EQ(verdict.features.size(), 3U);
    EXPECT_GE(verdict.features[0].share, verdict.features[2].share);
    ASSERT_EQ(verdict.neighbours.size(), 3U);
    EXPECT_LE(verdict.neighbours[0].distance, verdict.neighbours[2].distance);
    EXPECT_LT(verdict.neighbours[0].index, 1500U);
  }
  EXPECT_GE(found, 190U);
  EXPECT_LT(guard.batch_p_value(verdicts), 1e-10);
  const Classifier calm(200, 6);
  EXPECT_GT(guard.batch_p_value(guard.score(batch(calm))), 0.01);
  EXPECT_EQ(guard.batch_p_value({}), 1.0);
}

TEST(Guard, NamesTheFeatureThatWasMoved) {
  const Guard guard = fitted();
  Classifier one(1, 7);
  one.features[11] += 30.0F;
  const auto verdict = guard.score(batch(one)).front();
  EXPECT_EQ(verdict.features.front().feature, 11U);
  EXPECT_GT(verdict.features.front().share, 0.5);
  EXPECT_LE(verdict.p_value, 2.0 / 501.0);
}

TEST(Guard, AKnownInputIsItsOwnNeighbour) {
  const Classifier reference(1500, 1);
  const Guard guard = Guard::fit(training(reference), batch(Classifier(1000, 2)));
  const auto verdicts = guard.score(batch(reference));
  EXPECT_EQ(verdicts[17].neighbours[0].index, 17U);
  EXPECT_NEAR(verdicts[17].neighbours[0].distance, 0.0, 1e-3);
  EXPECT_EQ(verdicts[17].neighbours[0].label, reference.labels[17]);
}

TEST(Guard, EqualForEveryBatchAndNumberOfThreads) {
  const Guard guard = fitted();
  const Classifier inputs(50, 8);
  const auto all = guard.score(batch(inputs));
  const ThreadLimit one(1);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto alone =
        guard
            .score({math::matrix_view(inputs.features.data() + i * provoke::ood::test::kFeatures, 1,
                                      provoke::ood::test::kFeatures),
                    math::matrix_view(inputs.logits.data() + i * provoke::ood::test::kClasses, 1,
                                      provoke::ood::test::kClasses)})
            .front();
    EXPECT_EQ(alone.p_value, all[i].p_value);
    EXPECT_EQ(alone.log_density, all[i].log_density);
    EXPECT_EQ(alone.neighbours[0].index, all[i].neighbours[0].index);
  }
}

TEST(Guard, MeanEValueIsAtMostOne) {
  const Guard guard = fitted();
  const Classifier calm(4000, 12);
  double sum = 0.0;
  for (const InputVerdict& verdict : guard.score(batch(calm))) sum += guard.e_value(verdict);
  // Over uniform ranks the mean is exactly 1; one calibration set of 500 strays by about a tenth.
  EXPECT_NEAR(sum / 4000.0, 1.0, 0.35);
}

TEST(Guard, RestoredItSaysTheSame) {
  const Guard guard = fitted();
  const auto bytes = guard.serialise();
  const Guard again = Guard::restore(bytes);
  EXPECT_EQ(again.serialise(), bytes);
  const Classifier inputs = Classifier::strange(20, 9);
  const auto a = guard.score(batch(inputs));
  const auto b = again.score(batch(inputs));
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].p_value, b[i].p_value);
    EXPECT_EQ(a[i].score, b[i].score);
    EXPECT_EQ(a[i].density_p_value, b[i].density_p_value);
  }
}

TEST(Guard, HostileBytesAreRefused) {
  auto bytes = fitted().serialise();
  for (std::size_t cut : {std::size_t{0}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(Guard::restore(std::span(bytes).first(cut)), DataError);
  }
  Philox random(3);
  for (int i = 0; i < 300; ++i) {
    auto altered = bytes;
    const auto at = random.below(static_cast<std::uint32_t>(i < 200 ? 400 : bytes.size()));
    altered[at] ^= static_cast<std::byte>(1U << random.below(8));
    try {
      const Guard guard = Guard::restore(altered);
      const Classifier inputs(2, 10);
      if (guard.features() == provoke::ood::test::kFeatures &&
          guard.classes() == provoke::ood::test::kClasses)
        guard.score(batch(inputs));
    } catch (const DataError&) {
    }
  }
}

TEST(Guard, NonFiniteInputsAreAsStrangeAsCanBe) {
  const Guard guard = fitted();
  Classifier inputs(2, 11);
  inputs.features[3] = std::numeric_limits<float>::quiet_NaN();
  const auto verdicts = guard.score(batch(inputs));
  EXPECT_LE(verdicts[0].p_value, 2.0 / 501.0);
  EXPECT_TRUE(verdicts[0].features.empty());
  EXPECT_GT(verdicts[1].p_value, 0.001);
}

TEST(Guard, DeviatesAreStandardNormalAndFinite) {
  const Guard guard = fitted();
  const Classifier other(2000, 3);
  const auto verdicts = guard.score(batch(other));
  double mean = 0.0;
  double squares = 0.0;
  for (const InputVerdict& verdict : verdicts) {
    const double z = guard.deviate(verdict);
    ASSERT_TRUE(std::isfinite(z)) << verdict.p_value;
    mean += z / 2000.0;
    squares += z * z / 2000.0;
  }
  EXPECT_NEAR(mean, 0.0, 0.15);
  EXPECT_NEAR(squares, 1.0, 0.2);
  EXPECT_TRUE(std::isfinite(guard.deviate({.score_p_value = 1.0})));  // The least strange.
  EXPECT_TRUE(std::isfinite(guard.deviate({.score_p_value = 0.0})));
  EXPECT_GT(guard.deviate({.score_p_value = 0.0}), 3.0);
}

TEST(Guard, RefusesWhatCannotBeFitted) {
  const Classifier reference(100, 1);
  const Classifier few(10, 2);
  EXPECT_THROW(Guard::fit(training(reference), batch(few)), DataError);
  auto broken = training(reference);
  broken.labels = broken.labels.first(50);
  EXPECT_THROW(Guard::fit(broken, {}), DataError);
  GuardOptions options;
  options.fit_share = 2.0;
  EXPECT_THROW(Guard::fit(training(reference), {}, options), ConfigError);
  EXPECT_NO_THROW(Guard::fit(training(reference), {}));
  const Guard guard = fitted();
  const std::vector<float> narrow(10);
  EXPECT_THROW(guard.score({math::matrix_view(narrow.data(), 1, 10),
                            math::matrix_view(narrow.data(), 1, 5)}),
               DataError);
}

}  // namespace
}  // namespace emdyn::provoke::guard
