#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/forecast/training/collect.hpp"
#include "emdyn/forecast/training/predictors.hpp"

namespace emdyn::forecast {
namespace {

// A stored run whose test accuracy jumps at 600 of 1000 steps, or never.
void store_run(collect::store::Store& store, std::int64_t number, bool generalises) {
  series::RunInfo info;
  info.name = "run-" + std::to_string(number);
  info.configuration = Json{{"op", "mul"},
                            {"p", 31},
                            {"train_fraction", 0.3 + 0.01 * static_cast<double>(number)},
                            {"network", "mlp_relu"},
                            {"width", 64},
                            {"loss", "mse"},
                            {"optimizer", "adamw"},
                            {"learning_rate", 0.005},
                            {"weight_decay", 1.0},
                            {"init_scale", 1.0},
                            {"steps", 1000},
                            {"seed", number}};
  collect::store::RunWriter writer = store.create(info);
  Philox random(static_cast<std::uint64_t>(number));
  for (double t = 0.0; t <= 1000.0; t += 10.0) {
    const double rise = generalises ? 1.0 / (1.0 + std::exp(-(t - 600.0) / 15.0)) : 0.0;
    const double noise = 0.01 * random.normal();
    const auto log = [&](const char* name, double value) {
      writer.append(writer.add_signal(name), t, value);
    };
    log("train_loss", std::exp(-0.01 * t + noise));
    log("test_loss", (4.0 - 3.0 * rise) * std::exp(noise));
    log("train_accuracy", std::min(1.0, t / 100.0));
    log("test_accuracy", std::clamp(0.03 + 0.96 * rise + noise, 0.0, 1.0));
    log("gradient_norm", std::exp(noise));
    log("weight_norm", 20.0 - (generalises ? 0.01 : 0.001) * t + noise);
    log("effective_rank/embedding", 20.0 + noise);
    log("fourier_gini", 0.3 + noise);
  }
  writer.finish();
}

class BankFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("emdyn_bank_files_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

std::string bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_F(BankFiles, FromStoreToPredictorsAndTheSameAgain) {
  auto store = collect::store::Store::open(folder_ / "store", collect::store::Mode::write);
  for (std::int64_t i = 0; i < 24; ++i) store_run(store, i, i % 2 == 0);
  const forecast::Bank bank = collect(folder_ / "store");
  ASSERT_EQ(bank.runs.size(), 24u);
  for (const forecast::BankRun& run : bank.runs) {
    EXPECT_NEAR(run.chance, 1.0 / 31.0, 1e-12);
    if (run.outcome.kind != forecast::OutcomeKind::reached) continue;
    ASSERT_TRUE(run.onset);
    EXPECT_NEAR(run.onset->estimate, 600.0 - 15.0 * std::log(9.0), 15.0) << "10 % of the rise";
  }
  const auto file = folder_ / "bank.jsonl.gz";
  forecast::write_bank(file, bank);
  forecast::EvaluateOptions options;
  options.train = {.penalties = {1.0, 10.0}, .folds = 3, .replicates = 5};
  options.outer_folds = 3;
  options.resamples = 20;
  const Json result = train_predictors(file, folder_ / "a", options);
  EXPECT_EQ(result.at("bank").at("reached"), 12);
  train_predictors(file, folder_ / "b", options);
  for (const char* name : {"grokking.json", "signals_only.json", "evaluation.json"}) {
    EXPECT_EQ(bytes(folder_ / "a" / name), bytes(folder_ / "b" / name)) << name;
    EXPECT_FALSE(bytes(folder_ / "a" / name).empty());
  }
  EXPECT_NO_THROW(forecast::predictor_from_json(
      parse_json(bytes(folder_ / "a" / "grokking.json"), "grokking.json")));
  EXPECT_EQ(evaluate_bank(file, options), result.at("evaluation"));
}

TEST_F(BankFiles, RefusesAnEmptyStoreAndARunWithoutADeadline) {
  auto store = collect::store::Store::open(folder_ / "store", collect::store::Mode::write);
  EXPECT_THROW(collect(folder_ / "store"), DataError);
  collect::store::RunWriter writer = store.create({.name = "bare"});
  writer.append(writer.add_signal("test_accuracy"), 1.0, 0.5);
  writer.finish();
  EXPECT_THROW(collect(folder_ / "store"), DataError);
  EXPECT_EQ(collect(folder_ / "store", {.deadline = 10.0}).runs.size(), 1u);
  EXPECT_THROW(collect(folder_ / "nowhere"), StoreError);
}

}  // namespace
}  // namespace emdyn::forecast
