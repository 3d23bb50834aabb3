#include "emdyn/model/lab/classifier/classifier.hpp"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/classifier/flat_network.hpp"
#include "emdyn/model/network/network_file.hpp"

namespace emdyn::model::lab {
namespace {

using ::testing::HasSubstr;

/// Noisy images of 8 × 8, one bright quadrant: its number is the label.
model::data::Dataset quadrants(std::size_t count, std::uint64_t seed) {
  model::data::Dataset made{.name = "quadrants", .shape = {1, 8, 8}};
  Philox random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    made.labels.push_back(random.below(4));
    for (int pixel = 0; pixel < 64; ++pixel) {
      const int quadrant = 2 * (pixel / 32) + (pixel % 8) / 4;
      const double light = quadrant == made.labels.back() ? 0.6 : 0.0;
      made.values.push_back(static_cast<float>(light + 0.4 * random.uniform()));
    }
  }
  return made;
}

class ClassifierTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(checkpoint_); }

  ClassifierTask task(double epsilon = 0.0) const {
    CnnConfig config;
    config.channels1 = 4;
    config.channels2 = 4;
    config.hidden = 16;
    config.epochs = 3;
    config.batch = 32;
    config.learning_rate = 0.01;
    config.warmup_steps = 3;
    config.log_every = 4;
    config.adversarial_epsilon = epsilon;
    return {.name = "cnn",
            .configuration = config_json(kCnnFields, config),
            .classifier = cnn_classifier(config, train_.shape, 4),
            .train = examples_of(train_, 4),
            .test = examples_of(test_, 4),
            .settings = config,
            .adversarial_epsilon = epsilon,
            .adversarial_steps = config.adversarial_steps,
            .checkpoint = checkpoint_};
  }

  model::data::Dataset train_ = quadrants(400, 1);
  model::data::Dataset test_ = quadrants(200, 2);
  std::filesystem::path checkpoint_ =
      std::filesystem::path(::testing::TempDir()) /
      (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
       ".safetensors");
};

model::Safetensors weights_after(ClassifierTask task, const Task& until = {}) {
  ClassifierTraining training(std::move(task));
  record(training, until);
  return model::weights_of(training.network());
}

TEST_F(ClassifierTest, LearnsWhatCanBeLearned) {
  ClassifierTraining training(task());
  EXPECT_EQ(training.steps(), 3 * 13);
  const series::Run run = record(training);
  EXPECT_GT(run.find("test_accuracy")->values.back(), 0.97);
  EXPECT_GT(run.find("test_recall")->values.back(), 0.95);
  EXPECT_EQ(run.find("test_accuracy")->size(), 3U) << "once an epoch";
  EXPECT_LT(run.find("train_loss")->values.back(), 0.2);
  EXPECT_EQ(run.find("test_robust_accuracy"), nullptr);
}

TEST_F(ClassifierTest, EqualBitsForEveryNumberOfThreads) {
  model::Safetensors first;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    const ThreadLimit limit(threads);
    model::Safetensors found = weights_after(task(0.05));
    if (threads == 1U) first = found;
    EXPECT_EQ(found, first) << threads;
  }
}

/// Asks for an end at the third row, in the middle of the first epoch.
class Stopper final : public SampleSink {
 public:
  void row(std::int64_t, std::span<const Sample>) override {
    if (++rows_ == 3) stop.request_stop();
  }
  void event(const series::Event&) override {}
  std::stop_source stop{};

 private:
  int rows_ = 0;
};

TEST_F(ClassifierTest, StoppedAndResumedEndsWithTheSameBits) {
  const model::Safetensors whole = weights_after(task());
  {
    ClassifierTraining training(task());
    Stopper sink;
    const ExperimentResult outcome = training.run(sink, Task(sink.stop.get_token()));
    EXPECT_TRUE(outcome.interrupted);
    EXPECT_EQ(outcome.steps, 12);
  }
  ClassifierTask rest = task();
  rest.resume = true;
  EXPECT_EQ(weights_after(rest), whole);
}

TEST_F(ClassifierTest, RefusesTheCheckpointOfOtherSettings) {
  (void)weights_after(task());
  ClassifierTask other = task();
  other.resume = true;
  other.configuration["seed"] = 2;
  EXPECT_THROW(ClassifierTraining{other}, DataError);
  std::ofstream(checkpoint_) << "garbage";
  other = task();
  other.resume = true;
  EXPECT_THROW(ClassifierTraining{other}, DataError);
}

