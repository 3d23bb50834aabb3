#include "emdyn/detect/drift/adwin.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/any_detector.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: the cuts of the authors' own loop (MOA) on the known stream.
TEST(Adwin, CutsWhereTheAuthorsProgramCuts) {
  Adwin adwin(Adwin::Config{});
  const auto stream = test::stream_z();
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (adwin.update(stream[i]) > 1.0) cuts.push_back(i);
  }
  EXPECT_EQ(cuts, (std::vector<std::size_t>{1055, 1087, 1311}));
  EXPECT_EQ(adwin.width(), 976U);
  EXPECT_NEAR(adwin.mean(), 0.996940408293, 1e-12);
}

TEST(Adwin, TellsDirectionAndOnset) {
  Adwin adwin(Adwin::Config{});
  for (int i = 0; i < 1000; ++i) adwin.update(i % 2 == 0 ? 0.7 : 0.9);
  std::uint64_t since = 0;
  do {
    ++since;
  } while (adwin.update(since % 2 == 0 ? 0.1 : 0.3) <= 1.0);
  const Evidence evidence = adwin.evidence();
  EXPECT_EQ(evidence.direction, Direction::fall);
  EXPECT_GE(evidence.onset_earliest_ago + 1, since);
  EXPECT_LE(evidence.onset_latest_ago, since - 1);
}

// Property: false cuts are rarer than delta allows for samples in [0, 1].
TEST(Adwin, RarelyCutsAStationaryStream) {
  Philox random(3);
  int streams_with_a_cut = 0;
  for (int stream = 0; stream < 100; ++stream) {
    Adwin adwin(Adwin::Config{});
    bool cut = false;
    for (int i = 0; i < 3000; ++i) cut |= adwin.update(random.uniform()) > 1.0;
    streams_with_a_cut += cut;
  }
  EXPECT_LE(streams_with_a_cut, 3);
}

// Property: the window holds everything until something changes.
TEST(Adwin, GrowsWithoutAChange) {
  Philox random(4);
  Adwin adwin(Adwin::Config{});
  double sum = 0.0;
  for (int i = 0; i < 20000; ++i) {
    const double sample = random.uniform();
    sum += sample;
    adwin.update(sample);
  }
  EXPECT_EQ(adwin.width(), 20000U);
  EXPECT_NEAR(adwin.mean(), sum / 20000.0, 1e-12);
}

// As the registry makes it, the allocator's own 16 bytes included.
TEST(Adwin, FitsTwoKilobytes) { EXPECT_LE(sizeof(Boxed<Adwin>) + 16, 2048U); }

// Property: the histogram holds 5 (2^20 - 1) samples and then forgets the oldest, bucket by bucket.
TEST(Adwin, HoldsFiveMillionSamples) {
  constexpr std::uint64_t kMost = 5 * ((1U << 20) - 1);
  Adwin adwin(Adwin::Config{.clock = 1'000'000});
  for (std::uint64_t i = 0; i < kMost; ++i) adwin.update(i % 2 == 0 ? 0.25 : 0.75);
  EXPECT_EQ(adwin.width(), kMost);
  EXPECT_NEAR(adwin.mean(), 0.5, 1e-6);
  for (int i = 0; i < 2; ++i) adwin.update(0.5);
  EXPECT_LT(adwin.width(), kMost);
  EXPECT_GT(adwin.width(), kMost - (1U << 20));
}

TEST(Adwin, RejectsACertainFalseCut) { EXPECT_THROW(Adwin({.delta = 1.0}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
