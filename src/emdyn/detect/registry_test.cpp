#include "emdyn/detect/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"

namespace emdyn::detect {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(DetectorRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(series_registry());
  emdyn::test::expect_registry_contract(row_registry());
}

TEST(DetectorRegistry, ExactlyOneRunsByDefault) {
  EXPECT_EQ(std::ranges::count(entries(), true, &Entry::by_default), 1);
  EXPECT_EQ(default_entry().name, kDefaultDetector);
}

TEST(DetectorRegistry, NoDetectorHasTwoFrontEnds) {
  for (const Entry& entry : entries()) {
    EXPECT_FALSE(entry.front_end_inside && entry.front_end) << entry.name;
  }
}

TEST(DetectorRegistry, AnUnknownNameIsOfferedTheNearest) {
  EXPECT_THAT(
      [] { make_detector("cusun"); },
      ThrowsMessage<ConfigError>(
          "unknown detector \"cusun\"; did you mean \"cusum\"? (emdyn detect --list shows all)"));
  EXPECT_THAT([] { make_vector_detector("lode", 3); },
              ThrowsMessage<ConfigError>(HasSubstr("did you mean \"loda\"?")));
}

TEST(DetectorRegistry, NamesAreUniqueOverBothRegistries) {
  for (const VectorEntry& entry : vector_entries()) {
    EXPECT_EQ(series_registry().find_or_null(entry.name), nullptr) << entry.name;
  }
}

// Bytes of version 4, saved before the archives became one: what was saved must still load.
TEST(DetectorRegistry, SavedBytesStayAsTheyWere) {
  const auto cusum = make_detector("cusum", {{"baseline_samples", "4"}});
  for (const double sample : {1.0, 3.0, 1.0, 3.0, 2.0, 4.0}) cusum->update(sample);
  const auto bytes = snapshot(*cusum);
  EXPECT_EQ(bytes.size(), 241U);
  EXPECT_EQ(checksum(bytes), 0xc8d02573f92246e1ULL);
}

TEST(DetectorRegistry, PagesAreCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "detectors",
      registry_page(
          {.title = "Detectors of one signal",
           .intro =
               "`emdyn detect FILE --detector NAME --set SETTING=VALUE`. A score above 1 is where the "
               "textbook rule alarms; the cost is that of one sample. `domain` is what the "
               "mathematics is made for, `event` the kind of the events, `front_end` whether trend, "
               "season and scale are removed first unless told otherwise, `budget` whether alarms "
               "keep a false-alarm budget by default.",
           .see = "detectors.md"},
          described(series_registry())));
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "row_detectors",
      registry_page(
          {.title = "Detectors of rows",
           .intro =
               "`emdyn detect FILE --detector NAME --set SETTING=VALUE`: all numeric columns of a row "
               "together. The cost is that of one row.",
           .see = "detectors.md"},
          described(row_registry())));
}

}  // namespace
}  // namespace emdyn::detect
