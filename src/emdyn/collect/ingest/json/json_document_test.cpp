#include "emdyn/collect/ingest/json/json_document.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_text;

TEST(JsonDocument, AnArrayOfObjectsIsALog) {
  for (const char* text : {"[{\"step\":1,\"a\":2},\n {\"step\":2,\"a\":3}]",
                           "[\n{\"step\":1,\"a\":2},{\"step\":2,\"a\":3}\n]\n"}) {
    const auto read = read_text(text);
    EXPECT_THAT(read.signal(0, "a").positions, ElementsAre(1, 2)) << text;
    EXPECT_TRUE(read.report.sources.at(0).format == Format::json);
  }
}

TEST(JsonDocument, LogHistoryOfATrainerState) {
  const std::string history =
      R"("log_history": [{"epoch": 0.1, "loss": NaN, "note": "}]\"", "step": 10}, {"eval_loss": 2, "step": 20}])";
  for (const std::string& text :
       {"{\n  \"best_metric\": null,\n  " + history + ",\n  \"max_steps\": 20\n}\n",
        "{\"global_step\":20," + history + "}"}) {
    const auto read = read_text(text);
    EXPECT_TRUE(std::isnan(read.signal(0, "loss").values.at(0)));
    EXPECT_THAT(read.signal(0, "eval_loss").positions, ElementsAre(20));
  }
}

TEST(JsonDocument, SeriesWithTheirTimeIndex) {
  const auto read = read_text(
      "{\n\"time\":{\"index\":[5,6,7]},\"series\":[{\"label\":\"V1\",\"raw\":[1,null,3]}]}");
  EXPECT_THAT(read.signal(0, "V1").positions, ElementsAre(5, 7));
  EXPECT_EQ(read.report.missing_cells, 1U);
}

TEST(JsonDocument, WhatHoldsNoLogOrIsMalformedIsAnError) {
  EXPECT_THAT(error_of("{\n\"a\": 1\n}\n"), HasSubstr("without a log in it"));
  EXPECT_THAT(error_of("[{\"step\":1,\"a\":2},\n{\"step\":2"), HasSubstr("log.txt:2: the JSON"));
  EXPECT_THAT(error_of("[{\"step\":1,\"a\":2},\n\n{\"step\":2 \"a\"}]"), HasSubstr("log.txt:"));
  EXPECT_THAT(error_of("{\n\"series\":[{\"raw\":[\"x\"]}]}"), HasSubstr("without a log"));
  EXPECT_THAT(error_of("{\n\"series\":[}"), HasSubstr("log.txt"));
  ReadOptions options;
  options.limits.document_bytes = 100;
  EXPECT_THAT(error_of("[" + std::string(200, ' ') + "]", options),
              HasSubstr("more than 100 bytes"));
}

}  // namespace
}  // namespace emdyn::collect::ingest
