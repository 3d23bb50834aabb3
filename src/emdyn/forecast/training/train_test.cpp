#include "emdyn/forecast/training/train.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"
#include "emdyn/forecast/training/evaluate.hpp"

namespace emdyn::forecast {
namespace {

const Bank& bank() {
  static const Bank made = synthetic::make_bank(40);
  return made;
}

EvaluateOptions quick() {
  EvaluateOptions options;
  options.train.penalties = {1.0, 10.0};
  options.train.folds = 3;
  options.outer_folds = 4;
  options.resamples = 50;
  return options;
}

const Json& row(const Json& evaluation, std::string_view name) {
  for (const Json& model : evaluation.at("models")) {
    if (model.at("name") == name) return model;
  }
  throw std::runtime_error("no row");
}

TEST(Train, EqualForEveryNumberOfThreads) {
  const TrainOptions options{.penalties = {1.0, 10.0}, .replicates = 10};
  Json one, many;
  {
    const ThreadLimit limit(1);
    one = predictor_json(train_predictor(bank(), FeatureSet::grokking, options));
  }
  many = predictor_json(train_predictor(bank(), FeatureSet::grokking, options));
  EXPECT_EQ(json_text(one), json_text(many));
}

TEST(Train, CensoredRunsAreNotUsed) {
  Bank cut = bank();
  cut.runs[0].outcome.kind = OutcomeKind::censored;
  const auto runs = usable_runs(cut);
  EXPECT_EQ(runs.size(), cut.runs.size() - 1);
  const Predictor predictor = train_predictor(cut, FeatureSet::signals_only, {.replicates = 0});
  EXPECT_EQ(predictor.provenance.at("runs"), 39);
  EXPECT_EQ(predictor.provenance.at("censored"), 1);
}

TEST(Train, RefusesABankThatIsTooSmall) {
  Bank tiny = bank();
  tiny.runs.resize(3);
  EXPECT_THROW(train_predictor(tiny, FeatureSet::grokking), Error);
  Bank foreign = bank();
  foreign.features = {"elapsed"};
  EXPECT_THROW(train_predictor(foreign, FeatureSet::grokking), DataError);
}

TEST(Train, DesignKeepsRowsOfAGroupTogether) {
  Bank twins = bank();
  twins.runs[1].group = twins.runs[0].group;
  const Design design = make_design(twins, usable_runs(twins), {});
  EXPECT_EQ(design.group_count, 39u);
  for (std::size_t i = 0; i < design.runs.size(); ++i) {
    if (design.runs[i] <= 1) {
      EXPECT_EQ(design.groups[i], 0u);
    }
  }
}

TEST(Evaluate, OneSuccessIsTooFew) {
  Bank bare = bank();
  for (std::size_t i = 3; i < bare.runs.size(); ++i) {
    bare.runs[i].outcome.kind = OutcomeKind::not_reached;
  }
  EXPECT_THROW(evaluate(bare, quick()), DataError);
}

TEST(Evaluate, ScoresAClearCaseHighAndTheBaselinesLow) {
  const Json evaluation = evaluate(bank(), quick());
  EXPECT_EQ(evaluation.at("bank").at("runs"), 40);
  EXPECT_GT(row(evaluation, "grokking").at("auc").at("estimate").get<double>(), 0.95);
  EXPECT_LT(row(evaluation, "elapsed_time").at("auc").at("estimate").get<double>(), 0.75);
  EXPECT_NEAR(row(evaluation, "prior").at("brier").at("estimate").get<double>(), 0.25, 0.03);
  EXPECT_EQ(row(evaluation, "always_fire").at("false_positive_rate").at("estimate"), 1.0);
  EXPECT_EQ(row(evaluation, "always_fire").at("hit_rate").at("estimate"), 1.0);
  EXPECT_EQ(row(evaluation, "never_fire").at("hit_rate").at("estimate"), 0.0);
  EXPECT_EQ(row(evaluation, "prior").at("hit_rate").at("estimate"), 0.0);
  const std::string text = evaluation_text(evaluation);
  for (const char* name : {"grokking", "signals_only", "prior", "always_fire", "Reliability"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

// Labels dealt at random: whatever the features say of the groups, held-out skill must vanish.
TEST(Evaluate, FindsNoSkillWhereThereIsNone) {
  Bank shuffled;
  for (std::size_t i = 0; i < 60; ++i) {
    const series::Run run = synthetic::make_run(i, false);
    BankRun reduced = summarise(run, shuffled, 2000.0, 1.0 / 31.0, std::nullopt);
    Philox random(i, 3);
    if (random.uniform() < 0.5) reduced.outcome.kind = OutcomeKind::reached;
    shuffled.runs.push_back(std::move(reduced));
  }
  const Json evaluation = evaluate(shuffled, quick());
  const Json& auc = row(evaluation, "grokking").at("auc");
  EXPECT_LT(auc.at("estimate").get<double>(), 0.7);
  EXPECT_LT(row(evaluation, "grokking").at("hit_rate").at("estimate").get<double>(), 0.5);
}

}  // namespace
}  // namespace emdyn::forecast
