#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/provoke/ood/choose.hpp"
#include "emdyn/provoke/ood/contract/class_statistics.hpp"
#include "emdyn/provoke/ood/contract/softmax.hpp"
#include "emdyn/provoke/ood/registry.hpp"
#include "emdyn/provoke/ood/scores/gaussian_scores.hpp"
#include "emdyn/provoke/ood/scores/head_scores.hpp"
#include "emdyn/provoke/ood/scores/shaping_scores.hpp"
#include "emdyn/provoke/ood/scores/vim.hpp"
#include "emdyn/provoke/ood/test_classifier.hpp"

namespace emdyn::provoke::ood {
namespace {

using test::Classifier;
using test::kClasses;
using test::kFeatures;

std::vector<double> scores(std::string_view name, const Classifier& training,
                           const Classifier& samples, const Params& params = {}) {
  return fit(name, training.training(), params).score(samples.batch());
}

Eigen::VectorXd row(const std::vector<float>& values, std::size_t i, std::size_t columns) {
  Eigen::VectorXd found(static_cast<Eigen::Index>(columns));
  for (std::size_t j = 0; j < columns; ++j) {
    found(static_cast<Eigen::Index>(j)) = static_cast<double>(values[i * columns + j]);
  }
  return found;
}

TEST(LogitScores, EnergyLiesBetweenTheGreatestLogitAndItPlusLogK) {
  const Classifier samples(100, 4);
  const auto energy = scores("energy", samples, samples);
  const auto greatest = scores("max_logit", samples, samples);
  for (std::size_t i = 0; i < energy.size(); ++i) {
    EXPECT_GE(energy[i], greatest[i]);
    EXPECT_LE(energy[i], greatest[i] + std::log(5.0));
  }
}

TEST(LogitScores, EnergyFollowsAShiftAndProbabilitiesDoNot) {
  const Classifier samples(40, 4);
  Classifier shifted = samples;
  for (float& logit : shifted.logits) logit += 8.0F;
  const auto before = scores("energy", samples, samples);
  const auto after = scores("energy", samples, shifted);
  const auto p_before = scores("msp", samples, samples);
  const auto p_after = scores("msp", samples, shifted);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(after[i], before[i] + 8.0, 1e-5);
    EXPECT_NEAR(p_after[i], p_before[i], 1e-5);
  }
}

TEST(LogitScores, GenIsZeroForCertaintyAndLowestForUniform) {
  Classifier samples(2, 4);
  samples.logits = {1000.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F};
  const auto gen = scores("gen", samples, samples);
  EXPECT_EQ(gen[0], 0.0);
  EXPECT_NEAR(gen[1], -5.0 * std::pow(0.2 * 0.8, 0.1), 1e-12);
  // Of the two greatest only.
  EXPECT_NEAR(scores("gen", samples, samples, {{"classes_most", "2"}})[1],
              -2.0 * std::pow(0.16, 0.1), 1e-12);
}

TEST(LogitScores, OdinAtTemperatureOneIsMsp) {
  const Classifier samples(50, 4);
  EXPECT_EQ(scores("odin_temperature", samples, samples, {{"temperature", "1"}}),
            scores("msp", samples, samples));
}

/// Normal features with one covariance and `classes` means.
Classifier gaussian(std::size_t count, std::uint64_t seed, std::uint32_t classes) {
  Classifier made(count, seed);
  Philox random(seed, 5);
  for (std::size_t i = 0; i < count; ++i) {
    made.labels[i] = random.below(classes);
    double before = 0.0;
    for (std::size_t j = 0; j < kFeatures; ++j) {
      before = 0.6 * before + random.normal();  // Correlated.
      const double mean = j == made.labels[i] ? 6.0 : 0.0;
      made.features[i * kFeatures + j] = static_cast<float>(mean + before);
    }
  }
  return made;
}

TEST(GaussianScores, MahalanobisOfNormalDataIsChiSquared) {
  const Classifier training = gaussian(20000, 1, 1);
  const Classifier fresh = gaussian(4000, 2, 1);
  auto found = scores("mahalanobis", training, fresh);
  for (double& score : found) score = math::chi_squared_cdf(-score, kFeatures);
  std::sort(found.begin(), found.end());
  double gap = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    gap = std::max(gap, std::abs(found[i] - (static_cast<double>(i) + 0.5) / 4000.0));
  }
  EXPECT_GT(math::kolmogorov_sf(gap * std::sqrt(4000.0)), 1e-3);
}

