#include "emdyn/forecast/features/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"
#include "emdyn/forecast/features/prefix.hpp"

namespace emdyn::forecast {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(FeatureRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(feature_registry());
}

TEST(FeatureRegistry, EveryFeatureHasAFactorAndIsComputed) {
  for (const FeatureSpec& spec : feature_specs()) {
    EXPECT_FALSE(spec.factor.empty()) << spec.name;
    ASSERT_NE(spec.compute, nullptr) << spec.name;
    (void)spec.compute(
        Prefix{.at = 1.0, .deadline = 2.0});  // Nothing known: a number or NaN, no fault.
  }
}

TEST(FeatureRegistry, AnUnknownFeatureIsAnErrorThatOffersTheNearest) {
  EXPECT_THAT([] { feature_spec("test_acuracy"); },
              ThrowsMessage<DataError>(HasSubstr("did you mean \"test_accuracy\"?")));
}

TEST(FeatureRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "features",
      registry_page(
          {.title = "Features of a prefix",
           .intro =
               "What predictors see of a run up to a position, and nothing beyond it. Shares of a "
               "forecast are summed under the `factor`; the sign of a `trend` says whether it rises or "
               "falls. `sets` are the predictors' feature sets that have it.",
           .see = "forecasting.md"},
          described(feature_registry())));
}

}  // namespace
}  // namespace emdyn::forecast
