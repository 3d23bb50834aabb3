#include "tcpd_methods.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "emdyn/core/philox.hpp"

namespace emdyn::bench {
namespace {

std::vector<double> noisy_step() {
  Philox random(6);
  std::vector<double> values(200);
  for (std::size_t i = 0; i < 200; ++i) values[i] = (i < 120 ? 0.0 : 12.0) + random.normal();
  return values;
}

// Every method but the one that guesses finds a step of twelve deviations.
TEST(TcpdMethods, FindAClearStep) {
  const auto values = noisy_step();
  const std::vector<std::vector<std::size_t>> truth{{120}};
  for (const Segmenter& method : retrospective_segmenters()) {
    if (method.name == "random") continue;
    const auto found = method.find(values);
    EXPECT_EQ(change_point_f1(truth, found).recall, 1.0) << method.name;
    EXPECT_GT(segment_covering(truth, found, values.size()), 0.55) << method.name;
  }
}

// A change point once given stays, whatever comes later.
TEST(TcpdMethods, OnlineMethodsUseNothingAfterTheAlarm) {
  const auto values = noisy_step();
  for (const Segmenter& method : online_segmenters()) {
    const auto whole = method.find(values);
    for (const std::size_t cut : {90U, 125U, 140U, 170U}) {
      const auto early = method.find(std::span(values).first(cut));
      ASSERT_LE(early.size(), whole.size()) << method.name;
      EXPECT_TRUE(std::equal(early.begin(), early.end(), whole.begin())) << method.name;
    }
  }
}

TEST(TcpdMethods, OnlineMethodsPlaceAClearStep) {
  const auto values = noisy_step();
  for (const Segmenter& method : online_segmenters()) {
    for (const char* name : {"segment_online", "watch_online", "cusum_online", "focus_online"}) {
      if (method.name != name) continue;
      EXPECT_EQ(
          change_point_f1(std::vector<std::vector<std::size_t>>{{120}}, method.find(values)).recall,
          1.0)
          << method.name;
    }
  }
}

TEST(TcpdMethods, AreDeterministic) {
  const auto values = noisy_step();
  for (const Segmenter& method : retrospective_segmenters()) {
    EXPECT_EQ(method.find(values), method.find(values)) << method.name;
  }
}

}  // namespace
}  // namespace emdyn::bench
