#include "emdyn/series/percent.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace emdyn::series {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

series::Run run_with(const std::string& name, const std::vector<double>& values) {
  series::Run run;
  run.signals.push_back({.name = name, .values = values});
  for (std::size_t i = 0; i < values.size(); ++i) {
    run.signals[0].positions.push_back(static_cast<double>(i));
  }
  return run;
}

TEST(Percent, AnAccuracyAboveOneIsInPercentAndAllOfItsRun) {
  auto run = run_with("val/acc", {12.5, std::nan(""), 50.0, 100.0});
  run.signals.push_back({.name = "train_accuracy", .positions = {0}, .values = {0.5}});
  run.signals.push_back({.name = "loss", .positions = {0}, .values = {5.0}});
  EXPECT_THAT(percent_to_fraction(run), ElementsAre("val/acc", "train_accuracy"));
  EXPECT_EQ(run.signals[0].values[0], 0.125);
  EXPECT_TRUE(std::isnan(run.signals[0].values[1]));
  EXPECT_EQ(run.signals[0].values[3], 1.0);
  EXPECT_EQ(run.signals[1].values[0], 0.005);
  EXPECT_EQ(run.signals[2].values[0], 5.0);
}

TEST(Percent, FractionsAndWhatIsNoAccuracyStay) {
  auto fraction = run_with("accuracy", {0.0, 0.5, 1.0 + 1e-9});
  EXPECT_THAT(percent_to_fraction(fraction), IsEmpty());
  auto counts = run_with("accuracy", {20.0, 400.0});
  EXPECT_THAT(percent_to_fraction(counts), IsEmpty());
  auto named = run_with("hits", {20.0, 40.0});
  EXPECT_THAT(percent_to_fraction(named), IsEmpty());
  EXPECT_THAT(percent_to_fraction(named, {{Role::test_accuracy, "hits"}}), ElementsAre("hits"));
}

}  // namespace
}  // namespace emdyn::series
