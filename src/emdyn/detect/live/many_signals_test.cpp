#include "emdyn/detect/live/many_signals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"

namespace emdyn::detect {
namespace {

/// Rows of `signals` samples of different level and scale; signal 3 shifts half way.
std::vector<double> block(std::size_t signals, std::size_t rows, std::uint64_t seed = 1) {
  Philox random(seed);
  std::vector<double> samples(signals * rows);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < signals; ++i) {
      const double scale = 1.0 + static_cast<double>(i);
      const double shift = i == 3 && row >= rows / 2 ? 4.0 : 0.0;
      samples[row * signals + i] = 10.0 * scale + scale * (random.normal() + shift);
    }
  }
  return samples;
}

using Pair = ManySignals<EwmaCusum>;

// Known answer: the scalar detectors, signal by signal, to the last bit.
TEST(ManySignalsPair, EqualsTheScalarDetectors) {
  constexpr std::size_t kSignals = 300;  // More than one tile.
  constexpr std::size_t kRows = 400;
  const auto samples = block(kSignals, kRows);
  Pair many(kSignals, {});
  std::vector<double> scores(kSignals);
  std::vector<Ewma> ewma(kSignals, Ewma({}));
  std::vector<Cusum> cusum(kSignals, Cusum({}));
  for (std::size_t row = 0; row < kRows; ++row) {
    many.update(std::span(samples).subspan(row * kSignals, kSignals), scores);
    for (std::size_t i = 0; i < kSignals; ++i) {
      const double sample = samples[row * kSignals + i];
      const double expected = std::max(ewma[i].update(sample), cusum[i].update(sample));
      ASSERT_EQ(scores[i], expected) << row << ' ' << i;
    }
  }
  EXPECT_GT(scores[3], 1.0);
  EXPECT_EQ(many.evidence(3).direction, Direction::rise);
  EXPECT_NEAR(static_cast<double>(many.evidence(3).onset_samples_ago), 199.0, 10.0);
  EXPECT_EQ(many.evidence(3).onset_samples_ago, cusum[3].evidence().onset_samples_ago);
}

// Property: neither the cut into blocks nor the number of threads matters.
TEST(ManySignalsPair, DoesNotDependOnBlocksOrThreads) {
  constexpr std::size_t kSignals = 1000;
  const auto samples = block(kSignals, 300);
  std::vector<double> whole(kSignals);
  std::vector<double> part(kSignals);
  std::vector<double> most(kSignals, 0.0);
  Pair one(kSignals, {});
  Pair many(kSignals, {});
  one.update(samples, whole);
  const ThreadLimit limit(1);
  for (const auto& [from, rows] : {std::pair{0UL, 7UL}, {7UL, 150UL}, {157UL, 143UL}}) {
    many.update(std::span(samples).subspan(from * kSignals, rows * kSignals), part);
    for (std::size_t i = 0; i < kSignals; ++i) most[i] = std::max(most[i], part[i]);
  }
  EXPECT_EQ(one, many);
  EXPECT_EQ(most, whole);
}

// Signals that begin late, miss samples and are rearmed still equal their scalar detectors.
TEST(ManySignalsPair, EqualsTheScalarDetectorsWithHoles) {
  constexpr std::size_t kSignals = 300;
  constexpr std::size_t kRows = 900;
  auto samples = block(kSignals, kRows);
  Philox random(9);
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kSignals; ++i) {
      const bool late = row < 2 * i;
      if (late || random.below(20) == 0) {
        samples[row * kSignals + i] = std::numeric_limits<double>::quiet_NaN();
      }
      if (random.below(500) == 0)
        samples[row * kSignals + i] = random.below(2) == 0 ? 1e300 : -1e300;
    }
  }
  Pair many(kSignals, {});
  std::vector<double> scores(kSignals);
  std::vector<Ewma> ewma(kSignals, Ewma({}));
  std::vector<Cusum> cusum(kSignals, Cusum({}));
  for (std::size_t row = 0; row < kRows; ++row) {
    many.update(std::span(samples).subspan(row * kSignals, kSignals), scores);
    for (std::size_t i = 0; i < kSignals; ++i) {
      const double sample = samples[row * kSignals + i];
      double expected = 0.0;
      if (std::isfinite(sample)) {
        expected = std::max(ewma[i].update(sample), cusum[i].update(sample));
      } else {
        ewma[i].skip(1);
        cusum[i].skip(1);
      }
      ASSERT_EQ(scores[i], expected) << row << ' ' << i;
      ASSERT_EQ(many.ready(i), cusum[i].ready());
      if (expected > 3.0 && row % 7 == 0) {
        many.rearm(i);
        ewma[i].rearm();
        cusum[i].rearm();
      }
    }
  }
}

