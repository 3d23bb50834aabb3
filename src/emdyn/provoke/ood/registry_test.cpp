#include "emdyn/provoke/ood/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn::provoke::ood {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(ScoreRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(registry());
}

TEST(ScoreRegistry, OneScoreMovesItsInputFirst) {
  EXPECT_EQ(std::ranges::count_if(entries(),
                                  [](const ScoreEntry& entry) { return !entry.moved.empty(); }),
            1);
}

TEST(ScoreRegistry, AnUnknownNameIsOfferedTheNearest) {
  EXPECT_THAT([] { find_entry("energi"); },
              ThrowsMessage<ConfigError>(HasSubstr("did you mean \"energy\"?")));
}

// Bytes of version 1, saved before the archives became one: saved guards must still load.
TEST(ScoreRegistry, SavedBytesStayAsTheyWere) {
  // Features and classes are whole numbers: sums are exact on every processor.
  const std::vector<float> features{1, 0, 0, 1, 2, 0, 0, 2};
  const std::vector<float> logits{1, 0, 0, 1, 2, 0, 0, 2};
  const std::vector<std::uint32_t> labels{0, 1, 0, 1};
  const std::vector<float> weight{1, 0, 0, 1};
  const std::vector<float> bias{0, 0};
  const TrainingSet training{
      math::matrix_view(features.data(), std::size_t{4}, std::size_t{2}),
      math::matrix_view(logits.data(), std::size_t{4}, std::size_t{2}),
      labels,
      {math::matrix_view(weight.data(), std::size_t{2}, std::size_t{2}), bias}};
  const auto she = fit("she", training).serialise();
  EXPECT_EQ(she.size(), 75U);
  EXPECT_EQ(checksum(she), 0xffc6e8e4f9b12340ULL);
}

TEST(ScoreRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "scores",
      registry_page(
          {.title = "Out-of-distribution scores",
           .intro =
               "`emdyn stress ood --score NAME`, `emdyn guard fit`. Higher is more in-distribution. "
               "Costs are of a sample, after the forward pass: d features, K classes, N rows kept of "
               "the training set (`bank`). `moved` is what a score is called where the input was first "
               "moved along the gradient.",
           .see = "ood.md"},
          described(registry())));
}

}  // namespace
}  // namespace emdyn::provoke::ood