/// Both distances from their definition, in double precision.
TEST(GaussianScores, AgreeWithTheirDefinitions) {
  const Classifier training = gaussian(900, 1, kClasses);
  const Classifier fresh = gaussian(60, 2, kClasses);
  const ClassStatistics classes = class_statistics(training.training(), kClasses);
  const Eigen::MatrixXd within = shrunk_within_covariance(training.training(), kClasses, 0.1);
  Eigen::MatrixXd total = within;
  for (Eigen::Index k = 0; k < classes.means.rows(); ++k) {
    const Eigen::VectorXd gap = classes.means.row(k).transpose() - classes.centre;
    total += classes.shares[static_cast<std::size_t>(k)] * gap * gap.transpose();
  }
  const auto mahalanobis = scores("mahalanobis", training, fresh, {{"shrinkage", "0.1"}});
  const auto rmds = scores("rmds", training, fresh, {{"shrinkage", "0.1"}});
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    const Eigen::VectorXd x = row(fresh.features, i, kFeatures);
    double nearest = HUGE_VAL;
    for (Eigen::Index k = 0; k < classes.means.rows(); ++k) {
      const Eigen::VectorXd gap = x - classes.means.row(k).transpose();
      nearest = std::min(nearest, gap.dot(within.ldlt().solve(gap)));
    }
    const Eigen::VectorXd gap = x - classes.centre;
    EXPECT_NEAR(mahalanobis[i], -nearest, 1e-4 * nearest);
    EXPECT_NEAR(rmds[i], -(nearest - gap.dot(total.ldlt().solve(gap))), 2e-4 * nearest);
  }
}

TEST(GaussianScores, RelativeDistanceIsZeroWithOneClass) {
  const Classifier training = gaussian(300, 1, 1);
  for (const double score : scores("rmds", training, gaussian(50, 2, 1))) EXPECT_EQ(score, 0.0);
}

TEST(GaussianScores, WithinCovarianceByDefinition) {
  const Classifier training = gaussian(300, 1, 3);
  const Eigen::MatrixXd found = within_covariance(training.training(), kClasses);
  const ClassStatistics classes = class_statistics(training.training(), kClasses);
  Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(kFeatures, kFeatures);
  for (std::size_t i = 0; i < training.rows(); ++i) {
    const Eigen::VectorXd gap =
        row(training.features, i, kFeatures) -
        classes.means.row(static_cast<Eigen::Index>(training.labels[i])).transpose();
    expected += gap * gap.transpose() / 300.0;
  }
  EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), 1e-12);
}

// Independent unit normals: the population covariance is the shrinkage target, so the estimated
// weight is near 1; with very different variances and many samples it is near 0.
TEST(GaussianScores, LedoitWolfWeightKnowsWhenTheTargetIsRight) {
  Classifier training(200, 1);
  Philox random(8);
  for (float& value : training.features) value = static_cast<float>(random.normal());
  std::fill(training.labels.begin(), training.labels.end(), 0U);
  const auto weight = [&] {
    const Eigen::MatrixXd raw = within_covariance(training.training(), 1);
    const Eigen::MatrixXd shrunk = shrunk_within_covariance(training.training(), 1, -1.0);
    return 1.0 - shrunk(0, 1) / raw(0, 1);
  };
  EXPECT_GT(weight(), 0.8);
  for (std::size_t i = 0; i < training.features.size(); ++i) {
    training.features[i] *= static_cast<float>(1 + 5 * (i % kFeatures % 4));
  }
  EXPECT_LT(weight(), 0.2);
}

