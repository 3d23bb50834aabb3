#include "emdyn/model/lab/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn::model::lab {
namespace {

using ::testing::ThrowsMessage;

TEST(LabRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(registry());
  for (const ExperimentEntry& entry : experiments())
    EXPECT_FALSE(entry.probes.empty()) << entry.name;
}

TEST(LabRegistry, AnUnknownNameIsOfferedTheNearest) {
  EXPECT_THAT(
      [] { make_experiment("groking", {}); },
      ThrowsMessage<ConfigError>(
          "unknown experiment \"groking\"; did you mean \"grokking\"? (emdyn lab list shows all)"));
}

TEST(LabRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "labs",
      registry_page(
          {.title = "Simulated experiments",
           .intro =
               "`emdyn lab run NAME --set SETTING=VALUE`. `probes` is what is measured on the way, "
               "of a training within a budget of its time; `truth` is what is known of the outcome "
               "beforehand.",
           .see = "labs.md"},
          described(registry())));
}

}  // namespace
}  // namespace emdyn::model::lab
