#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/detect/contract/test_streams.hpp"
#include "emdyn/detect/registry.hpp"

namespace emdyn::detect::test {
long allocation_count() noexcept;  // allocation_counter_test.cpp
}  // namespace emdyn::detect::test

namespace emdyn::detect {
namespace {

std::vector<double> scores(AnyDetector& detector, std::span<const double> stream,
                           std::size_t block = 256) {
  std::vector<double> found(stream.size());
  for (std::size_t start = 0; start < stream.size(); start += block) {
    const std::size_t count = std::min(block, stream.size() - start);
    detector.score(stream.subspan(start, count), std::span(found).subspan(start, count));
  }
  return found;
}

/// What every registered detector owes its callers.
class DetectorContract : public testing::TestWithParam<Entry> {
 protected:
  std::unique_ptr<AnyDetector> fresh() const { return GetParam().make({}); }
  std::vector<double> stream(double sign = 1.0) const {
    if (GetParam().name == "matrix_profile") return test::broken_rhythm(7, sign);
    if (GetParam().name == "norm_growth") return test::growing(7, sign);
    if (GetParam().name == "frozen") return test::standing(7, sign);
    if (GetParam().name == "plateau") return test::levelling(7, sign);
    if (GetParam().name == "schedule") return test::stepping(sign);
    return test::shifted(GetParam().domain, 7, sign);
  }
};

TEST_P(DetectorContract, DescribesItself) {
  EXPECT_FALSE(GetParam().summary.empty());
  EXPECT_FALSE(GetParam().paper.empty());
  EXPECT_FALSE(GetParam().cost.empty());
  const Json fields = GetParam().fields();
  ASSERT_FALSE(fields.empty());
  for (const Json& field : fields) EXPECT_FALSE(field.at("help").get<std::string>().empty());
}

TEST_P(DetectorContract, ScoresALargeChangeAboveOne) {
  const auto found = scores(*fresh(), stream());
  EXPECT_GT(*std::max_element(found.begin() + 2048, found.end()), 1.0);
}

// Each detector has its own rate of chance alarms; rearmed after each, none may shout all the time.
TEST_P(DetectorContract, IsMostlyCalmBeforeTheChange) {
  const auto detector = fresh();
  int alarms = 0;
  const auto all = stream();
  for (const double sample : std::span(all).first(2048)) {
    if (detector->update(sample) <= 1.0) continue;
    ++alarms;
    detector->rearm();
  }
  EXPECT_LE(alarms, 2048 / 20);
}

TEST_P(DetectorContract, DoesNotDependOnHowTheStreamIsCut) {
  const auto whole = scores(*fresh(), stream(), 4096);
  for (const std::size_t block : {1UL, 7UL, 256UL}) {
    EXPECT_EQ(scores(*fresh(), stream(), block), whole);
  }
}

// Causal honesty: what comes later never changes an earlier score.
TEST_P(DetectorContract, SeesOnlyThePast) {
  const auto all = stream();
  const auto whole = scores(*fresh(), all);
  Philox random(11);
  for (int trial = 0; trial < 12; ++trial) {
    const std::size_t cut = 1 + random.below(4095);
    auto altered = all;
    for (std::size_t i = cut; i < altered.size(); ++i) altered[i] = random.below(2);
    const auto found = scores(*fresh(), altered);
    EXPECT_TRUE(
        std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(cut), whole.begin()))
        << "cut at " << cut;
  }
}

TEST_P(DetectorContract, ResetsToFresh) {
  for (const double sign : {1.0, -1.0}) {  // Mirrored, so both sides are used.
    const auto used = fresh();
    (void)scores(*used, stream(sign));
    used->reset();
    EXPECT_EQ(used->evidence(), fresh()->evidence());
    EXPECT_EQ(used->ready(), fresh()->ready());
    EXPECT_EQ(scores(*used, stream(sign)), scores(*fresh(), stream(sign)));
  }
}

TEST_P(DetectorContract, EvidenceAgreesWithTheScore) {
  const auto detector = fresh();
  for (const double sample : stream()) {
    const double score = detector->update(sample);
    const Evidence evidence = detector->evidence();
    ASSERT_EQ(evidence.score, score);
    ASSERT_GE(evidence.onset_earliest_ago, evidence.onset_samples_ago);
    ASSERT_LE(evidence.onset_latest_ago, evidence.onset_samples_ago);
    if (!detector->ready()) {
      ASSERT_EQ(score, 0.0);
    }
    if (const auto p = detector->p_value()) {
      ASSERT_GE(*p, 0.0);
      ASSERT_LE(*p, 1.0);
    }
  }
}

TEST_P(DetectorContract, RearmKeepsTheBaseline) {
  const auto detector = fresh();
  const auto all = stream();
  (void)scores(*detector, std::span(all).first(1500));
  const bool ready = detector->ready();
  detector->rearm();
  EXPECT_EQ(detector->ready(), ready);
}

TEST_P(DetectorContract, NeverScoresNaNOnHostileInput) {
  std::vector<double> hostile;
  const auto repeat = [&](double value, int count) {
    hostile.insert(hostile.end(), static_cast<std::size_t>(count), value);
  };
  Philox random(3);
  for (const double value : {0.0, 1e300, -1e300, 5e-324, 1.0, 1.0 + 1e-15, 1e-160, 0.5, 1e155}) {
    repeat(value, 150);
    for (int i = 0; i < 150; ++i) hostile.push_back(value * random.normal());
    for (int i = 0; i < 150; ++i) hostile.push_back(random.below(2) * value);
    for (int i = 0; i < 150; ++i) hostile.push_back(random.below(3));
  }
  for (double& value : hostile) value = std::clamp(value, -1e300, 1e300);
  const auto detector = fresh();
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    const double score = detector->update(hostile[i]);
    ASSERT_TRUE(std::isfinite(score)) << "sample " << i << " = " << hostile[i];
    ASSERT_GE(score, 0.0);
    if (i % 997 == 996) detector->rearm();
    if (i % 1009 == 1008) detector->skip(1000);
  }
}