TEST(Vim, ResidualIsZeroInsideTheSubspaceAndTheDistanceOutside) {
  // Training features span the first three axes about the origin of a head without biases.
  Classifier training(500, 1);
  Philox random(4);
  std::fill(training.bias.begin(), training.bias.end(), 0.0F);
  for (std::size_t i = 0; i < training.features.size(); ++i) {
    training.features[i] = i % kFeatures < 3 ? static_cast<float>(random.normal()) : 0.0F;
  }
  training.apply_head();
  Vim vim(Vim::Config{.explained_share = 1.0, .dimensions = 3});
  vim.learn(training.training(), {kFeatures, kClasses});
  EXPECT_EQ(vim.residual_dimensions(), kFeatures - 3);
  Classifier samples = training;
  samples.features[kFeatures + 7] = 3.0F;  // Row 1: 5 away.
  samples.features[kFeatures + 9] = -4.0F;
  std::vector<double> norms(2);
  vim.residual_norms(samples.block(2), norms);
  EXPECT_NEAR(norms[0], 0.0, 1e-6);
  EXPECT_NEAR(norms[1], 5.0, 1e-5);
}

TEST(Vim, MeanVirtualLogitEqualsMeanGreatestLogit) {
  const Classifier training(400, 1);
  const auto energy = scores("energy", training, training);
  const auto greatest = scores("max_logit", training, training);
  const auto vim = scores("vim", training, training);
  double virtual_logit = 0.0;
  double logit = 0.0;
  for (std::size_t i = 0; i < vim.size(); ++i) {
    virtual_logit += energy[i] - vim[i];
    logit += greatest[i];
  }
  EXPECT_NEAR(virtual_logit / logit, 1.0, 1e-5);
}

TEST(Knn, AgreesWithBruteForce) {
  const Classifier training(300, 1);
  const Classifier fresh(70, 2);
  const auto found = scores("knn", training, fresh, {{"neighbours", "7"}});
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    const Eigen::VectorXd x = row(fresh.features, i, kFeatures).normalized();
    std::vector<double> distances;
    for (std::size_t b = 0; b < training.rows(); ++b) {
      distances.push_back((x - row(training.features, b, kFeatures).normalized()).norm());
    }
    std::sort(distances.begin(), distances.end());
    EXPECT_NEAR(found[i], -distances[6], 1e-6);
  }
}

TEST(Knn, ATrainingSampleIsItsOwnNearestNeighbourAtZero) {
  const Classifier training(300, 1);
  for (const double score : scores("knn", training, training, {{"neighbours", "1"}})) {
    EXPECT_EQ(score, 0.0);
  }
}

TEST(NnGuide, AgreesWithItsDefinition) {
  const Classifier training(200, 1);
  const Classifier fresh(30, 2);
  const auto found = scores("nnguide", training, fresh, {{"neighbours", "5"}, {"bank_share", "1"}});
  const auto energy = scores("energy", training, fresh);
  const auto bank = scores("energy", training, training);
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    std::vector<double> products;
    for (std::size_t b = 0; b < training.rows(); ++b) {
      products.push_back(bank[b] * row(fresh.features, i, kFeatures)
                                       .normalized()
                                       .dot(row(training.features, b, kFeatures).normalized()));
    }
    std::sort(products.rbegin(), products.rend());
    double sum = 0.0;
    for (int k = 0; k < 5; ++k) sum += products[static_cast<std::size_t>(k)];
    EXPECT_NEAR(found[i], energy[i] * sum / 5.0, 1e-3);
  }
}

TEST(ShapingScores, WithoutShapingTheyAreTheEnergy) {
  const Classifier training(200, 1);
  const Classifier fresh(40, 2);
  const auto energy = scores("energy", training, fresh);
  const auto react = scores("react", training, fresh, {{"clip", "1e30"}});
  const auto dice = scores("dice", training, fresh, {{"percentile", "0"}});
  for (std::size_t i = 0; i < energy.size(); ++i) {
    EXPECT_NEAR(react[i], energy[i], 1e-4);
    EXPECT_NEAR(dice[i], energy[i], 1e-4);
  }
}