// Property: the copies of the loop for wider registers give the same bits.
TEST(ManySignalsPair, DoesNotDependOnTheInstructionSet) {
  constexpr std::size_t kSignals = 301;
  auto samples = block(kSignals, 400);
  for (std::size_t i = 0; i < samples.size(); i += 37) {
    samples[i] = std::numeric_limits<double>::quiet_NaN();
  }
  Pair reference(kSignals, {});
  std::vector<double> expected(kSignals);
  reference.update(samples, expected, InstructionSet::portable);
  for (const auto set : {InstructionSet::avx2, InstructionSet::avx512}) {
    if (set > best_instruction_set()) continue;
    Pair many(kSignals, {});
    std::vector<double> scores(kSignals);
    many.update(samples, scores, set);
    EXPECT_EQ(many, reference);
    EXPECT_EQ(scores, expected);
  }
}

// Two parts of a warm-up, joined, are the baseline of both.
TEST(ManySignalsPair, MergesBaselines) {
  constexpr std::size_t kSignals = 20;
  const Pair::Config config{.baseline_samples = 90};
  const auto samples = block(kSignals, 300);
  const auto rows = [&](std::size_t first, std::size_t count) {
    return std::span(samples).subspan(first * kSignals, count * kSignals);
  };
  std::vector<double> a(kSignals);
  std::vector<double> b(kSignals);
  Pair whole(kSignals, config);
  whole.update(rows(0, 90), a);
  Pair first(kSignals, config);
  Pair second(kSignals, config);
  first.update(rows(0, 31), a);
  second.update(rows(31, 59), a);
  first.merge(second);
  EXPECT_TRUE(first.ready(0));
  whole.update(rows(90, 200), a);
  first.update(rows(90, 200), b);
  for (std::size_t i = 0; i < kSignals; ++i) EXPECT_NEAR(a[i], b[i], 1e-9 * (1.0 + a[i]));
  EXPECT_EQ(first.evidence(3).onset_samples_ago, whole.evidence(3).onset_samples_ago);
  EXPECT_THROW(first.merge(second), ConfigError);
  EXPECT_THROW(second.merge(Pair(kSignals, {})), ConfigError);
}

TEST(ManySignalsPair, MissingSamplesLeaveASignalAsItIs) {
  constexpr std::size_t kSignals = 8;
  Pair many(kSignals, {.baseline_samples = 50});
  std::vector<double> scores(kSignals);
  many.update(block(kSignals, 100), scores);
  const Evidence before = many.evidence(2);
  std::vector<double> row(kSignals, 0.0);
  row[2] = std::numeric_limits<double>::quiet_NaN();
  row[5] = std::numeric_limits<double>::infinity();
  const Evidence other = many.evidence(5);
  many.update(row, scores);
  EXPECT_EQ(many.evidence(2).direction, before.direction);
  EXPECT_NEAR(many.evidence(2).score, before.score, 1e-6);
  EXPECT_NEAR(many.evidence(5).score, other.score, 1e-6);
  EXPECT_GT(scores[7], 1.0);
}

TEST(ManySignalsPair, RearmsOneSignal) {
  constexpr std::size_t kSignals = 8;
  Pair many(kSignals, {});
  std::vector<double> scores(kSignals);
  many.update(block(kSignals, 400), scores);
  ASSERT_GT(many.evidence(3).score, 1.0);
  many.rearm(3);
  EXPECT_EQ(many.evidence(3), Evidence{});
  many.reset();
  EXPECT_EQ(many, Pair(kSignals, {}));
}

TEST(ManySignalsPair, SnapshotRestoresBitExactly) {
  constexpr std::size_t kSignals = 70;
  const auto samples = block(kSignals, 300);
  Pair first(kSignals, {});
  std::vector<double> a(kSignals);
  std::vector<double> b(kSignals);
  first.update(std::span(samples).first(180 * kSignals), a);
  Pair second = Pair::restore(first.snapshot());
  EXPECT_EQ(first, second);
  first.update(std::span(samples).subspan(180 * kSignals), a);
  second.update(std::span(samples).subspan(180 * kSignals), b);
  EXPECT_EQ(a, b);
}

