#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"

namespace emdyn::detect::test {
long allocation_count() noexcept;  // allocation_counter_test.cpp
}  // namespace emdyn::detect::test

namespace emdyn::detect {
namespace {

constexpr std::size_t kChannels = 5;
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
using Rows = std::vector<std::array<double, kChannels>>;

/// Five channels that share two causes; from `change` on, channel 3 goes its own way.
Rows rows_with_a_change(std::size_t count, std::size_t change, double size) {
  Philox random(21);
  Rows rows(count);
  for (std::size_t t = 0; t < count; ++t) {
    const double a = random.normal();
    const double b = random.normal();
    rows[t] = {10.0 + a, 2.0 * a + b, 100.0 * b, a - b, 0.01 * a};
    for (double& value : rows[t]) value *= 1.0 + 0.05 * random.normal();
    if (t >= change) rows[t][3] += size;
  }
  return rows;
}

std::vector<double> row_scores(AnyVectorDetector& detector, const Rows& rows,
                               std::size_t first = 0) {
  std::vector<double> found;
  for (std::size_t t = first; t < rows.size(); ++t) found.push_back(detector.update({rows[t]}));
  return found;
}

class VectorContract : public testing::TestWithParam<VectorEntry> {
 protected:
  std::unique_ptr<AnyVectorDetector> fresh() const { return GetParam().make({}, kChannels); }
};

TEST_P(VectorContract, DescribesItself) {
  EXPECT_FALSE(GetParam().summary.empty());
  EXPECT_FALSE(GetParam().paper.empty());
  EXPECT_FALSE(GetParam().cost.empty());
  for (const Json& field : GetParam().fields()) {
    EXPECT_FALSE(field.at("help").get<std::string>().empty());
  }
}

TEST_P(VectorContract, NoticesAChangeAndNamesItsChannel) {
  const auto rows = rows_with_a_change(1400, 1200, 12.0);
  const auto detector = fresh();
  std::array<double, kChannels> total{};
  double most = 0.0;
  for (std::size_t t = 0; t < 1250; ++t) {
    most = std::max(most, t < 1200 ? 0.0 : detector->update({rows[t]}));
    if (t < 1200) detector->update({rows[t]});
    if (t < 1200 || detector->score() <= 1.0) continue;
    std::array<double, kChannels> shares{};
    detector->attribution(shares);
    for (std::size_t i = 0; i < kChannels; ++i) total[i] += shares[i];
  }
  EXPECT_GT(most, 1.0);
  EXPECT_EQ(std::ranges::max_element(total) - total.begin(), 3);
}

TEST_P(VectorContract, IsMostlyCalmBeforeTheChange) {
  const auto found = row_scores(*fresh(), rows_with_a_change(1200, 9999, 0.0));
  EXPECT_LT(std::ranges::count_if(found, [](double score) { return score > 1.0; }), 36);
}

TEST_P(VectorContract, AttributionSharesSumToOneOrAreZero) {
  const auto rows = rows_with_a_change(900, 800, 8.0);
  const auto detector = fresh();
  for (std::size_t t = 0; t < rows.size(); ++t) {
    detector->update({rows[t]});
    if (t % 50 != 0 && t < 800) continue;
    std::array<double, kChannels> shares{};
    detector->attribution(shares);
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    EXPECT_TRUE(std::abs(sum - 1.0) < 1e-9 || sum == 0.0);
    EXPECT_GE(*std::ranges::min_element(shares), 0.0);
  }
}

// Causal honesty: what comes later never changes an earlier score.
TEST_P(VectorContract, SeesOnlyThePast) {
  const auto rows = rows_with_a_change(900, 700, 6.0);
  const auto whole = row_scores(*fresh(), rows);
  auto altered = rows;
  for (std::size_t t = 613; t < altered.size(); ++t) altered[t].fill(-5.0);
  const auto other = row_scores(*fresh(), altered);
  EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + 613, other.begin()));
}