TEST(ShapingScores, ReactClipsAtThePercentileOfAllActivations) {
  Classifier training(1, 1);
  for (std::size_t j = 0; j < kFeatures; ++j) training.features[j] = static_cast<float>(j);
  React react(React::Config{});
  react.learn(training.training(), {kFeatures, kClasses});
  EXPECT_NEAR(react.clip(), 0.9 * 23.0, 1e-5);  // numpy.percentile(range(24), 90) = 20.7
}

/// A head that adds all features up into one class of two, the other always 0.
struct Summing {
  std::vector<float> weight = std::vector<float>(8, 0.0F);
  std::vector<float> bias = std::vector<float>(2, 0.0F);
  std::vector<float> sample{1.0F, 2.0F, 3.0F, 4.0F};
  Summing() { std::fill(weight.begin(), weight.begin() + 4, 1.0F); }
  double score(std::string_view name, const Params& params) const {
    const TrainingSet training{math::matrix_view(sample.data(), 1, 4),
                               {},
                               {},
                               {math::matrix_view(weight.data(), 2, 4), bias}};
    return fit(name, training, params).score({training.features, {}})[0];
  }
};

TEST(ShapingScores, AshAndScaleByHand) {
  const Summing head;
  const auto energy = [](double logit) { return std::log(std::exp(logit) + 1.0); };
  // Half pruned: sums 10 and 7.
  EXPECT_NEAR(head.score("ash_s", {{"percentile", "50"}}), energy(7.0 * std::exp(10.0 / 7.0)),
              1e-4);
  EXPECT_NEAR(head.score("scale", {{"percentile", "50"}}), energy(10.0 * std::exp(10.0 / 7.0)),
              1e-4);
  EXPECT_NEAR(head.score("ash_s", {{"percentile", "0"}}), energy(10.0 * std::exp(1.0)), 1e-4);
}

TEST(ShapingScores, DiceKeepsTheGreatestContributions) {
  const Summing head;
  // Contributions 1, 2, 3, 4 and four zeros: three quarters of eight pruned leave 3 and 4.
  EXPECT_NEAR(head.score("dice", {{"percentile", "75"}}), std::log(std::exp(7.0) + 1.0), 1e-4);
}

/// Numerical gradient of −Σ ln softmax(W·x + b) with respect to W, in double precision.
TEST(HeadScores, GradNormEqualsTheFiniteDifferenceGradient) {
  const Classifier samples(3, 6);
  const auto found = scores("grad_norm", samples, samples);
  for (std::size_t i = 0; i < samples.rows(); ++i) {
    const auto loss = [&](std::size_t at, double step) {
      std::vector<double> logits(kClasses);
      double sum = 0.0;
      double linear = 0.0;
      for (std::size_t c = 0; c < kClasses; ++c) {
        logits[c] = static_cast<double>(samples.logits[i * kClasses + c]);
        if (at / kFeatures == c) {
          logits[c] += step * static_cast<double>(samples.features[i * kFeatures + at % kFeatures]);
        }
        sum += std::exp(logits[c]);
        linear += logits[c];
      }
      return static_cast<double>(kClasses) * std::log(sum) - linear;
    };
    double norm = 0.0;
    for (std::size_t at = 0; at < samples.weight.size(); ++at) {
      norm += std::abs(loss(at, 1e-5) - loss(at, -1e-5)) / 2e-5;
    }
    EXPECT_NEAR(found[i], norm, 1e-4 * norm);
  }
}

