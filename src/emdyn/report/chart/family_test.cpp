#include "emdyn/report/chart/family.hpp"

#include <gtest/gtest.h>

namespace emdyn::report {
namespace {

TEST(SignalFamily, FollowsRolesAndCommonNames) {
  EXPECT_EQ(signal_family("train_loss"), "loss");
  EXPECT_EQ(signal_family("val/Accuracy"), "loss");
  EXPECT_EQ(signal_family("valAcc"), "loss");
  EXPECT_EQ(signal_family("GradNorm"), "gradients");
  EXPECT_EQ(signal_family("weight_norm/hidden"), "weights");
  EXPECT_EQ(signal_family("weight_norm/embedding"), "weights");
  EXPECT_EQ(signal_family("dead_fraction"), "activations");
  EXPECT_EQ(signal_family("effective_rank/embedding"), "representation");
  EXPECT_EQ(signal_family("tokens_per_batch"), "data");
  EXPECT_EQ(signal_family("batch_label_entropy"), "data");
  EXPECT_EQ(signal_family("learning_rate"), "other");
}

TEST(SignalFamily, KnowsWholeWordsOnly) {
  EXPECT_EQ(signal_family("lambada/acc"), "loss");
  EXPECT_EQ(signal_family("lambada_openai/ppl"), "loss");
  EXPECT_EQ(signal_family("winogrande/acc_norm"), "loss");
  EXPECT_EQ(signal_family("sat_upgrade/acc"), "loss");
  EXPECT_EQ(signal_family("activation_quiz/accuracy"), "loss");
  EXPECT_EQ(signal_family("paperweight"), "other");
  EXPECT_EQ(signal_family("franking"), "other");
  EXPECT_EQ(signal_family("MSELoss"), "loss");
  EXPECT_EQ(signal_family("react/latency"), "other");
}

TEST(SignalFamily, LeavesSettingsApart) {
  EXPECT_EQ(signal_family("loss_scale"), "other");
  EXPECT_EQ(signal_family("optimizer/weight_decay"), "other");
  EXPECT_EQ(signal_family(""), "other");
  EXPECT_EQ(signal_family("///"), "other");
}

TEST(SignalFamily, FollowsARole) {
  EXPECT_EQ(family_of_role(series::Role::gradient_norm), "gradients");
  EXPECT_EQ(family_of_role(series::Role::test_accuracy), "loss");
  EXPECT_EQ(family_of_role(series::Role::learning_rate), "other");
}

}  // namespace
}  // namespace emdyn::report
