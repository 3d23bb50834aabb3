#include "emdyn/emergence/mirage/mirage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/mirage/synthetic_pairs.hpp"

namespace emdyn::emergence::mirage {
namespace {

using ::testing::HasSubstr;

/// p along u with exact match of L tokens and the log-likelihood of one.
struct Pair {
  MetricSeries graded{"exact_match", MetricKind::graded, {}, {}, {}};
  MetricSeries continuous{"log_likelihood", MetricKind::log_likelihood, {}, {}, {}};
};
template <class F>
Pair make(int points, double tokens, F&& p) {
  Pair pair;
  for (int i = 0; i < points; ++i) {
    const double u = static_cast<double>(i) / (points - 1), at = std::pow(10.0, 6.0 + 3.0 * u);
    // A wobble of half a percent instead of random noise.
    const double here = p(u) * (1.0 + .005 * std::sin(17.0 * i));
    pair.graded.positions.push_back(at);
    pair.graded.values.push_back(std::pow(p(u), tokens));
    pair.continuous.positions.push_back(at);
    pair.continuous.values.push_back(std::log(here));
  }
  return pair;
}
double smooth(double u) { return .2 + .79 / (1.0 + std::exp(-(u - .3) * 4.394 / .8)); }
double jump(double u) { return u > .6 ? .95 : .3; }

TEST(Mirage, SmoothProbabilityUnderExactMatchIsAnArtefact) {
  for (const double tokens : {20.0, 40.0}) {
    const Pair pair = make(24, tokens, smooth);
    const Judgement judged = judge(pair.graded, &pair.continuous, series::Axis::parameters);
    EXPECT_EQ(judged.verdict, MirageVerdict::artefact) << describe(judged);
    ASSERT_TRUE(judged.composition);
    EXPECT_NEAR(judged.composition->tokens.estimate, tokens, .05 * tokens);
    EXPECT_GT(judged.composition->explained, .98);
    EXPECT_THAT(describe(judged), HasSubstr("artefact"));
  }
}

TEST(Mirage, JumpInBothIsReal) {
  const Pair pair = make(24, 5, jump);
  const Judgement judged = judge(pair.graded, &pair.continuous, series::Axis::parameters);
  EXPECT_EQ(judged.verdict, MirageVerdict::real) << describe(judged);
  EXPECT_GT(std::abs(*judged.share), .7);
  EXPECT_LE(judged.place->low, std::pow(10.0, 6 + 3 * .61));
  EXPECT_GE(judged.place->high, std::pow(10.0, 6 + 3 * .59));
  const series::Mirage record = judged.record();
  EXPECT_EQ(record.verdict, "real");
  EXPECT_EQ(record.metric, "log_likelihood");
  EXPECT_GT(*record.evidence, 2.0);
}

TEST(Mirage, OnlyTheGradedMetricIsUndecidedWithAdvice) {
  const Pair pair = make(24, 20, smooth);
  const Judgement judged = judge(pair.graded, nullptr, series::Axis::step, {.items = 50});
  EXPECT_EQ(judged.verdict, MirageVerdict::undecided);
  EXPECT_EQ(judged.reason, Reason::no_continuous_metric);
  EXPECT_THAT(judged.advice, HasSubstr("measure the log-likelihood"));
  EXPECT_THAT(judged.advice, HasSubstr("items"));
  EXPECT_GT(*judged.resolution.items_needed, 50);
  EXPECT_LT(*judged.resolution.power, .9);
}

TEST(Mirage, KnownLengthIsTested) {
  const Pair pair = make(24, 20, smooth);
  const Judgement right =
      judge(pair.graded, &pair.continuous, series::Axis::step, {.answer_tokens = 20, .items = 200});
  const Judgement wrong =
      judge(pair.graded, &pair.continuous, series::Axis::step, {.answer_tokens = 3, .items = 200});
  EXPECT_GT(*right.composition->known_p_value, .05);
  EXPECT_LT(*wrong.composition->known_p_value, 1e-6);
}

TEST(Mirage, FlatMetricsDecideNothing) {
  Pair pair = make(20, 5, jump);
  pair.continuous.values.assign(20, -1.0);
  EXPECT_EQ(judge(pair.graded, &pair.continuous, series::Axis::step).reason,
            Reason::continuous_flat);
  pair.graded.values.assign(20, 0.0);
  EXPECT_EQ(judge(pair.graded, &pair.continuous, series::Axis::step).reason, Reason::no_change);
}

TEST(Mirage, FivePointsGetABayesFactor) {
  const Pair pair = make(5, 5, jump);
  const Judgement judged = judge(pair.graded, &pair.continuous, series::Axis::parameters);
  ASSERT_TRUE(judged.evidence);
  EXPECT_TRUE(std::isfinite(*judged.evidence));
  EXPECT_GT(*judged.evidence, 0.0);
  const Pair three = make(3, 5, jump);
  EXPECT_EQ(judge(three.graded, &three.continuous, series::Axis::step).reason,
            Reason::too_few_points);
}

TEST(Mirage, OrderDuplicatesAndGapsChangeNothing) {
  const Pair pair = make(24, 20, smooth);
  const double before = *judge(pair.graded, &pair.continuous, series::Axis::step).evidence;
  Pair shuffled = pair;
  for (MetricSeries* metric : {&shuffled.graded, &shuffled.continuous}) {
    std::reverse(metric->positions.begin(), metric->positions.end());
    std::reverse(metric->values.begin(), metric->values.end());
    metric->positions.push_back(metric->positions[3]);
    metric->values.push_back(metric->values[3]);
    metric->positions.push_back(5.0);
    metric->values.push_back(std::numeric_limits<double>::quiet_NaN());
  }
  const Judgement judged = judge(shuffled.graded, &shuffled.continuous, series::Axis::step);
  EXPECT_NEAR(*judged.evidence, before, 1e-9);
  EXPECT_EQ(judged.notes.size(), 4u);
}

TEST(Mirage, RefusesKindsThatDoNotFit) {
  Pair pair = make(8, 5, jump);
  EXPECT_THROW(judge(pair.continuous, nullptr, series::Axis::step), ConfigError);
  EXPECT_THROW(judge(pair.graded, &pair.graded, series::Axis::step), ConfigError);
  EXPECT_THROW(judge(pair.graded, nullptr, series::Axis::step, {.chance = 1.0}), ConfigError);
  series::Signal odd{.name = "zeta"}, graded{.name = "acc"};
  EXPECT_THROW(judge(graded, &odd), DataError);
}

TEST(Mirage, JsonHasEveryFieldAndNullsForWhatWasNotComputed) {
  const Pair pair = make(12, 5, jump);
  const Json json = judge(pair.graded, nullptr, series::Axis::flops);
  EXPECT_EQ(json["verdict"], "undecided");
  EXPECT_TRUE(json["evidence"].is_null());
  EXPECT_TRUE(json["composition"].is_null());
  EXPECT_EQ(json["axis"], "flops");
  EXPECT_TRUE(json["resolution"]["items_needed"].is_number());
}

/// right, wrong, undecided of one kind.
struct Count {
  int right = 0, wrong = 0, undecided = 0;
};

// EMDYN_MIRAGE_PAIRS=1000 gives the table of docs/mirage_and_scale.md.
TEST(Mirage, SyntheticPairs) {
  const char* given = std::getenv("EMDYN_MIRAGE_PAIRS");
  const auto pairs = static_cast<std::size_t>(given != nullptr ? std::atoi(given) : 160);
  const char* seed_given = std::getenv("EMDYN_MIRAGE_SEED");
  const auto seed = static_cast<std::uint64_t>(seed_given != nullptr ? std::atoi(seed_given) : 1);
  std::vector<Judgement> judged(pairs);
  parallel_for(pairs, [&](std::size_t i) {
    const SyntheticPair pair = synthetic_pair(seed, i);
    judged[i] = judge(pair.graded, &pair.continuous, series::Axis::step,
                      {.items = pair.items, .chance = pair.chance});
  });
  std::array<Count, kPairKinds> counts{};
  Count all;
  int false_real = 0, artefacts = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const SyntheticPair pair = synthetic_pair(seed, i);
    Count& count = counts[static_cast<std::size_t>(pair.kind)];
    const MirageVerdict verdict = judged[i].verdict;
    for (Count* each : {&count, &all}) {
      if (verdict == MirageVerdict::undecided)
        ++each->undecided;
      else if (verdict == pair.truth)
        ++each->right;
      else
        ++each->wrong;
    }
    if (pair.truth == MirageVerdict::artefact) {
      ++artefacts;
      false_real += verdict == MirageVerdict::real ? 1 : 0;
    }
    if (std::getenv("EMDYN_MIRAGE_WRONG") != nullptr && verdict != MirageVerdict::undecided &&
        verdict != pair.truth) {
      std::printf(
          "%zu %s n=%zu %s %s L=%g items=%g lnBF=%.2f kink=%.2f share=%.2f phi=%.2f w=%.2f\n", i,
          std::string(word(pair.kind)).c_str(), pair.graded.values.size(),
          pair.continuous.name.c_str(), pair.noise.c_str(), pair.tokens, pair.items,
          *judged[i].evidence, *judged[i].kink, *judged[i].share, 0.0, 0.0);
    }
  }
  for (std::size_t k = 0; k < kPairKinds; ++k) {
    std::printf("%-16s right %d wrong %d undecided %d\n",
                std::string(word(static_cast<PairKind>(k))).c_str(), counts[k].right,
                counts[k].wrong, counts[k].undecided);
  }
  std::printf("all: right %d wrong %d undecided %d; false real %d of %d\n", all.right, all.wrong,
              all.undecided, false_real, artefacts);
  EXPECT_GE(all.right, 0.95 * (all.right + all.wrong));
  EXPECT_LE(false_real, 0.05 * artefacts);
  EXPECT_GE(all.right + all.wrong, 0.5 * static_cast<double>(pairs));
}

}  // namespace
}  // namespace emdyn::emergence::mirage