// Moving the features along the weight gap by the distance makes the two logits equal.
TEST(HeadScores, FdbdDistanceEndsOnTheBoundary) {
  Classifier samples(20, 6);
  Fdbd fdbd(Fdbd::Config{});
  fdbd.learn(samples.training(), {kFeatures, kClasses});
  for (std::size_t i = 0; i < samples.rows(); ++i) {
    const std::span logits(&samples.logits[i * kClasses], kClasses);
    const std::size_t own = argmax(logits);
    double sum = 0.0;
    for (std::size_t c = 0; c < kClasses; ++c) {
      if (c == own) continue;
      const Eigen::VectorXd gap =
          row(samples.weight, own, kFeatures) - row(samples.weight, c, kFeatures);
      const double margin = static_cast<double>(logits[own]) - static_cast<double>(logits[c]);
      const double distance = margin / gap.norm();
      // The step of that length towards class c uses the margin up.
      EXPECT_NEAR(margin - gap.dot(distance * gap.normalized()), 0.0, 1e-9);
      sum += distance;
    }
    EXPECT_NEAR(fdbd.boundary_distance(logits), sum / 4.0, 1e-6);
  }
  const auto found = scores("fdbd", samples, samples);
  Eigen::VectorXd centre = Eigen::VectorXd::Zero(kFeatures);
  for (std::size_t i = 0; i < 20; ++i) centre += row(samples.features, i, kFeatures) / 20.0;
  const std::span first(samples.logits.data(), kClasses);
  EXPECT_NEAR(found[0],
              fdbd.boundary_distance(first) / (row(samples.features, 0, kFeatures) - centre).norm(),
              1e-6);
}

TEST(HeadScores, NciAndSheByDefinition) {
  const Classifier training(200, 1);
  const auto nci = scores("nci", training, training, {{"norm_weight", "0.5"}});
  const auto she = scores("she", training, training);
  Eigen::VectorXd centre = Eigen::VectorXd::Zero(kFeatures);
  Eigen::MatrixXd patterns = Eigen::MatrixXd::Zero(kClasses, kFeatures);
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(kClasses);
  const auto predicted = [&](std::size_t i) {
    return argmax(std::span(&training.logits[i * kClasses], kClasses));
  };
  for (std::size_t i = 0; i < training.rows(); ++i) {
    centre += row(training.features, i, kFeatures) / 200.0;
    if (predicted(i) != training.labels[i]) continue;
    const auto c = static_cast<Eigen::Index>(predicted(i));
    patterns.row(c) += row(training.features, i, kFeatures).transpose();
    counts(c) += 1.0;
  }
  for (std::size_t i = 0; i < training.rows(); ++i) {
    const Eigen::VectorXd x = row(training.features, i, kFeatures);
    const Eigen::VectorXd weight = row(training.weight, predicted(i), kFeatures);
    const auto c = static_cast<Eigen::Index>(predicted(i));
    EXPECT_NEAR(nci[i], (x - centre).normalized().dot(weight) + 0.5 * x.lpNorm<1>(), 1e-5);
    EXPECT_NEAR(she[i], x.dot(patterns.row(c).transpose()) / counts(c), 1e-3);
  }
}

TEST(Choose, TakesAScoreThatFindsErrorsAndNamesWhy) {
  const Classifier training(600, 1);
  Classifier held_out(600, 2);
  // Sixty samples between two classes, half of them therefore wrong.
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::size_t c = 0; c < kClasses; ++c) {
      held_out.logits[i * kClasses + c] = c == held_out.labels[i] ? 1.0F : 0.0F;
    }
    held_out.logits[i * kClasses + (held_out.labels[i] + 1) % kClasses] = 1.02F;
  }
  const std::vector<Scorer> candidates{fit("msp", training.training()),
                                       fit("mahalanobis", training.training())};
  const Choice choice = choose(candidates, held_out.batch(), held_out.labels);
  EXPECT_EQ(choice.name, "msp");
  EXPECT_GT(choice.candidates.front().error_auroc, 0.95);
  EXPECT_NE(choice.reason.find("60 errors"), std::string::npos);
}

TEST(Choose, FallsBackWhenThereAreTooFewErrors) {
  Classifier held_out(300, 2);
  for (std::size_t i = 0; i < held_out.rows(); ++i) {
    held_out.logits[i * kClasses + held_out.labels[i]] += 50.0F;
  }
  const std::vector<Scorer> candidates{fit("energy", held_out.training())};
  const Choice choice = choose(candidates, held_out.batch(), held_out.labels, "energy");
  EXPECT_EQ(choice.name, "energy");
  EXPECT_NE(choice.reason.find("too few"), std::string::npos);
}

}  // namespace
}  // namespace emdyn::provoke::ood
