#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/ood/registry.hpp"
#include "emdyn/provoke/ood/test_classifier.hpp"

namespace emdyn::provoke::ood {
namespace {

/// What every registered score owes its callers.
class ScoreContract : public testing::TestWithParam<ScoreEntry> {
 protected:
  ScoreContract() : training_(600, 1), fresh_(150, 2) {}
  Scorer fitted() const { return fit(GetParam().name, training_.training()); }
  test::Classifier training_;
  test::Classifier fresh_;
};

TEST_P(ScoreContract, DescribesItself) {
  EXPECT_FALSE(GetParam().summary.empty());
  EXPECT_FALSE(GetParam().paper.empty());
  EXPECT_FALSE(GetParam().cost.empty());
  const Inputs needs = GetParam().score_needs;
  EXPECT_TRUE(needs.features || needs.logits);
  EXPECT_FALSE(needs.labels || needs.head);
  for (const Json& field : GetParam().fields()) {
    EXPECT_FALSE(field.at("help").get<std::string>().empty());
  }
}

// The one convention: in-distribution samples score higher.
TEST_P(ScoreContract, InDistributionScoresHigher) {
  const Scorer scorer = fitted();
  const auto in = scorer.score(fresh_.batch());
  const test::Classifier strange = test::Classifier::strange(150, 3);
  const auto out = scorer.score(strange.batch());
  double right = 0.0;
  for (const double a : in) {
    for (const double b : out) right += a > b ? 1.0 : a == b ? 0.5 : 0.0;
  }
  EXPECT_GT(right / static_cast<double>(in.size() * out.size()), 0.6);
}

TEST_P(ScoreContract, ABatchEqualsOneAtATime) {
  const Scorer scorer = fitted();
  const auto all = scorer.score(fresh_.batch());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(scorer.score(fresh_.row(i)), std::vector<double>{all[i]}) << "row " << i;
  }
}

TEST_P(ScoreContract, DoesNotDependOnTheNumberOfThreads) {
  std::vector<std::vector<double>> found;
  std::vector<std::vector<std::byte>> bytes;
  for (const std::size_t threads : {1U, 4U}) {
    const ThreadLimit limit(threads);
    const Scorer scorer = fitted();
    found.push_back(scorer.score(fresh_.batch()));
    bytes.push_back(scorer.serialise());
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_P(ScoreContract, IsFiniteOnExtremeInputs) {
  const Scorer scorer = fitted();
  const float most = std::numeric_limits<float>::max();
  for (const float value : {0.0F, 1e-45F, 1e-30F, 1e30F, -1e30F, most, -most}) {
    const test::Classifier extreme = test::Classifier::constant(70, value);
    for (const double score : scorer.score(extreme.batch())) EXPECT_TRUE(std::isfinite(score));
  }
}

TEST_P(ScoreContract, ARowThatIsNotFiniteGetsTheLowestScoreAndSpoilsNoOther) {
  const Scorer scorer = fitted();
  const auto before = scorer.score(fresh_.batch());
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF}) {
    test::Classifier spoilt = fresh_;
    spoilt.features[3 * test::kFeatures + 5] = bad;
    spoilt.logits[3 * test::kClasses + 2] = bad;
    auto after = scorer.score(spoilt.batch());
    EXPECT_EQ(after[3], kLowestScore);
    after[3] = before[3];
    EXPECT_EQ(after, before);
  }
}

TEST_P(ScoreContract, RestoresBitExactly) {
  const Scorer first = fitted();
  const Scorer second = restore(first.serialise());
  EXPECT_EQ(second.name(), first.name());
  EXPECT_EQ(second.config(), first.config());
  EXPECT_EQ(second.shape(), first.shape());
  EXPECT_EQ(second.score(fresh_.batch()), first.score(fresh_.batch()));
  EXPECT_EQ(second.serialise(), first.serialise());
}

// Altered bytes are refused; and were the checksum forged, using them must still be harmless.
TEST_P(ScoreContract, RefusesOrSurvivesAlteredBytes) {
  const auto good = fitted().serialise();
  Philox random(17);
  for (int trial = 0; trial < 200; ++trial) {
    auto bytes = good;
    if (trial % 2 == 0) {
      bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
      EXPECT_THROW((void)restore(bytes), DataError);
      continue;
    }
    for (int i = 0; i < 3; ++i) {  // Near the front, where the lengths are.
      const auto at =
          random.below(static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size() - 8, 300)));
      bytes[at] = static_cast<std::byte>(random.below(256));
    }
    if (bytes == good) continue;
    EXPECT_THROW((void)restore(bytes), DataError);
    test::forge_checksum(bytes);
    try {
      const Scorer forged = restore(bytes);
      if (forged.shape() == fitted().shape()) (void)forged.score(fresh_.batch());
    } catch (const DataError&) {
    }
  }
}

