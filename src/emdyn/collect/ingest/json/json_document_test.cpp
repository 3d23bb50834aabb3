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

TEST(JsonDocument, AnObjectOfArraysIsASignalAnArray) {
  for (
      const char* text :
      {"{\"loss\": [3, 2.5, NaN], \"acc\": [0.1, null, \"0.3\"]}",
       "{\n  \"loss\": [\n    3,\n    2.5,\n NaN\n  ],\n \"acc\": [0.1, null, 0.3\n  ]\n}\n",
       "{\"history\": {\"loss\": [3, 2.5, NaN], \"acc\": [0.1, null, 0.3]}, \"params\": {\"epochs\": 3}}",
       "{\"loss\":{\"0\":3,\"1\":2.5,\"2\":NaN},\"acc\":{\"0\":0.1,\"1\":null,\"2\":0.3}}"}) {
    const auto read = read_text(text);
    EXPECT_TRUE(read.report.sources.at(0).format == Format::json) << text;
    EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(0, 1, 2)) << text;
    EXPECT_THAT(read.signal(0, "acc").positions, ElementsAre(0, 2)) << text;
    EXPECT_THAT(read.signal(0, "acc").values, ElementsAre(0.1, 0.3)) << text;
    EXPECT_TRUE(std::isnan(read.signal(0, "loss").values[2])) << text;
  }
}

TEST(JsonDocument, AnArrayMayBeThePositionOfTheOthers) {
  const auto read =
      read_text("{\"epoch\": [5, 10, 15], \"loss\": [3, 2, 1], \"val_loss\": [4, 3]}");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(5, 10, 15));
  EXPECT_THAT(read.signal(0, "val_loss").positions, ElementsAre(0, 1));
  EXPECT_EQ(read.report.sources[0].position_column, "epoch");
  const auto pairs = read_text("{\"loss\": [[10, 3], [20, 2]], \"val/acc\": [[20, 0.5]]}");
  EXPECT_THAT(pairs.signal(0, "loss").positions, ElementsAre(10, 20));
}

TEST(JsonDocument, WhatThePageOfTensorBoardSaves) {
  const auto read = read_text("[[1700000000.5, 1, 2.5], [1700000001.5, 2, 1.5]]", {}, "loss.json");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1, 2));
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.5));
  EXPECT_THAT(read.signal(0, "loss").seconds, ElementsAre(1700000000.5, 1700000001.5));
}

TEST(JsonDocument, ASettingBesideAHistoryIsNoSignal) {
  std::string text = "{\"betas\": [0.9, 0.999], \"loss\": [";
  for (int i = 0; i < 80; ++i) text += std::to_string(i) + (i == 79 ? "]}" : ", ");
  const auto read = read_text(text);
  EXPECT_EQ(read.report.signals, 1U);
  EXPECT_EQ(read.report.points, 80U);
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
