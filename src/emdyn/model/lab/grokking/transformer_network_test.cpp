#include "emdyn/model/lab/grokking/transformer_network.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/grokking/grokking.hpp"

namespace emdyn::model::lab {
namespace {

GrokkingConfig small_transformer() {
  GrokkingConfig config;
  config.network = NetworkKind::transformer;
  config.p = 13;
  config.width = 16;
  config.train_fraction = 0.6;
  config.learning_rate = 3e-3;
  config.init_scale = 1.0;
  config.steps = 150;
  config.probe_every = 10;
  return config;
}

TEST(TransformerExperiment, TrainingReducesTheLossTheSameForEveryNumberOfThreads) {
  const series::Run run = record(*make_grokking(small_transformer()));
  const auto& loss = run.find("train_loss")->values;
  EXPECT_LT(loss.back(), 0.8 * loss.front());
  EXPECT_NE(run.find("weight_norm/attention_output"), nullptr);
  EXPECT_NE(run.find("effective_rank/mlp_in"), nullptr);
  const ThreadLimit limit(1);
  EXPECT_EQ(record(*make_grokking(small_transformer())).signals, run.signals);
}

TEST(TransformerExperiment, RefusesAWidthItsHeadsDoNotDivide) {
  GrokkingConfig config = small_transformer();
  config.width = 18;
  EXPECT_THROW(make_grokking(config), ConfigError);
}

}  // namespace
}  // namespace emdyn::model::lab
