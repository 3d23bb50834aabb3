#include "emdyn/pipeline/detect_lines.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<Json> objects(const std::string& text) {
  std::vector<Json> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) all.push_back(Json::parse(line));
  return all;
}

LineDetection::Options with(std::string detector) {
  LineDetection::Options options;
  options.detect.detector = std::move(detector);
  return options;
}

TEST(LineDetection, EveryValueIsAnsweredWhenItsLineIsComplete) {
  LineDetection detection(with("cusum"));
  std::string out;
  detection.feed("1\n2\n3", out);
  EXPECT_THAT(objects(out), SizeIs(2));
  detection.feed("5\nnan\n", out);
  const auto lines = objects(out);
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_EQ(lines[2]["value"], 35.0);
  EXPECT_TRUE(lines[3]["value"].is_null());
  EXPECT_EQ(lines[3]["score"], 1.0);
  EXPECT_EQ(lines[3]["events"][0]["kind"], "nonfinite");
}

TEST(LineDetection, CutsAreNotSeen) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += std::to_string((i * 7919) % 101) + (i % 50 ? "\n" : ".5\r\n");
  LineDetection whole(with("ewma"));
  std::string once;
  whole.feed(text, once);
  whole.finish("input", once);
  LineDetection cut(with("ewma"));
  std::string pieces;
  for (const char c : text) cut.feed(std::string(1, c), pieces);
  cut.finish("input", pieces);
  EXPECT_EQ(once, pieces);
}

TEST(LineDetection, MalformedLinesAreCountedAndTheEndIsSaid) {
  LineDetection::Options options = with("cusum");
  options.line_bytes = 100;
  LineDetection detection(options);
  std::string out;
  detection.feed("1\nnoise\n{\"a\n" + std::string(5000, '7') + "\n2\n3", out);
  detection.finish("interrupted", out);
  const Json end = objects(out).back();
  EXPECT_EQ(end["end"], "interrupted");
  EXPECT_EQ(end["samples"], 3);
  EXPECT_EQ(end["malformed"], 3);
  EXPECT_EQ(end["lines"], 6);
  EXPECT_THAT(detection.first_fault(), HasSubstr("-:2"));
}

TEST(LineDetection, EachKeyIsASignalOfItsOwn) {
  LineDetection::Options options = with("k_sigma");
  options.signals = {"loss"};
  LineDetection detection(options);
  std::string out;
  detection.feed("{\"step\":1,\"loss\":2,\"lr\":0.1}\n{\"step\":2,\"lr\":0.1}\n", out);
  const auto lines = objects(out);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0]["signal"], "loss");
  EXPECT_EQ(lines[0]["position"], 1.0);
}

TEST(LineDetection, RowsOfChannelsWithAttribution) {
  LineDetection detection(with("mahalanobis"));
  std::string out;
  detection.feed("a,b\n", out);
  for (int i = 0; i < 200; ++i) {
    detection.feed(std::to_string((i * 37) % 11) + "," + std::to_string((i * 53) % 13) + "\n", out);
  }
  detection.feed("5,400\n,6\n", out);
  const auto lines = objects(out);
  ASSERT_THAT(lines, SizeIs(202));
  EXPECT_EQ(lines[200]["values"]["b"], 400.0);
  EXPECT_GT(lines[200]["attribution"]["b"], 0.9);
  EXPECT_EQ(lines[200]["events"][0]["shares"][0]["name"], "b");
  EXPECT_FALSE(lines[201]["values"].contains("a"));
}

TEST(LineDetection, OnlyAlarmsWhereAsked) {
  LineDetection::Options options = with("k_sigma");
  options.alarms_only = true;
  options.detect.front_end = false;
  LineDetection detection(options);
  std::string out;
  for (int i = 0; i < 100; ++i) detection.feed(std::to_string(i % 5) + "\n", out);
  EXPECT_EQ(out, "");
  detection.feed("1000\n", out);
  ASSERT_THAT(objects(out), SizeIs(1));
  EXPECT_EQ(objects(out)[0]["events"][0]["direction"], "rise");
}

TEST(LineDetection, RefusesUnknownDetectorsAndParameters) {
  EXPECT_THROW(LineDetection(with("cusun")), ConfigError);
  LineDetection::Options options = with("cusum");
  options.detect.params = {{"nonsense", "1"}};
  EXPECT_THROW(LineDetection{options}, ConfigError);
}

}  // namespace
}  // namespace emdyn::pipeline