TEST_P(DetectorContract, ASingleSampleIsNoAlarm) {
  for (const double value : {0.0, 1.0, -7.5, 5e-324, 1e300, -1e300}) {
    const auto detector = fresh();
    EXPECT_LE(detector->update(value), 1.0) << value;
    EXPECT_EQ(detector->evidence().onset_earliest_ago, 0U) << value;
  }
}

// Non-finite samples reach a detector as skip(): bursts of them and irregular gaps break nothing.
TEST_P(DetectorContract, OutlivesBurstsOfMissingSamples) {
  const auto detector = fresh();
  Philox random(13);
  const auto all = stream();
  bool ready = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double score = detector->update(all[i]);
    ASSERT_TRUE(std::isfinite(score) && score >= 0.0) << i;
    ready = ready || detector->ready();
    if (i % 100 == 99) {
      for (int missing = 0; missing < 17; ++missing) detector->skip(1);
    }
    if (random.uniform() < 0.002) detector->skip(1 + random.below(200));
  }
  EXPECT_TRUE(ready);
}

// A counter that grows by whole numbers, often by none, and starts again from zero.
TEST_P(DetectorContract, SurvivesCounterResetsAndTies) {
  const auto detector = fresh();
  Philox random(14);
  double counter = 4294960000.0;
  for (int i = 0; i < 4000; ++i) {
    counter += random.below(4) == 0 ? random.below(5) : 0;
    if (i % 700 == 699) counter = 0.0;
    const double score = detector->update(counter);
    ASSERT_TRUE(std::isfinite(score) && score >= 0.0) << i;
  }
}

TEST_P(DetectorContract, IsCalmOnAConstant) {
  const auto detector = fresh();
  const double value = GetParam().domain == Domain::binary ? 0.0 : 1.0;
  for (int i = 0; i < 3000; ++i) ASSERT_LE(detector->update(value), 1.0) << "sample " << i;
}

