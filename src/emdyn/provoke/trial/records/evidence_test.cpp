#include "emdyn/provoke/trial/records/evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace emdyn::provoke::trial {
namespace {

TEST(EvidenceRecords, JsonNamesAndNulls) {
  StressEvidence evidence;
  evidence.examples = 10;
  evidence.attacks = {{"fgsm", 3, 1, 2, 0.5, "one step"}};
  evidence.best_attack_errors = 3;
  evidence.corruptions = {{"fog", {0.1, 0.2, 0.3, 0.4, 0.5}}};
  evidence.ood = {{.score = "energy", .set = "noise", .auroc = 0.9}};
  evidence.tripwires = {{"kernel_density", "pgd / x", {0.5, NAN}, {0.0, 0.1}}};
  evidence.diagnosis = {{"zero_gradients", "attack the logits"}};
  const Json json = evidence;
  EXPECT_EQ(json["best_attack_errors"], 3);
  EXPECT_TRUE(json["certified_bound"].is_null());
  EXPECT_TRUE(json["undecided"].is_null());
  EXPECT_EQ(json["attacks"][0]["gradient"], 2);
  EXPECT_EQ(json["corruptions"][0]["error_rate"][4], 0.5);
  EXPECT_EQ(json["ood"][0]["set"], "noise");
  EXPECT_EQ(json["tripwires"][0]["adaptive_detected"][1], 0.1);
  // A rate among none is no number.
  EXPECT_NE(json_text(json).find("\"detected\":[0.5,null]"), std::string::npos);
  EXPECT_EQ(json["diagnosis"][0]["flag"], "zero_gradients");
}

TEST(EvidenceRecords, ACurveThatBreaksHasATransition) {
  series::StressCurve curve{.order_parameter = "robust_accuracy", .control_parameter = "epsilon"};
  for (int i = 0; i < 30; ++i) {
    const double epsilon = 0.01 * i;
    const double accuracy = 1.0 / (1.0 + std::exp((epsilon - 0.15) / 0.01));
    curve.points.push_back({.position = epsilon, .value = {accuracy, accuracy, accuracy, 0.9}});
  }
  const CurveFinding breaks = curve_finding(curve, series::Axis::epsilon);
  ASSERT_TRUE(breaks.transition.has_value());
  EXPECT_NE(breaks.transition->record.kind, series::TransitionKind::none);
  EXPECT_EQ(breaks.transition->curve.size(), 401U);
  EXPECT_FALSE(breaks.words.empty());
  curve.points.resize(4);
  const CurveFinding few = curve_finding(curve, series::Axis::epsilon);
  EXPECT_EQ(few.transition->record.kind, series::TransitionKind::none);
  EXPECT_FALSE(few.words.empty());  // Says why.
}

}  // namespace
}  // namespace emdyn::provoke::trial