TEST(ManySignalsPair, RefusesHostileSnapshots) {
  const auto good = Pair(5, {}).snapshot();
  EXPECT_THROW(Pair::restore({}), DataError);
  EXPECT_THROW(Pair::restore(std::span(good).first(good.size() - 1)), DataError);
  auto huge = good;
  // A count that would need terabytes, behind magic, version and name; with its checksum made
  // right.
  huge[8 + 4 + 8 + EwmaCusum::kName.size() + 5] = std::byte{0xff};
  StateWriter sum;
  sum(checksum(std::span(huge).first(huge.size() - 8)));
  std::copy(sum.bytes().begin(), sum.bytes().end(), huge.end() - 8);
  EXPECT_THROW(Pair::restore(huge), DataError);
  auto altered = good;
  altered[70] ^= std::byte{1};
  EXPECT_THROW(Pair::restore(altered), DataError);
}

TEST(ManySignalsPair, RejectsRaggedBlocks) {
  Pair many(3, {});
  std::vector<double> scores(3);
  EXPECT_THROW(many.update(std::vector<double>(4), scores), ConfigError);
  EXPECT_THROW(Pair(3, {.lambda = 0.0}), ConfigError);
}

TEST(ManySignalsPair, KeepsItsMemoryPromise) {
  EXPECT_LE(Pair(1, {}).bytes_per_signal(), 64U);
  EXPECT_EQ(ManySignals<KSigma>(1, {}).bytes_per_signal(), 40U);
  EXPECT_EQ(ManySignals<PageHinkley>(1, {}).bytes_per_signal(), 48U);
  EXPECT_EQ(ManySignals<ECusum>(1, {}).bytes_per_signal(), 72U);
  EXPECT_EQ(ManySignals<HddmA>(1, {}).bytes_per_signal(), 48U);
  EXPECT_EQ(ManySignals<HddmW>(1, {}).bytes_per_signal(), 88U);
  EXPECT_EQ(ManySignals<HddmA>(1, {.two_sided = true}).bytes_per_signal(), 64U);
  EXPECT_EQ(ManySignals<HddmW>(1, {.two_sided = true}).bytes_per_signal(), 136U);
}

// Where falls count there is more state; where they do not, it is left out.
TEST(ManySignalsHddm, KeepsBothSidesOfHddm) {
  constexpr std::size_t kSignals = 3;
  const auto check = []<class Method>(ManySignals<Method> many) {
    std::vector<Method> detectors(kSignals, Method({.two_sided = true}));
    std::vector<double> scores(kSignals);
    std::vector<double> row(kSignals);
    Philox random(4);
    double loudest = 0.0;
    for (std::size_t t = 0; t < 600; ++t) {
      if (t == 300) many = ManySignals<Method>::restore(many.snapshot());
      for (double& x : row) x = random.uniform() * (t < 400 ? 1.0 : 0.2);
      many.update(row, scores);
      for (std::size_t i = 0; i < kSignals; ++i) {
        ASSERT_EQ(scores[i], detectors[i].update(row[i])) << Method::kName << ' ' << t;
        loudest = std::max(loudest, scores[i]);
      }
    }
    EXPECT_GT(loudest, 1.0) << "the fall is not seen";
  };
  check(ManySignals<HddmA>(kSignals, {.two_sided = true}));
  check(ManySignals<HddmW>(kSignals, {.two_sided = true}));
}

/// What every many owes, whatever its method.
template <class Method>
class EveryManySignals : public testing::Test {
 protected:
  static constexpr std::size_t kMany = 300;  // More than one tile.
  static constexpr std::size_t kLong = 700;
  using Many = ManySignals<Method>;

