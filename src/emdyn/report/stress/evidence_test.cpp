#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "emdyn/report/stress/evidence_page.hpp"

namespace emdyn::report {
namespace {

using provoke::trial::CurveFinding;
using provoke::trial::OodFinding;
using provoke::trial::Picture;
using provoke::trial::StressEvidence;
using testing::HasSubstr;
using testing::Not;

Picture gradient() {
  Picture picture{.channels = 1, .height = 28, .width = 28};
  for (std::size_t i = 0; i < 784; ++i) picture.values.push_back(static_cast<float>(i) / 783.0F);
  return picture;
}

StressEvidence full() {
  StressEvidence evidence;
  evidence.title = "mnist network";
  evidence.program_version = "1.2.3";
  evidence.model = "net.safetensors";
  evidence.data = "digits";
  evidence.examples = 10000;
  evidence.clean_errors = 180;
  evidence.norm = "linf";
  evidence.epsilon = 0.1;
  evidence.attacks = {{"fgsm", 390, 0, 10000, 1.5, "one step"},
                      {"apgd_ce", 411, 20, 123456, 60.0, "100 steps"}};
  evidence.best_attack_errors = 411;
  evidence.certified_bound = 470;
  evidence.undecided = 59;
  CurveFinding curve;
  curve.curve.order_parameter = "robust_accuracy";
  curve.curve.control_parameter = "epsilon";
  for (int i = 0; i < 8; ++i) {
    const double e = 0.05 * i;
    const double v = 1.0 / (1.0 + std::exp((e - 0.2) / 0.03));
    curve.curve.points.push_back({e, {v - 0.01, v, v + 0.01, 0.9}, v * 0.9, v});
  }
  curve.words = "It breaks at 0.13.";
  evidence.curves = {curve};
  evidence.corruption_set = "small";
  evidence.corruptions = {{"fog", {0.1, 0.2, 0.3, 0.4, 0.5}},
                          {"snow", {0.0, 0.01, 0.02, 0.1, 0.2}}};
  OodFinding ood{
      .score = "energy", .set = "fashion", .auroc = 0.993, .aupr_out = 0.99, .fpr95 = 0.02};
  ood.roc_false = {0.0, 0.02, 1.0};
  ood.roc_true = {0.5, 0.95, 1.0};
  ood.edges = {-4.0, 0.0, 4.0, 8.0};
  ood.inside = {0, 2, 100};
  ood.outside = {40, 10, 1};
  evidence.ood = {ood};
  evidence.tripwires = {{"feature_squeezing", "pgd", {0.8, 0.9}, {0.05, 0.1}}};
  evidence.worst = {{gradient(), gradient(), "seven", "one", "apgd_ce, 0.1"}};
  evidence.diagnosis = {{"zero_gradients", "Attack the logits."}};
  evidence.settings = {{"seed", 1}};
  evidence.ledger = {{"forward", 20}, {"gradient", 133456}};
  return evidence;
}

TEST(StressEvidence, SaysWhatWasFound) {
  const std::string page = render_evidence(full());
  EXPECT_THAT(page, HasSubstr("180 of 10,000 examples are wrong without any attack (1.8 %)"));
  EXPECT_THAT(page, HasSubstr("attacks raise that to 411"));
  EXPECT_THAT(page, HasSubstr("no attack at all can raise it above 470"));
  EXPECT_THAT(page, HasSubstr("59 examples are neither broken nor certified"));
  EXPECT_THAT(page, HasSubstr("133456"));
  EXPECT_THAT(page, HasSubstr("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_LT(page.size(), 2'000'000U);
  EXPECT_EQ(page, render_evidence(full()));
}

TEST(StressEvidence, WritesItselfWhereAsked) {
  // EMDYN_EVIDENCE_PAGE=page.html writes the page, to be looked at.
  if (const char* path = std::getenv("EMDYN_EVIDENCE_PAGE"))
    std::ofstream(path) << render_evidence(full());
}

TEST(StressEvidence, SaysWhatIsAbsent) {
  const std::string page = render_evidence(StressEvidence{});
  for (const char* words : {"No examples were tested", "No attack was run", "No curve was measured",
                            "No corruption was tried", "No strange inputs were scored",
                            "No tripwire was tried", "No example was broken"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
}

TEST(StressEvidence, HostileTextsStayText) {
  StressEvidence evidence = full();
  const std::string hostile = "</title><script>alert(1)</script><img src=x onerror=1>";
  evidence.title = evidence.model = evidence.data = evidence.norm = hostile;
  evidence.attacks[0].name = evidence.corruptions[0].name = evidence.ood[0].set = hostile;
  evidence.tripwires[0].name = evidence.worst[0].label = evidence.worst[0].caption = hostile;
  evidence.diagnosis[0] = {hostile, hostile};
  evidence.settings[hostile] = hostile;
  evidence.curves[0].curve.order_parameter = evidence.curves[0].words = hostile;
  const std::string page = render_evidence(evidence);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
}

TEST(StressEvidence, PictureOfOnePixelIsTheKnownPng) {
  // 1 x 1 grey white: header 13 bytes with colour type 0, one scanline {0, 255}.
  const std::string uri = picture_uri({1, 1, 1, {1.0F}});
  EXPECT_THAT(uri, HasSubstr("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV"));
  EXPECT_TRUE(uri.ends_with("AAAABJRU5ErkJggg==")) << uri;
  EXPECT_TRUE(picture_uri({1, 2, 2, {1.0F}}).empty());
  EXPECT_TRUE(picture_uri({2, 1, 1, {1.0F, 1.0F}}).empty());
  EXPECT_TRUE(picture_uri({1, 513, 1, std::vector<float>(513)}).empty());
}

}  // namespace
}  // namespace emdyn::report
