#include "nab_methods.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "emdyn/core/philox.hpp"

namespace emdyn::bench {
namespace {

NabFile noisy_with_a_spike() {
  NabFile file;
  file.name = "made.csv";
  Philox random(3);
  for (int i = 0; i < 1000; ++i) {
    file.values.push_back(random.normal() + (i >= 800 && i < 805 ? 25.0 : 0.0));
    file.timestamps.push_back(std::to_string(i));
  }
  file.windows = {{790, 830}};
  return file;
}

TEST(NabMethods, RowsHoldEveryProfileBesideTheBaseline) {
  const std::vector<NabFile> files{noisy_with_a_spike()};
  const auto rows = nab_rows(files);
  const auto value = [&](std::string_view name) {
    const auto row = std::ranges::find(rows, name, &Row::name);
    EXPECT_NE(row, rows.end()) << name;
    return row == rows.end() ? -1.0 : row->value;
  };
  EXPECT_EQ(value("null/standard"), 0.0);
  for (const char* method :
       {"auto", "auto_frozen", "auto_one_minus_p", "zscore", "auto_member_1", "k_sigma"}) {
    for (const char* profile : {"/standard", "/low_fp", "/low_fn"}) {
      EXPECT_GT(value(std::string(method) + profile), 50.0) << method << profile;
    }
  }
  for (const Row& row : rows) {
    ASSERT_TRUE(row.baseline.has_value()) << row.name;
    EXPECT_EQ(row.baseline_name, "zscore");
  }
}

// Scores must not know the future.
TEST(NabMethods, SeeOnlyThePast) {
  auto values = noisy_with_a_spike().values;
  auto methods = nab_baselines();
  for (auto& method : nab_members()) methods.push_back(std::move(method));
  for (const StreamScorer& method : methods) {
    if (method.name == "random") continue;
    auto altered = values;
    for (std::size_t i = 600; i < altered.size(); ++i) altered[i] = 1e6;
    const auto whole = method.score(values);
    const auto other = method.score(altered);
    EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + 600, other.begin())) << method.name;
  }
}

}  // namespace
}  // namespace emdyn::bench