// One channel that is missing, NaN or infinite silences nothing.
TEST_P(VectorContract, OneMissingChannelNeverSilencesARow) {
  for (const double hole : {kNotANumber, std::numeric_limits<double>::infinity()}) {
    auto rows = rows_with_a_change(1300, 1200, 12.0);
    for (auto& row : rows) row[0] = hole;
    const auto found = row_scores(*fresh(), rows);
    EXPECT_GT(*std::max_element(found.begin() + 1200, found.begin() + 1250), 1.0);
    for (const double score : found) ASSERT_TRUE(std::isfinite(score));
  }
  // The mask says the same as a NaN.
  auto rows = rows_with_a_change(900, 800, 6.0);
  const std::array<std::uint8_t, kChannels> present{1, 0, 1, 1, 1};
  const auto masked = fresh();
  const auto holed = fresh();
  for (auto& row : rows) {
    const double score = masked->update({row, present});
    row[1] = kNotANumber;
    ASSERT_EQ(holed->update({row}), score);
  }
}

TEST_P(VectorContract, PassesOverEmptyRows) {
  const auto rows = rows_with_a_change(900, 800, 6.0);
  const auto plain = fresh();
  const auto gaps = fresh();
  const std::array<double, kChannels> empty{kNotANumber, kNotANumber, kNotANumber, kNotANumber,
                                            kNotANumber};
  for (const auto& row : rows) {
    EXPECT_EQ(gaps->update({empty}), 0.0);
    gaps->skip(3);
    ASSERT_EQ(gaps->update({row}), plain->update({row}));
  }
}

TEST_P(VectorContract, NeverScoresNaNOnHostileRows) {
  Philox random(8);
  const auto detector = fresh();
  const std::array<double, 8> kinds{0.0, 1e300, -1e300, 5e-324, 1.0, 1e-160, 1e155, -1e140};
  for (int t = 0; t < 2500; ++t) {
    std::array<double, kChannels> row{};
    for (double& value : row) {
      const double scale = kinds[static_cast<std::size_t>(t / 150) % kinds.size()];
      value = random.below(3) == 0 ? scale : scale * random.uniform();
    }
    const double score = detector->update({row});
    ASSERT_TRUE(std::isfinite(score)) << "row " << t;
    ASSERT_GE(score, 0.0);
    if (t % 701 == 700) detector->rearm();
  }
}

TEST_P(VectorContract, IsCalmOnConstantRows) {
  const auto detector = fresh();
  const std::array<double, kChannels> row{1.0, 0.0, -7.0, 1e6, 1e-9};
  for (int t = 0; t < 1500; ++t) ASSERT_LE(detector->update({row}), 1.0) << "row " << t;
}

TEST_P(VectorContract, ResetsToFresh) {
  const auto rows = rows_with_a_change(900, 700, 6.0);
  const auto used = fresh();
  (void)row_scores(*used, rows);
  used->reset();
  EXPECT_EQ(used->ready(), false);
  EXPECT_EQ(row_scores(*used, rows), row_scores(*fresh(), rows));
}

TEST_P(VectorContract, AllocatesNothingAfterConstruction) {
  const auto rows = rows_with_a_change(900, 700, 6.0);
  const auto detector = fresh();
  const auto copy = detector->clone();
  std::array<double, kChannels> shares{};
  const long before = test::allocation_count();
  for (AnyVectorDetector* each : {detector.get(), copy.get()}) {
    for (const auto& row : rows) each->update({row});
    each->attribution(shares);
    each->rearm();
    each->reset();
    for (const auto& row : rows) each->update({row});
  }
  EXPECT_EQ(test::allocation_count(), before);
}

