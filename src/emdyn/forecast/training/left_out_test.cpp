#include "emdyn/forecast/training/left_out.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"
#include "emdyn/forecast/training/train_stacked.hpp"

namespace emdyn::forecast {
namespace {

Bank bank_of_tasks(std::size_t runs, std::size_t tasks) {
  Bank bank = synthetic::make_bank(runs);
  const char* names[] = {"add", "sub", "mul", "div"};
  for (std::size_t i = 0; i < bank.runs.size(); ++i) {
    bank.runs[i].configuration["op"] = names[(i / 2) % tasks];
  }
  return bank;
}

StackedOptions quick_stack() {
  StackedOptions options;
  options.trees.trees = 25;
  options.trees.rate = 0.2;
  options.additive.rounds = 6;
  options.additive.pairs = 2;
  options.additive.bags = 2;
  return options;
}

LeftOutOptions quick_options() {
  LeftOutOptions options;
  options.stacked = quick_stack();
  options.horizons = {0.1, 0.4};
  options.resamples = 10;
  options.today = {.penalties = {10.0}, .folds = 3, .replicates = 0};
  return options;
}

TEST(RelativeRows, UnitsAreTakenOutOfABank) {
  const Bank bank = bank_of_tasks(8, 3);
  const RelativeRows rows = relative_rows(bank);
  EXPECT_EQ(rows.names.size(), relative_names().size() + 9);
  // A row of the bank and the run itself say the same, to the five digits of a bank.
  const series::Run run = synthetic::make_run(0, false);
  const BankRun& reduced = bank.runs[0];
  const std::size_t middle = reduced.at.size() / 2;
  const auto from_run =
      relative_features(observe(run, reduced.at[middle], 2000.0, {}, reduced.chance));
  const auto from_bank = relative_features(observed_in_bank(bank, reduced, middle));
  const auto names = relative_names();
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (std::isnan(from_bank[j])) continue;  // A bank has no first values and no bends.
    EXPECT_NEAR(from_run[j], from_bank[j], 2e-3 * (1.0 + std::abs(from_run[j]))) << names[j];
  }
}

TEST(LeftOut, JudgesEveryMemberOnFamiliesItHasNotSeen) {
  const Json result = evaluate_left_out(bank_of_tasks(30, 3), quick_options());
  ASSERT_EQ(result.at("families").size(), 3u);
  ASSERT_EQ(result.at("pooled").size(), 2u);
  for (const Json& model : result.at("pooled").at(1).at("models")) {
    const std::string name = model.at("name");
    ASSERT_TRUE(model.at("brier").is_object()) << name;
    if (name == "base_rate") {
      EXPECT_NEAR(model.at("brier").at("estimate").get<double>(), 0.25, 0.02);
    }
    // The synthetic runs tell by their weight norm who generalises.
    if (name == "stack" || name == "linear" || name == "trees") {
      EXPECT_GT(model.at("auc").at("estimate").get<double>(), 0.95) << name;
    }
  }
  EXPECT_FALSE(left_out_text(result).empty());
}

TEST(LeftOut, ALabelAddedToTheFamilyLeftOutChangesNothingElse) {
  Bank bank = bank_of_tasks(24, 3);
  const Json before = evaluate_left_out(bank, quick_options());
  // Turn round every outcome of one task: forecasts of that task come from the others, so their
  // log loss changes, but what the others' models say of it does not.
  for (BankRun& run : bank.runs) {
    if (family_of(run, FamilyKind::task) != "add") continue;
    run.outcome.kind =
        run.outcome.kind == OutcomeKind::reached ? OutcomeKind::not_reached : OutcomeKind::reached;
    if (run.outcome.kind == OutcomeKind::reached) run.outcome.reached_at = 1900.0;
  }
  const Json after = evaluate_left_out(bank, quick_options());
  const Json& a = before.at("families").at(0);
  const Json& b = after.at("families").at(0);
  ASSERT_EQ(a.at("name"), "add");
  EXPECT_EQ(a.at("weights"), b.at("weights"));
  const double auc_before = a.at("horizons").at(1).at("models").at(6).at("auc");
  const double auc_after = b.at("horizons").at(1).at("models").at(6).at("auc");
  EXPECT_NEAR(auc_before, 1.0 - auc_after, 1e-12);
}

TEST(LeftOut, SameForAnyNumberOfThreads) {
  const Bank bank = bank_of_tasks(18, 3);
  std::string texts[2];
  for (std::size_t threads : {1u, 2u}) {
    const ThreadLimit limit(threads);
    texts[threads - 1] = json_text(evaluate_left_out(bank, quick_options()));
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(LeftOut, RefusesTooFewFamilies) {
  EXPECT_THROW(evaluate_left_out(bank_of_tasks(16, 1), quick_options()), DataError);
  EXPECT_THROW(family_kind_from_word("tusk"), ConfigError);
  EXPECT_THROW(relative_rows(Bank{}), DataError);
}

TEST(StackedPredictor, FromBankToFileToAForecastOfAnyLog) {
  const Predictor trained = train_stacked(bank_of_tasks(30, 3), quick_stack());
  const Json json = predictor_json(trained);
  const Predictor read = predictor_from_json(parse_json(json_text(json), "test"));
  series::Run run = synthetic::make_run(101, true);
  const ForecastOptions options{.deadline = 2000.0, .at = 800.0};
  const auto whole = forecast(read, run, options);
  ASSERT_EQ(whole.status, series::ForecastStatus::ok);
  EXPECT_GT(whole.probability->estimate, 0.5);
  EXPECT_EQ(whole, forecast(trained, run, options));
  EXPECT_EQ(whole, forecast(read, run.prefix(800.0), options)) << "causal";
  // Two signals are enough, none is not.
  std::erase_if(run.signals, [](const series::Signal& signal) {
    return signal.name != "test_accuracy" && signal.name != "weight_norm";
  });
  EXPECT_NE(forecast(read, run, options).status, series::ForecastStatus::already_past);
  run.signals.clear();
  EXPECT_EQ(forecast(read, run, options).status, series::ForecastStatus::abstained);
  EXPECT_THROW(forecast(read, run, {.deadline = 0.0}), ConfigError);
}

TEST(StackedPredictor, FarFromTheBankItAbstainsAndSaysSo) {
  const Predictor trained = train_stacked(bank_of_tasks(30, 3), quick_stack());
  series::Run odd = synthetic::make_run(101, true);
  for (series::Signal& signal : odd.signals) {
    if (!signal.name.starts_with("weight_norm")) continue;
    for (std::size_t i = 0; i < signal.size(); ++i) {
      signal.values[i] = std::exp(0.05 * static_cast<double>(i));  // Four decades in the run.
    }
  }
  const auto told = forecast(trained, odd, {.deadline = 2000.0, .at = 1000.0});
  ASSERT_TRUE(told.reason);
  EXPECT_NE(told.reason->find("as far from the bank"), std::string::npos);
}

TEST(StackedPredictor, RefusesAnAlteredFileAndAnotherVersion) {
  const Predictor trained = train_stacked(bank_of_tasks(18, 3), quick_stack());
  Json json = predictor_json(trained);
  json["target"]["level"] = 0.5;
  EXPECT_THROW(predictor_from_json(json), DataError);
  EXPECT_THROW(predictor_from_json(Json{{"schema", "emdyn-stacked-predictor-1"}}), DataError);
  Predictor other = trained;
  other.stacked->features.back() = "something_else";
  EXPECT_THROW(predictor_from_json(predictor_json(other)), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