TEST_F(ClassifierTest, AdversarialTrainingHelpsAgainstPgd) {
  const auto robust_accuracy = [](ClassifierTask task) {
    ClassifierTraining training(std::move(task));
    return record(training).find("test_robust_accuracy")->values.back();
  };
  ClassifierTask robust = task(0.2);
  robust.settings.epochs = 12;
  ClassifierTraining clean(task());
  record(clean);
  ClassifierTask measure = task(0.2);  // Does not move from the weights of the clean training.
  measure.classifier.layers = clean.network().layers();
  measure.settings.learning_rate = 1e-12;
  measure.settings.epochs = 1;
  const double without = robust_accuracy(measure);
  EXPECT_GT(robust_accuracy(robust), without + 0.2) << without;
}

TEST_F(ClassifierTest, NoiseIsNotLearned) {
  EnnConfig config;
  config.channels1 = config.channels2 = 2;
  config.hidden = 8;
  config.canvas = 12;
  config.frames = 3;
  config.epochs = 4;
  const model::data::Dataset digits{.shape = {1, 2, 2}, .values = {1, 1, 1, 1}, .labels = {1}};
  const model::data::MovingDigits train(digits, {.task = model::data::SequenceTask::noise,
                                                 .frames = 3,
                                                 .canvas = 12,
                                                 .count = 500,
                                                 .seed = 1});
  const model::data::MovingDigits test(digits, {.task = model::data::SequenceTask::noise,
                                                .frames = 3,
                                                .canvas = 12,
                                                .count = 1000,
                                                .seed = 2});
  ClassifierTraining training({.name = "enn",
                               .configuration = config_json(kEnnFields, config),
                               .classifier = enn_classifier(config, 10),
                               .train = examples_of(train),
                               .test = examples_of(test),
                               .settings = config});
  const series::Run run = record(training);
  // 1,000 fair guesses among ten: five standard deviations around .1.
  EXPECT_NEAR(run.find("test_accuracy")->values.back(), 0.1, 0.05);
}

TEST_F(ClassifierTest, EnnGradientIsTheFiniteDifference) {
  EnnConfig config;
  config.channels1 = config.channels2 = 2;
  config.hidden = 4;
  config.canvas = 12;
  config.frames = 3;
  const Classifier made = enn_classifier(config, 3);
  FlatNetwork network(made.signature, made.layers, 1);
  Philox random(5);
  torch::Tensor x = at::empty({2, 3, 1, 12, 12});
  for (std::int64_t i = 0; i < x.numel(); ++i)
    x.data_ptr<float>()[i] = static_cast<float>(random.uniform());
  const auto loss = [&] {
    return at::cross_entropy_loss(model::apply(network.layers(0), x), at::tensor({0L, 2L}), {},
                                  at::Reduction::Sum);
  };
  std::vector<float> slopes(network.parameters().size());
  network.gradient(0, loss(), slopes);
  for (std::size_t i = 0; i < slopes.size(); i += 41) {
    float& weight = network.parameters()[i];
    const float saved = weight;
    weight = saved + 1e-2F;
    const double high = loss().item<double>();
    weight = saved - 1e-2F;
    const double low = loss().item<double>();
    weight = saved;
    EXPECT_NEAR(static_cast<double>(slopes[i]), (high - low) / 2e-2, 0.02) << i;
  }
}

TEST_F(ClassifierTest, NamesWhatDoesNotFit) {
  EXPECT_THROW(cnn_classifier({}, {1, 2, 2}, 4), ConfigError);
  EXPECT_THROW(cnn_classifier({}, {64}, 4), ConfigError);
  EXPECT_THROW(examples_of(train_, 3), DataError) << "label 3 of classes 0 to 2";
  train_.labels.pop_back();
  EXPECT_THROW(examples_of(train_, 4), DataError);
  EXPECT_THROW(examples_of(model::data::Dataset{}, 4), DataError);
  EXPECT_THROW(cnn_config({{"epochs", "0"}}), ConfigError);
  EXPECT_THROW(enn_config({{"task", "colour"}}), ConfigError);
  EXPECT_THAT(json_text(config_json(kEnnFields, enn_config({{"task", "digit"}}))),
              HasSubstr("\"task\":\"digit\""));
}

}  // namespace
}  // namespace emdyn::model::lab