  static double sample(Philox& random, std::size_t row, std::size_t signal) {
    const double shift = signal % 4 == 3 && row >= kLong / 2 ? 1.0 : 0.0;
    switch (Method::kDomain) {
      case Domain::binary:
        return random.uniform() < 0.2 + 0.5 * shift ? 1.0 : 0.0;
      case Domain::unit_interval:
        return 0.7 * random.uniform() + 0.3 * shift;
      default:
        return 10.0 * static_cast<double>(signal) + random.normal() + 3.0 * shift;
    }
  }
  /// Signals that begin late, miss samples and see huge ones.
  static std::vector<double> with_holes() {
    std::vector<double> samples(kMany * kLong);
    Philox random(9);
    for (std::size_t row = 0; row < kLong; ++row) {
      for (std::size_t i = 0; i < kMany; ++i) {
        double value = sample(random, row, i);
        if (random.below(500) == 0) value = random.below(2) == 0 ? 1e300 : -1e300;
        if (random.below(20) == 0) value = std::numeric_limits<double>::infinity();
        if (row < i / 2 || random.below(20) == 0) value = std::nan("");
        samples[row * kMany + i] = value;
      }
    }
    return samples;
  }
};

using EveryMethod = testing::Types<Cusum, Ddm, ECusum, ESr, Eddm, Ewma, EwmaCusum, HddmA, HddmW,
                                   KSigma, PageHinkley>;
TYPED_TEST_SUITE(EveryManySignals, EveryMethod);

// Known answer: detectors of their own, score by score and state by state, to the last bit.
TYPED_TEST(EveryManySignals, EqualsDetectorsOfTheirOwn) {
  constexpr std::size_t kSignals = TestFixture::kMany;
  const auto samples = TestFixture::with_holes();
  ManySignals<TypeParam> many(kSignals, {});
  std::vector<TypeParam> detectors(kSignals, TypeParam(typename TypeParam::Config{}));
  std::vector<double> scores(kSignals);
  double loudest = 0.0;
  for (std::size_t row = 0; row < TestFixture::kLong; ++row) {
    many.update(std::span(samples).subspan(row * kSignals, kSignals), scores);
    for (std::size_t i = 0; i < kSignals; ++i) {
      const double sample = samples[row * kSignals + i];
      double expected = 0.0;
      if (std::isfinite(sample)) {
        expected = detectors[i].update(sample);
      } else {
        detectors[i].skip(1);
      }
      ASSERT_EQ(scores[i], expected) << row << ' ' << i;
      loudest = std::max(loudest, expected);
      if (expected > 3.0 && row % 7 == 0) {
        many.rearm(i);
        detectors[i].rearm();
      }
      if (row % 50 == 0) {
        ASSERT_EQ(many.method(i), detectors[i]) << row << ' ' << i;
        ASSERT_EQ(many.evidence(i), detectors[i].evidence());
        ASSERT_EQ(many.ready(i), detectors[i].ready());
      }
    }
  }
  EXPECT_GT(loudest, 1.0);
}

// Property: neither the cut into blocks, the number of threads nor the instruction set matters.
TYPED_TEST(EveryManySignals, DoesNotDependOnBlocksThreadsOrInstructions) {
  constexpr std::size_t kSignals = TestFixture::kMany;
  const auto samples = TestFixture::with_holes();
  ManySignals<TypeParam> whole(kSignals, {});
  std::vector<double> scores(kSignals);
  whole.update(samples, scores);
  const ThreadLimit limit(1);
  for (const auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
    if (set > best_instruction_set()) continue;
    ManySignals<TypeParam> cut(kSignals, {});
    std::vector<double> part(kSignals);
    std::vector<double> most(kSignals, 0.0);
    for (std::size_t row = 0; row < TestFixture::kLong;) {
      const std::size_t rows = std::min(TestFixture::kLong - row, 1 + row);
      cut.update(std::span(samples).subspan(row * kSignals, rows * kSignals), part, set);
      for (std::size_t i = 0; i < kSignals; ++i) most[i] = std::max(most[i], part[i]);
      row += rows;
    }
    EXPECT_EQ(cut, whole);
    EXPECT_EQ(most, scores);
  }
}

TYPED_TEST(EveryManySignals, SnapshotRestoresAndReplaysBitExactly) {
  constexpr std::size_t kSignals = TestFixture::kMany;
  const auto samples = TestFixture::with_holes();
  ManySignals<TypeParam> first(kSignals, {});
  std::vector<double> a(kSignals);
  std::vector<double> b(kSignals);
  first.update(std::span(samples).first(333 * kSignals), a);
  auto second = ManySignals<TypeParam>::restore(first.snapshot());
  EXPECT_EQ(first, second);
  first.update(std::span(samples).subspan(333 * kSignals), a);
  second.update(std::span(samples).subspan(333 * kSignals), b);
  EXPECT_EQ(a, b);
  EXPECT_EQ(first.snapshot(), second.snapshot());
  second.reset();
  EXPECT_EQ(second, (ManySignals<TypeParam>(kSignals, {})));
}

