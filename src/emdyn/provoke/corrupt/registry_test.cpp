#include "emdyn/provoke/corrupt/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"
#include "emdyn/provoke/corrupt/sequence.hpp"
#include "emdyn/provoke/corrupt/test_image.hpp"

namespace emdyn::provoke::corrupt {
namespace {

using ::testing::ThrowsMessage;

TEST(CorruptionRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(registry());
  emdyn::test::expect_registry_contract(sequence_registry());
  emdyn::test::expect_registry_contract(table_registry());
}

// The field `colour` says it, so that nobody need know the names.
TEST(CorruptionRegistry, WhatIsForColoursLeavesGreyImagesAsTheyAre) {
  const ImageShape grey{1, 32, 32};
  const std::vector<float> image = test::scene(grey, 3);
  for (const CorruptionEntry& entry : entries()) {
    std::vector<float> out(image.size());
    corrupt(entry.name, grey, image, out, {.severity = 5, .constants = ConstantSet::small});
    EXPECT_EQ(out == image, entry.colour) << entry.name;
  }
}

TEST(CorruptionRegistry, TooFewColumnsAreRefusedByWhatNeedsMore) {
  for (const TableEntry& entry : table_entries()) {
    std::vector<double> column{1, 2, 3, 4};
    if (entry.least_columns > 1) {
      EXPECT_THAT([&] { corrupt_table(entry.name, column, 1, 3, 1); },
                  ThrowsMessage<ConfigError>("swapped needs at least 2 columns, got 1"));
    } else {
      EXPECT_NO_THROW(corrupt_table(entry.name, column, 1, 3, 1));
    }
  }
}

TEST(CorruptionRegistry, PageIsCurrent) {
  auto all = described(registry());
  for (const auto& each : described(sequence_registry())) all.push_back(each);
  for (const auto& each : described(table_registry())) all.push_back(each);
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "corruptions",
      registry_page(
          {.title = "Corruptions",
           .intro =
               "`emdyn stress corrupt`, at severities 1 to 5: images, then sequences of frames, then "
               "tables. `random` ones depend on the seed and the image's number, `graded` ones move an "
               "image further at each severity, `colour` ones leave grey images as they are.",
           .see = "corruptions.md"},
          all));
}

}  // namespace
}  // namespace emdyn::provoke::corrupt
