#include "emdyn/probe/spectra/correlation_traps.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(CorrelationTraps, NoneInOrdinaryEntriesWhateverTheStructure) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto entries = normal_entries<float>(60 * 40, seed);
    // Strong structure (a mean, and rows of one sign) that shuffling takes away.
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i] += 5.0F + (i / 40 % 2 == 0 ? 0.5F : -0.5F);
    }
    found += correlation_traps(entries, 60, 40).count > 0 ? 1 : 0;
  }
  EXPECT_LE(found, 4);
}

TEST(CorrelationTraps, SeesSingleHugeWeights) {
  auto entries = normal_entries<float>(60 * 40, 3);
  entries[17] = 60.0F;
  entries[1700] = -50.0F;
  const CorrelationTraps traps = correlation_traps(entries, 60, 40, {.seed = 9});
  EXPECT_EQ(traps.count, 2U);
  EXPECT_GT(traps.excess, 10.0);
}

TEST(CorrelationTraps, SeedsAreRepeatable) {
  const auto entries = normal_entries<float>(30 * 20, 3);
  EXPECT_EQ(correlation_traps(entries, 30, 20, {.seed = 5}).excess,
            correlation_traps(entries, 30, 20, {.seed = 5}).excess);
  EXPECT_NE(correlation_traps(entries, 30, 20, {.seed = 5}).excess,
            correlation_traps(entries, 30, 20, {.seed = 6}).excess);
}

TEST(CorrelationTraps, ConstantIsCalmAndNonsenseRefused) {
  const CorrelationTraps calm = correlation_traps(std::vector<float>(64, 2.0F), 8, 8);
  EXPECT_EQ(calm.count, 0U);
  EXPECT_EQ(calm.excess, 0.0);
  EXPECT_THROW(correlation_traps(std::vector<float>(64, 2.0F), 8, 7), DataError);
  EXPECT_THROW(correlation_traps({}, 0, 0), DataError);
  EXPECT_THROW(correlation_traps(std::vector<float>(12, 1.0F), 4, 3), DataError);
  EXPECT_THROW(correlation_traps(std::vector<float>(64, NAN), 8, 8), DataError);
}

}  // namespace
}  // namespace emdyn::probe