// Altered bytes are refused; and were the checksum forged, what is restored must still run.
TYPED_TEST(EveryManySignals, RefusesOrSurvivesAlteredSnapshots) {
  const auto samples = TestFixture::with_holes();
  const std::size_t wide = TestFixture::kMany;
  ManySignals<TypeParam> many(3, {});
  std::vector<double> scores(3);
  std::vector<double> narrow;
  for (std::size_t row = 0; row < TestFixture::kLong; ++row) {
    narrow.insert(narrow.end(), samples.begin() + static_cast<std::ptrdiff_t>(row * wide),
                  samples.begin() + static_cast<std::ptrdiff_t>(row * wide + 3));
  }
  many.update(narrow, scores);
  const auto good = many.snapshot();
  Philox random(17);
  for (int trial = 0; trial < 300; ++trial) {
    auto bytes = good;
    if (trial % 3 == 0) {
      bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
    } else {
      for (int i = 0; i < 3; ++i) {
        const auto at = random.below(static_cast<std::uint32_t>(bytes.size() - 8));
        bytes[at] = static_cast<std::byte>(random.below(256));
      }
    }
    if (bytes == good) continue;
    EXPECT_THROW((void)ManySignals<TypeParam>::restore(bytes), DataError);
    if (bytes.size() < 16) continue;
    StateWriter sum;
    sum(checksum(std::span(bytes).first(bytes.size() - 8)));
    std::copy(sum.bytes().begin(), sum.bytes().end(), bytes.end() - 8);
    try {
      auto forged = ManySignals<TypeParam>::restore(bytes);
      std::vector<double> found(forged.signals());
      if (forged.signals() != 3) continue;
      forged.update(narrow, found);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_FALSE(std::isnan(found[i]));
        (void)forged.evidence(i);
      }
    } catch (const DataError&) {
    }
  }
}

TYPED_TEST(EveryManySignals, RefusesTheSnapshotOfAnotherMethod) {
  using Other = std::conditional_t<std::is_same_v<TypeParam, Cusum>, Ewma, Cusum>;
  const auto bytes = ManySignals<Other>(2, {}).snapshot();
  EXPECT_THROW((void)ManySignals<TypeParam>::restore(bytes), DataError);
}

/// Methods whose baselines can be joined.
template <class Method>
class MergingManySignals : public EveryManySignals<Method> {};
using MergingMethod = testing::Types<Cusum, ECusum, ESr, Ewma, EwmaCusum, KSigma>;
TYPED_TEST_SUITE(MergingManySignals, MergingMethod);

TYPED_TEST(MergingManySignals, JoinsWhatTwoPartsTaught) {
  constexpr std::size_t kSignals = 20;
  Philox random(4);
  std::vector<double> samples(90 * kSignals);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = TestFixture::sample(random, 0, i % kSignals);
  }
  const auto rows = [&](std::size_t first, std::size_t count) {
    return std::span(samples).subspan(first * kSignals, count * kSignals);
  };
  ManySignals<TypeParam> whole(kSignals, {});
  ManySignals<TypeParam> first(kSignals, {});
  ManySignals<TypeParam> second(kSignals, {});
  std::vector<double> a(kSignals);
  std::vector<double> b(kSignals);
  whole.update(samples, a);
  first.update(rows(0, 31), a);
  second.update(rows(31, 59), a);
  first.merge(second);
  for (std::size_t row = 0; row < 90; ++row) {  // Past every warm-up.
    whole.update(rows(row, 1), a);
    first.update(rows(row, 1), b);
    for (std::size_t i = 0; i < kSignals; ++i) ASSERT_NEAR(a[i], b[i], 1e-9 * (1.0 + a[i]));
  }
  EXPECT_GT(*std::ranges::max_element(a), 0.0);
  EXPECT_THROW(first.merge(ManySignals<TypeParam>(kSignals + 1, {})), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