TEST_P(ScoreContract, RefusesWrongShapes) {
  const Scorer scorer = fitted();
  ScoredBatch batch = fresh_.batch();
  batch.features.columns -= 1;
  batch.logits.columns -= 1;
  EXPECT_THROW((void)scorer.score(batch), DataError);
  EXPECT_THROW((void)scorer.score(ScoredBatch{Matrix{}, Matrix{nullptr, 3, 0, 0, 1}}), DataError);
  std::vector<double> wrong(7);
  EXPECT_THROW(scorer.score(fresh_.batch(), wrong), DataError);
}

TEST_P(ScoreContract, RefusesATrainingSetThatLacksWhatItNeeds) {
  const Inputs needs = GetParam().fit_needs;
  const auto refuse = [&](auto alter) {
    TrainingSet training = training_.training();
    alter(training);
    EXPECT_THROW((void)GetParam().fit(training, {}), DataError);
  };
  if (needs.features) refuse([](TrainingSet& t) { t.features = {}; });
  if (needs.logits) refuse([](TrainingSet& t) { t.logits.rows -= 1; });
  if (needs.labels) refuse([](TrainingSet& t) { t.labels = t.labels.first(5); });
  if (needs.head) refuse([](TrainingSet& t) { t.head.bias = t.head.bias.first(2); });
  test::Classifier spoilt = training_;
  spoilt.features[7] = NAN;
  spoilt.logits[7] = NAN;
  if (needs.features || needs.logits) {
    EXPECT_THROW((void)GetParam().fit(spoilt.training(), {}), DataError);
  }
  spoilt = training_;
  spoilt.labels[4] = 99;
  if (needs.labels) {
    EXPECT_THROW((void)GetParam().fit(spoilt.training(), {}), DataError);
  }
}

TEST_P(ScoreContract, RejectsBadParameters) {
  EXPECT_THROW((void)GetParam().fit(training_.training(), {{"no_such", "1"}}), ConfigError);
  for (const Json& field : GetParam().fields()) {
    const auto name = field.at("name").get<std::string>();
    for (const char* text : {"sideways", "nan", "1e301"}) {
      EXPECT_THROW((void)GetParam().fit(training_.training(), {{name, text}}), ConfigError);
    }
  }
}

TEST_P(ScoreContract, AnEmptyBatchGivesNothing) {
  ScoredBatch batch = fresh_.batch();
  batch.features.rows = batch.logits.rows = 0;
  EXPECT_TRUE(fitted().score(batch).empty());
}

INSTANTIATE_TEST_SUITE_P(Every, ScoreContract,
                         testing::ValuesIn(entries().begin(), entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(ScoreRegistry, IsSortedAndUnique) {
  EXPECT_TRUE(std::ranges::is_sorted(entries(), std::less_equal{}, &ScoreEntry::name));
}

TEST(ScoreRegistry, OffersTheNearestName) {
  try {
    (void)find_entry("mahalanobbis");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"mahalanobis\""), std::string::npos);
  }
}

TEST(ScoreRegistry, RefusesBytesOfAnotherVersion) {
  auto bytes = fit("msp", test::Classifier(20, 1).training()).serialise();
  bytes[8] = std::byte{200};
  EXPECT_THROW((void)restore(bytes), DataError);
  EXPECT_THROW((void)restore({}), DataError);
}

}  // namespace
}  // namespace emdyn::provoke::ood