TEST_P(DetectorContract, AllocatesNothingAfterConstruction) {
  const auto all = stream();
  std::vector<double> found(all.size());
  const auto detector = fresh();
  const auto copy = detector->clone();
  for (AnyDetector* each : {detector.get(), copy.get()}) {
    const long before = test::allocation_count();
    each->score(all, found);
    each->rearm();
    each->score(all, found);
    each->skip(10);
    (void)each->evidence();
    (void)each->p_value();
    each->reset();
    each->score(all, found);
    EXPECT_EQ(test::allocation_count(), before);
  }
}

TEST_P(DetectorContract, SnapshotRestoresAndReplaysBitExactly) {
  const auto all = stream();
  Philox random(5);
  for (int trial = 0; trial < 6; ++trial) {
    const std::size_t cut = trial == 0 ? 0 : 1 + random.below(4000);
    const auto first = fresh();
    (void)scores(*first, std::span(all).first(cut));
    const auto second = restore(snapshot(*first));
    EXPECT_EQ(second->config(), first->config());
    EXPECT_EQ(second->evidence(), first->evidence());
    const auto rest = std::span(all).subspan(cut);
    EXPECT_EQ(scores(*second, rest), scores(*first, rest));
    EXPECT_EQ(snapshot(*second), snapshot(*first));
  }
}

// Altered bytes are refused; and were the checksum forged, loading them must still be harmless.
TEST_P(DetectorContract, RefusesOrSurvivesAlteredSnapshots) {
  const auto all = stream();
  const auto detector = fresh();
  (void)scores(*detector, std::span(all).first(3000));
  const auto good = snapshot(*detector);
  Philox random(17);
  for (int trial = 0; trial < 300; ++trial) {
    auto bytes = good;
    const int kind = trial % 3;
    if (kind == 0) {
      bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
    } else {
      for (int i = 0; i < 4; ++i) {
        const auto at = random.below(static_cast<std::uint32_t>(bytes.size() - 8));
        bytes[at] = static_cast<std::byte>(random.below(256));
      }
    }
    if (bytes == good) continue;
    if (kind != 2) {
      EXPECT_THROW((void)restore(bytes), DataError);
      continue;
    }
    StateWriter sum;
    sum(checksum(std::span(bytes).first(bytes.size() - 8)));
    std::copy(sum.bytes().begin(), sum.bytes().end(), bytes.end() - 8);
    try {
      const auto forged = restore(bytes);
      for (const double sample : std::span(all).first(300)) {
        ASSERT_FALSE(std::isnan(forged->update(sample)));
      }
      forged->reset();
    } catch (const DataError&) {
    }
  }
}

TEST_P(DetectorContract, RejectsAnUnknownParameter) {
  EXPECT_THROW(GetParam().make({{"no_such_parameter", "1"}}), ConfigError);
}

TEST_P(DetectorContract, RejectsValuesOutOfRange) {
  for (const Json& field : GetParam().fields()) {
    const auto name = field.at("name").get<std::string>();
    EXPECT_THROW(GetParam().make({{name, "sideways"}}), ConfigError) << name;
    EXPECT_THROW(GetParam().make({{name, "nan"}}), ConfigError) << name;
    if (field.contains("high")) {
      EXPECT_THROW(GetParam().make({{name, "1e301"}}), ConfigError) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DetectorContract,
                         testing::ValuesIn(entries().begin(), entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(DetectorRegistry, IsSortedAndUnique) {
  EXPECT_TRUE(std::ranges::is_sorted(entries(), std::less_equal{}, &Entry::name));
}

TEST(DetectorRegistry, OffersTheNearestName) {
  try {
    (void)make_detector("cussum");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("cusum"), std::string::npos);
  }
}

TEST(DetectorRegistry, RefusesBytesOfAnotherVersion) {
  auto bytes = snapshot(*make_detector("cusum"));
  bytes[8] = std::byte{200};
  EXPECT_THROW((void)restore(bytes), DataError);
  EXPECT_THROW((void)restore({}), DataError);
}

}  // namespace
}  // namespace emdyn::detect