TEST_P(VectorContract, SnapshotRestoresAndReplaysBitExactly) {
  const auto rows = rows_with_a_change(1000, 800, 6.0);
  for (const std::size_t cut : {0UL, 17UL, 333UL, 777UL}) {
    const auto first = fresh();
    for (std::size_t t = 0; t < cut; ++t) first->update({rows[t]});
    const auto second = restore_vector(snapshot(*first));
    EXPECT_EQ(second->config(), first->config());
    EXPECT_EQ(row_scores(*second, rows, cut), row_scores(*first, rows, cut));
    EXPECT_EQ(snapshot(*second), snapshot(*first));
  }
}

// Altered bytes are refused; and were the checksum forged, loading them must still be harmless.
TEST_P(VectorContract, RefusesOrSurvivesAlteredSnapshots) {
  const auto rows = rows_with_a_change(700, 9999, 0.0);
  const auto detector = fresh();
  (void)row_scores(*detector, rows);
  const auto good = snapshot(*detector);
  Philox random(17);
  for (int trial = 0; trial < 24; ++trial) {
    auto bytes = good;
    for (int i = 0; i < 4; ++i) {
      const auto at = random.below(static_cast<std::uint32_t>(bytes.size() - 8));
      bytes[at] = static_cast<std::byte>(random.below(256));
    }
    if (trial % 3 == 0) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
    if (bytes == good) continue;
    if (trial % 3 != 2) {
      EXPECT_THROW((void)restore_vector(bytes), DataError);
      continue;
    }
    StateWriter sum;
    sum(checksum(std::span(bytes).first(bytes.size() - 8)));
    std::copy(sum.bytes().begin(), sum.bytes().end(), bytes.end() - 8);
    try {
      const auto forged = restore_vector(bytes);
      for (std::size_t t = 0; t < 300; ++t) ASSERT_FALSE(std::isnan(forged->update({rows[t]})));
    } catch (const DataError&) {
    }
  }
}

TEST_P(VectorContract, RejectsBadParameters) {
  EXPECT_THROW((void)make_vector_detector(GetParam().name, 0), ConfigError);
  EXPECT_THROW((void)make_vector_detector(GetParam().name, 257), ConfigError);
  EXPECT_THROW((void)GetParam().make({{"no_such_parameter", "1"}}, 3), ConfigError);
  for (const Json& field : GetParam().fields()) {
    const auto name = field.at("name").get<std::string>();
    EXPECT_THROW((void)GetParam().make({{name, "sideways"}}, 3), ConfigError) << name;
    EXPECT_THROW((void)GetParam().make({{name, "1e301"}}, 3), ConfigError) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, VectorContract,
                         testing::ValuesIn(vector_entries().begin(), vector_entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

// A few bytes that ask for gigabytes are refused before anything of that size is allocated.
TEST(VectorRegistry, RefusesSnapshotsWhoseParametersDoNotFitTheirSize) {
  StateWriter archive;
  const auto good = snapshot(*make_vector_detector("random_cut_forest", 2));
  archive(std::uint64_t{0x4345564e59444d45ULL}, std::uint32_t{1});
  archive.text("random_cut_forest");
  archive(std::uint64_t{256}, std::uint32_t{2});
  for (const auto& [name, value] : {std::pair{"trees", "20"}, std::pair{"rows", "4096"}}) {
    archive.text(name);
    archive.text(value);
  }
  archive(checksum(archive.bytes()));
  try {
    (void)restore_vector(archive.bytes());
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("size"), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW((void)restore_vector(good));
  EXPECT_THROW(
      (void)make_vector_detector("random_cut_forest", 256, {{"trees", "1000"}, {"rows", "4096"}}),
      ConfigError);
}

TEST(VectorRegistry, IsSortedAndOffersTheNearestName) {
  EXPECT_TRUE(std::ranges::is_sorted(vector_entries(), std::less_equal{}, &VectorEntry::name));
  try {
    (void)make_vector_detector("mahalonobis", 3);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("mahalanobis"), std::string::npos);
  }
  EXPECT_THROW((void)restore_vector({}), DataError);
}

}  // namespace
}  // namespace emdyn::detect
