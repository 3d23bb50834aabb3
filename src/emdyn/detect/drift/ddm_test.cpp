#include "emdyn/detect/drift/ddm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: error rate 0.1, from 1000 on 0.5.
TEST(Ddm, WarnsAndDriftsWhereKnown) {
  Ddm ddm(Ddm::Config{});
  const auto uniform = test::lcg_uniform(2000);
  std::size_t warning = 0;
  std::size_t drift = 0;
  for (std::size_t i = 0; i < uniform.size() && drift == 0; ++i) {
    const double score = ddm.update(uniform[i] < (i < 1000 ? 0.1 : 0.5) ? 1.0 : 0.0);
    if (warning == 0 && ddm.warns()) warning = i;
    if (score > 1.0) drift = i;
  }
  EXPECT_EQ(warning, 675U);
  EXPECT_EQ(drift, 1041U);
}

// Property: a stream without errors and its first error raise no alarm.
TEST(Ddm, TheFirstErrorIsNoDrift) {
  Ddm ddm(Ddm::Config{});
  for (int i = 0; i < 500; ++i) EXPECT_EQ(ddm.update(0.0), 0.0);
  EXPECT_LE(ddm.update(1.0), 1.0);
}

TEST(Ddm, OnlyRisesCount) {
  Ddm ddm(Ddm::Config{});
  Philox random(2);
  for (int i = 0; i < 500; ++i) ddm.update(random.uniform() < 0.5 ? 1.0 : 0.0);
  for (int i = 0; i < 500; ++i) EXPECT_LE(ddm.update(0.0), 1.0);
}

TEST(Ddm, RejectsAWarmUpOfOne) { EXPECT_THROW(Ddm({.warmup_samples = 1}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
