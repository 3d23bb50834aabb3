#include "emdyn/forecast/curves/curve_forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/curves/test_curves.hpp"

namespace emdyn::forecast {
namespace {

using series::ForecastStatus;

double falling(double t) { return 2.0 + 4.0 * std::pow(t / 10.0, -0.5); }

CurveInput input_of(History history, std::string name = "val_loss") {
  CurveInput input;
  input.name = std::move(name);
  input.at = history.positions.back();
  input.history = std::move(history);
  return input;
}

CurveInput falling_input(std::size_t records = 1000) {
  return input_of(curve_of(records, 1, 1, 0.02, falling));
}

SignalTarget at_most(double value) {
  SignalTarget target;
  target.rises = false;
  target.value = value;
  return target;
}

TEST(AnswerTarget, NearLevelsAreLikelyAndFarOnesAreNot) {
  const CurveTable table = normal_table();
  const CurveInput input = falling_input();
  double last = 1.1;
  // The law is at 2.4 now and at 2.2 at the deadline.
  for (const double level : {2.38, 2.3, 2.2, 2.1, 1.0}) {
    const TargetAnswer answer = answer_target(at_most(level), input, 4000, table);
    ASSERT_TRUE(answer.probability) << answer.reason;
    EXPECT_LE(answer.probability->estimate, last);
    EXPECT_LE(answer.probability->low, answer.probability->estimate);
    EXPECT_GE(answer.probability->high, answer.probability->estimate);
    last = answer.probability->estimate;
  }
  EXPECT_GT(answer_target(at_most(2.38), input, 4000, table).probability->estimate, 0.95);
  EXPECT_LT(last, 0.05);
  // Persistence sees no reason to fall.
  const TargetAnswer answer = answer_target(at_most(2.3), input, 4000, table);
  EXPECT_GT(answer.probability->estimate, answer.competitors[0].probability);
}

TEST(AnswerTarget, SaysWhen) {
  const TargetAnswer answer = answer_target(at_most(2.3), falling_input(), 8000, normal_table());
  ASSERT_TRUE(answer.onset);
  // The law is there at 1,778.
  EXPECT_GT(answer.onset->estimate, 1100);
  EXPECT_LT(answer.onset->estimate, 3000);
  EXPECT_LE(answer.onset->low, answer.onset->estimate);
}

// What is asked along another axis or in another unit has the same answer.
TEST(AnswerTarget, IsFreeOfTheUnitsOfTimeAndValue) {
  const CurveTable table = normal_table();
  const CurveInput steps = falling_input();
  CurveInput tokens = steps;
  for (double& each : tokens.history.positions) each *= 1024.0;
  tokens.at *= 1024.0;
  EXPECT_EQ(answer_target(at_most(2.3), steps, 4000, table).probability,
            answer_target(at_most(2.3), tokens, 4000 * 1024.0, table).probability);
  // A rise of the mirrored signal is a fall of the signal.
  CurveInput mirrored = steps;
  mirrored.name = "reward";
  for (double& each : mirrored.history.values) each = 10.0 - each;
  SignalTarget rise;
  rise.value = 7.7;
  EXPECT_NEAR(answer_target(rise, mirrored, 4000, table).probability->estimate,
              answer_target(at_most(2.3), steps, 4000, table).probability->estimate, 0.06);
}

TEST(AnswerTarget, SeesNothingBeyondItsPosition) {
  const CurveTable table = normal_table();
  series::Signal signal;
  signal.name = "val_loss";
  const History all = curve_of(3000, 1, 1, 0.02, falling);
  for (std::size_t i = 0; i < 3000; ++i) signal.append(all.positions[i], all.values[i]);
  const TargetAnswer before = answer_target(at_most(2.3), curve_input(signal, 1000), 4000, table);
  for (std::size_t i = 1000; i < 3000; ++i) signal.values[i] = 1e9;
  const TargetAnswer after = answer_target(at_most(2.3), curve_input(signal, 1000), 4000, table);
  EXPECT_EQ(before.probability, after.probability);
  EXPECT_EQ(before.onset, after.onset);
}

TEST(AnswerTarget, PastIsPast) {
  const TargetAnswer answer = answer_target(at_most(3.0), falling_input(), 4000, normal_table());
  EXPECT_EQ(answer.status, ForecastStatus::already_past);
  EXPECT_NEAR(*answer.reached_at, 160.0, 20.0);
  SignalTarget at_end = at_most(3.0);
  at_end.manner = TargetManner::at_deadline;
  EXPECT_GT(answer_target(at_end, falling_input(), 4000, normal_table()).probability->estimate,
            0.9);
}

TEST(AnswerTarget, OneRecordIsMoreThanAHold) {
  const CurveTable table = normal_table();
  const CurveInput noisy = input_of(curve_of(1000, 1, 1, 0.2, [](double) { return 3.0; }));
  SignalTarget once = at_most(2.2);
  once.manner = TargetManner::once;
  CurveInput fresh = noisy;
  for (double& each : fresh.history.values) each = std::max(each, 2.21);
  EXPECT_GT(answer_target(once, fresh, 3000, table).probability->estimate,
            answer_target(at_most(2.2), fresh, 3000, table).probability->estimate);
}

TEST(AnswerTarget, AbstainsWithOneReason) {
  const CurveTable table = normal_table();
  const auto reason = [&](const SignalTarget& target, const CurveInput& input, double deadline) {
    const TargetAnswer answer = answer_target(target, input, deadline, table);
    EXPECT_EQ(answer.status, ForecastStatus::abstained);
    EXPECT_FALSE(answer.probability);
    return answer.reason;
  };
  EXPECT_EQ(reason(at_most(1.0), falling_input(4), 100), "4 records so far, 6 are needed");
  EXPECT_EQ(reason(at_most(1.0), falling_input(), 500),
            "the deadline has passed; give a later one");
  EXPECT_NE(reason(at_most(1.0), falling_input(), 1e6).find("1000 times"), std::string::npos);
  EXPECT_EQ(reason(at_most(0.5), input_of(curve_of(50, 1, 1, 0, [](double) { return 1.0; })), 100),
            "it is constant so far");
  EXPECT_NE(reason(at_most(-1.0), falling_input(), 4000).find("never gets to"), std::string::npos);
  CurveOptions bad;
  bad.level = 1.0;
  EXPECT_THROW(answer_target(at_most(1.0), falling_input(), 4000, table, bad), ConfigError);
}

TEST(AnswerTarget, EventsOfACurve) {
  const CurveTable table = normal_table();
  const auto probability = [&](TargetKind kind, const CurveInput& input) {
    SignalTarget target;
    target.kind = kind;
    const TargetAnswer answer = answer_target(target, input, 2000, table);
    EXPECT_TRUE(answer.probability) << word(kind) << answer.reason;
    return answer.probability ? answer.probability->estimate : NAN;
  };
  const CurveInput healthy = falling_input();
  const CurveInput turned = input_of(curve_of(1000, 1, 1, 0.02, [](double t) {
    return falling(t) + (t > 600 ? 1.5 * (t - 600) / 400 : 0.0);
  }));
  EXPECT_GT(probability(TargetKind::divergence, turned),
            probability(TargetKind::divergence, healthy));
  EXPECT_GT(probability(TargetKind::stall, healthy), 0.5);  // It falls by 3 % of its way.
  EXPECT_LT(probability(TargetKind::jump, healthy), 0.1);
}

TEST(EventLevels, ALossIsMeasuredInTheSignalsOwnUnits) {
  // From .1 to .998: on logits the last hundredths are half of the way, of the accuracy they are nothing.
  CurveInput input = input_of(
      curve_of(1000, 1, 1, 0.0, [](double t) { return 0.998 - 0.898 * std::exp(-t / 60.0); }));
  input.name = "accuracy";
  const auto blocks = curve_blocks(input.name, input.history);
  ASSERT_TRUE(blocks);
  const auto lost = event_level(TargetKind::divergence, *blocks, true);
  const auto collapsed = event_level(TargetKind::collapse, *blocks, true);
  ASSERT_TRUE(lost && collapsed);
  EXPECT_FALSE(lost->rises);
  EXPECT_NEAR(blocks->link.back(lost->z), 0.91, 0.01);
  EXPECT_NEAR(blocks->link.back(collapsed->z), 0.55, 0.03);
}

TEST(AnswerTarget, ACollapseIsPastWhenTheRecordsAreNoNumbers) {
  CurveInput input = falling_input();
  for (std::size_t i = 995; i < 1000; ++i) input.history.values[i] = NAN;
  SignalTarget target;
  target.kind = TargetKind::collapse;
  const TargetAnswer answer = answer_target(target, input, 2000, normal_table());
  EXPECT_EQ(answer.status, ForecastStatus::already_past);
}

TEST(AnswerTarget, TheBaseRateStandsWherePathsDoNotBeatIt) {
  CurveTable table = normal_table();
  for (CurveEventRate& event : table.events) event.by_paths = false;
  SignalTarget target;
  target.kind = TargetKind::jump;
  const TargetAnswer answer = answer_target(target, falling_input(), 2000, table);
  EXPECT_DOUBLE_EQ(answer.probability->estimate, 0.2);
  EXPECT_EQ(answer.predictor, "base_rate");
  EXPECT_EQ(answer.competitors[0].name, "paths");
}

TEST(CurveOutlook, HoldsTheTruthOfALawAndSaysWhatIsNear) {
  const CurveOutlook outlook = curve_outlook(falling_input(), 4000, normal_table());
  ASSERT_TRUE(outlook.value) << outlook.reason;
  EXPECT_LT(outlook.value->low, falling(4000));
  EXPECT_GT(outlook.value->high, falling(4000));
  EXPECT_GE(outlook.record->high, outlook.value->high);
  ASSERT_EQ(outlook.events.size(), 4U);
  EXPECT_EQ(outlook.path.back().position, 4000);
  EXPECT_EQ(outlook.path.back().value, *outlook.value);
}

// Accuracies stay accuracies.
TEST(CurveOutlook, BoundsHold) {
  const CurveInput input =
      input_of(curve_of(200, 1, 1, 0.0, [](double t) { return 0.98 - 0.5 * std::exp(-t / 60.0); }),
               "val_acc");
  const CurveOutlook outlook = curve_outlook(input, 2000, normal_table(20.0));
  ASSERT_TRUE(outlook.value);
  EXPECT_GE(outlook.value->low, 0.0);
  EXPECT_LE(outlook.record->high, 1.0);
}

}  // namespace
}  // namespace emdyn::forecast
