#include "emdyn/series/records.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

template <class T>
T there_and_back(const T& record) {
  T read;
  from_json(parse_json(json_text(Json(record)), "test"), read);
  return read;
}

Forecast full_forecast() {
  return {.run = "r",
          .target = "test_accuracy >= 0.9, sustained, before step 10000",
          .at = 610,
          .deadline = 10000,
          .probability = Interval{.2, .5, .8, .9},
          .onset = Interval{1000, 1400, 2000, .9},
          .predictor = "grokking",
          .status = ForecastStatus::ok,
          .reason = "why",
          .attribution = Attribution{"t",
                                     "log_odds",
                                     -1.0,
                                     {{"weight_norm", 3.5, .4, Interval{.3, .4, .5, .9}}},
                                     {{"a", "b", .1}},
                                     "exact"}};
}

TEST(Records, SurviveJsonBothWays) {
  const Event event{"r",
                    "loss/<b>",
                    12,
                    Axis::tokens,
                    "cusum",
                    "alpha=1e-4",
                    1.5,
                    1e-5,
                    Direction::rise,
                    Interval{8, 9, 10, .9},
                    EventKind::spike,
                    {{"loss", .75, 6.5}, {"accuracy", .25, {}}}};
  EXPECT_EQ(there_and_back(event), event);
  const Transition transition{"test_accuracy",
                              "step",
                              TransitionKind::rise,
                              TransitionModel::sigmoid,
                              Interval{1, 2, 3, .9},
                              5.0,
                              .2,
                              1.0,
                              Direction::rise,
                              {14.0, .001},
                              Mirage{"real", "exact_match", 2.0},
                              {{"loss", "variance", .5, .01}}};
  EXPECT_EQ(there_and_back(transition), transition);
  EXPECT_EQ(there_and_back(full_forecast()), full_forecast());
  StressCurve curve{"accuracy", "epsilon", {{.1, {.5, .6, .7, .9}, .4, .55}}};
  EXPECT_EQ(there_and_back(curve), curve);
}

TEST(Records, WriteNullForWhatWasNotComputed) {
  const Json json = Transition{};
  EXPECT_TRUE(json["onset"].is_null());
  EXPECT_TRUE(json["mirage"].is_null());
  EXPECT_EQ(json["kind"], "none");
  Event event;
  event.p_value = std::nan("");
  EXPECT_TRUE(Json(event)["p_value"].is_null());
}

TEST(Records, ReadingNamesWhatIsWrong) {
  Event event;
  EXPECT_THROW(from_json(Json{{"signal", "s"}}, event), DataError);
  Json json = Event{};
  json["kind"] = "earthquake";
  try {
    from_json(json, event);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "\"kind\": unknown word \"earthquake\"");
  }
  Transition transition;
  EXPECT_THROW(from_json(Json::array(), transition), DataError);
}

TEST(Records, AnOpenIntervalKeepsItsOpenEnd) {
  const Interval open{10, 20, HUGE_VAL, .9};
  EXPECT_EQ(there_and_back(open), open);
}

}  // namespace
}  // namespace emdyn::series
