#include "emdyn/detect/alarm/episodes.hpp"

#include <gtest/gtest.h>

namespace emdyn::detect {
namespace {

series::Event event(std::string signal, double low, double position, double p = 0.01) {
  series::Event made;
  made.signal = std::move(signal);
  made.position = position;
  made.p_value = p;
  made.onset = series::Interval{low, low, position, 0.9};
  return made;
}

// By hand: loss and accuracy see one change at 95, gradient another at 300.
TEST(Episodes, OneChangeIsOneEpisode) {
  const std::vector events{event("loss", 95, 104), event("accuracy", 90, 100),
                           event("gradient", 300, 302), event("loss", 301, 310)};
  const auto found = episodes(events);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Episode{1, {0}}));
  EXPECT_EQ(found[1], (Episode{2, {3}}));
}

TEST(Episodes, OfEqualReportsTheSurestLeads) {
  const std::vector events{event("a", 5, 9, 1e-3), event("b", 5, 9, 1e-9)};
  EXPECT_EQ(episodes(events), (std::vector<Episode>{{1, {0}}}));
}

TEST(Episodes, RunsAreApartAndAnEventWithoutOnsetReachesItsPositionAlone) {
  std::vector events{event("a", 5, 9), event("a", 5, 9), event("a", 8, 20)};
  events[1].run = "other";
  EXPECT_EQ(episodes(events).size(), 2U);
  events[2].onset.reset();
  EXPECT_EQ(episodes(events).size(), 3U);
  EXPECT_TRUE(episodes({}).empty());
}

}  // namespace
}  // namespace emdyn::detect
