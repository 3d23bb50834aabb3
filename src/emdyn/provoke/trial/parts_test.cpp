#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "emdyn/core/error.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/provoke/trial/attack_trial.hpp"
#include "emdyn/provoke/trial/corrupt_trial.hpp"
#include "emdyn/provoke/trial/ood_trial.hpp"
#include "emdyn/provoke/trial/test_pictures.hpp"
#include "emdyn/provoke/trial/tripwires.hpp"

// The parts of `stress all`, each on its own.
namespace emdyn::provoke::trial {
namespace {

using testing::HasSubstr;

template <class Error>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

const Task& stopped() {
  static const std::atomic<bool> flag{true};
  static const Task task(&flag);
  return task;
}

TEST(CorruptTrial, CountsErrorsOfEachSeverity) {
  const Subject subject = test::subject(40, 11);
  const CorruptTrial found =
      run_corrupt_trial(*subject.model, subject.dataset, {.names = {"contrast", "rotate"}});
  ASSERT_EQ(found.findings.size(), 2U);
  EXPECT_EQ(found.findings[0].name, "contrast");
  EXPECT_EQ(found.constants, "small");
  ASSERT_EQ(found.curve.points.size(), 6U);
  for (std::size_t severity = 1; severity <= 5; ++severity) {
    const double mean = 0.5 * (found.findings[0].error_rate[severity - 1] +
                               found.findings[1].error_rate[severity - 1]);
    EXPECT_NEAR(found.curve.points[severity].value.estimate, 1.0 - mean, 1e-12);
  }
  // Clean examples, then two corruptions at five severities.
  EXPECT_EQ(found.ledger.forward, 11 * 40);
  const Json json = found;
  EXPECT_EQ(json["corruptions"][1]["name"], "rotate");
  EXPECT_EQ(json["ledger"]["forward"], 440);
}

TEST(CorruptTrial, GreyPicturesHaveNoColourToChange) {
  const Subject subject = test::subject(4, 12);
  const CorruptTrial all = run_corrupt_trial(*subject.model, subject.dataset, {});
  for (const CorruptionFinding& one : all.findings) EXPECT_NE(one.name, "saturate");
  EXPECT_EQ(all.findings.size(), corrupt::entries().size() - 1);
}

TEST(CorruptTrial, TablesAndRefusals) {
  const model::FunctionModel model({.input = {1}, .classes = 2}, [](const torch::Tensor& x) {
    return at::cat({x, 1.0 - x}, 1);
  });
  const model::data::Dataset column{
      .name = "column", .shape = {1}, .values = {0.1F, 0.9F, 0.4F}, .labels = {1, 0, 1}};
  const CorruptTrial found = run_corrupt_trial(model, column, {});
  EXPECT_EQ(found.constants, "table");
  std::vector<std::string> names;
  for (const CorruptionFinding& one : found.findings) names.push_back(one.name);
  // One column has no other to be swapped with.
  EXPECT_THAT(names, testing::ElementsAre("columns_missing", "columns_scaled", "columns_stale"));
  EXPECT_THAT(message_of<ConfigError>(
                  [&] { (void)run_corrupt_trial(model, column, {.names = {"columns_swapped"}}); }),
              HasSubstr("does not fit"));
  const Subject subject = test::subject(4, 13);
  EXPECT_THAT(message_of<ConfigError>([&] {
                (void)run_corrupt_trial(*subject.model, subject.dataset,
                                        {.names = {"gausian_noise"}});
              }),
              HasSubstr("gaussian_noise"));
  EXPECT_THAT(message_of<ConfigError>([&] {
                (void)run_corrupt_trial(*subject.model, subject.dataset, {.constants = "large"});
              }),
              HasSubstr("large"));
  EXPECT_THROW((void)run_corrupt_trial(*subject.model, subject.dataset, {}, stopped()),
               Task::Stopped);
}

TEST(OodTrial, TellsNoiseFromPictures) {
  const auto train = test::pictures(300, 21);
  const Subject subject = test::subject(100, 22);
  const auto sets = made_sets(subject.inputs, subject.model->signature(), 100, 1);
  ASSERT_EQ(sets.size(), 4U);
  const OodTrial found =
      run_ood_trial(*subject.model, train.inputs, train.labels, subject.inputs, subject.labels,
                    sets, {.scores = {"mahalanobis", "odin_temperature"}});
  // Two scores and ODIN with its step, against four sets.
  ASSERT_EQ(found.findings.size(), 12U);
  EXPECT_EQ(found.findings[0].score, "mahalanobis");
  EXPECT_EQ(found.findings[2].score, "odin");
  EXPECT_GT(found.findings[0].auroc, 0.9);  // Gaussian noise is no picture of two halves.
  for (const OodFinding& one : found.findings) {
    EXPECT_EQ(one.roc_false.size(), one.roc_true.size());
    EXPECT_TRUE(std::ranges::is_sorted(one.roc_false));
    std::uint64_t counted = 0;
    for (const std::uint64_t count : one.inside) counted += count;
    EXPECT_TRUE(one.edges.empty() || counted == 100);
  }
  // A gradient for each familiar and each strange input, of the one score that has a step.
  EXPECT_EQ(found.ledger.gradient, 500);
  EXPECT_EQ(Json(found)["scores"][0]["aupr_out"].get<double>(), found.findings[0].aupr_out);
}

TEST(OodTrial, SetsAreInTheBoxAndRepeat) {
  const auto some = test::pictures(50, 23);
  const model::Signature box{.input = {1, 8, 8}, .classes = 2};
  const auto first = made_sets(some.inputs, box, 30, 9);
  const auto again = made_sets(some.inputs, box, 30, 9);
  const auto other = made_sets(some.inputs, box, 30, 10);
  for (std::size_t k = 0; k < first.size(); ++k) {
    EXPECT_EQ(first[k].inputs.size(0), 30);
    EXPECT_TRUE(torch::equal(first[k].inputs, again[k].inputs));
    EXPECT_GE(first[k].inputs.min().item<double>(), box.low);
    EXPECT_LE(first[k].inputs.max().item<double>(), box.high);
  }
  EXPECT_FALSE(torch::equal(first[0].inputs, other[0].inputs));
}

TEST(OodTrial, ModelsWithoutFeaturesKeepTheScoresOfLogits) {
  const auto train = test::pictures(300, 24);
  const Subject subject = test::subject(40, 25);
  const model::Network inside = test::network();
  const model::BlackBox black(inside.signature(), [&](const torch::Tensor& x) {
    model::Ledger ledger;
    return inside.logits(x, ledger);
  });
  const auto sets = made_sets(subject.inputs, inside.signature(), 40, 1);
  const auto run = [&](const OodTrialOptions& options) {
    return run_ood_trial(black, train.inputs, train.labels, subject.inputs, subject.labels, sets,
                         options);
  };
  const OodTrial found = run({});
  EXPECT_THAT(found.note, HasSubstr("mahalanobis"));
  for (const OodFinding& one : found.findings) EXPECT_NE(one.score, "odin");
  const std::string refused = message_of<ModelError>([&] { (void)run({.scores = {"knn"}}); });
  EXPECT_THAT(refused, HasSubstr("knn reads features"));
  EXPECT_THAT(refused, HasSubstr("energy"));
  EXPECT_THROW((void)run_ood_trial(black, train.inputs, train.labels, subject.inputs,
                                   subject.labels, sets, {}, stopped()),
               Task::Stopped);
}

TEST(AttackTrial, WorstCaseCurveAndFlags) {
  const Subject subject = test::subject(40, 31);
  std::vector<PlannedAttack> plan(2);
  for (PlannedAttack& one : plan) one.options.epsilons = radii({}, 12, 0.3);
  plan[0].name = "fgsm";
  plan[1].name = "pgd";
  const AttackTrial found = run_attack_trial(subject, plan);
  const double largest = found.worst.epsilons.back();
  EXPECT_EQ(largest, 0.3);
  EXPECT_GE(found.worst.errors(largest), found.best_single());
  EXPECT_EQ(found.curve.points.size(), 13U);
  EXPECT_TRUE(found.transition.has_value());
  const Json json = found;
  EXPECT_EQ(json["attacks"].size(), 2U);
  EXPECT_EQ(json["attacks"][0]["errors_by_epsilon"].size(), 13U);
  EXPECT_EQ(json["norm"], "linf");
  if (found.worst.errors(largest) > found.worst.clean_errors()) {
    const auto broken = broken_examples(subject.model->signature(), found.worst, subject.labels);
    EXPECT_EQ(broken.examples.size(), found.worst.errors(largest) - found.worst.clean_errors());
    ASSERT_EQ(broken.notes.index.size(), broken.examples.size());
    for (std::size_t i = 0; i < broken.examples.size(); ++i) {
      const auto from = static_cast<std::size_t>(broken.notes.index[i]);
      EXPECT_EQ(broken.examples.labels[i], subject.labels[from]);
      EXPECT_LE(broken.notes.distance[i], largest);
      const torch::Tensor row = found.worst.adversarial[static_cast<std::int64_t>(from)].flatten();
      EXPECT_EQ(broken.examples.example(i)[0], row[0].item<float>());
    }
  }
  EXPECT_THROW((void)run_attack_trial(subject, plan, stopped()), Task::Stopped);
}

TEST(AttackTrial, RadiiByHand) {
  EXPECT_EQ(radii({}, 0, 0.2), std::vector<double>{0.2});
  EXPECT_EQ(radii({}, 2, 0.2), (std::vector<double>{0.0, 0.1, 0.2}));
  EXPECT_EQ(radii(std::vector{0.3, 0.1, 0.3}, 0, 0.2), (std::vector<double>{0.0, 0.1, 0.3}));
}

TEST(AttackTrial, RefusesBeforeAnythingIsComputed) {
  PlannedAttack planned{.name = "carlini_wagner"};
  EXPECT_THAT(message_of<ConfigError>([&] { check(planned); }), HasSubstr("no attack in linf"));
  planned = {.name = "pgd"};
  planned.options.settings = {{"stepz", "3"}};
  EXPECT_THROW(check(planned), ConfigError);
}

TEST(Tripwires, NothingBrokenIsSaid) {
  const Subject subject = test::subject(40, 41);
  const auto train = test::pictures(250, 42);
  const std::vector<char> broken(40, 0);
  const TripwireTrial found = try_tripwires({.subject = subject,
                                             .train_inputs = train.inputs,
                                             .train_labels = train.labels,
                                             .broken = broken,
                                             .part = 40});
  EXPECT_TRUE(found.findings.empty());
  EXPECT_THAT(found.note, HasSubstr("No tripwires"));
}

TEST(Tripwires, BrokenInputsOutsideTheCalibratingHalfAreAttacked) {
  const Subject subject = test::subject(300, 43);
  const auto train = test::pictures(250, 44);
  std::vector<char> broken(300, 0);
  broken[0] = broken[1] = broken[2] = 1;
  broken[200] = 1;  // In the second half of the first 300: it calibrates.
  const TripwireRequest request{.subject = subject,
                                .train_inputs = train.inputs,
                                .train_labels = train.labels,
                                .broken = broken,
                                .part = 300,
                                .epsilon = 0.2};
  const TripwireTrial found = try_tripwires(request);
  ASSERT_EQ(found.findings.size(), 3U);
  EXPECT_EQ(found.findings[0].name, "feature_squeezing");
  EXPECT_THAT(found.findings[2].attack, HasSubstr("square"));
  EXPECT_THROW((void)try_tripwires(request, stopped()), Task::Stopped);
}

TEST(Subject, FilesAreLoadedAndChecked) {
  const auto folder = std::filesystem::temp_directory_path() / "emdyn_subject_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "examples.npz").string();
  replace_file(path, model::data::npz_bytes(test::dataset_of(test::pictures(12, 51))));
  const model::Signature signature{.input = {1, 8, 8}, .classes = 2};
  EXPECT_EQ(load_examples(path, "", 0, signature, true).size(), 12U);
  EXPECT_EQ(load_examples(path, "", 5, signature, true).size(), 5U);
  EXPECT_THAT(message_of<DataError>([&] {
                (void)load_examples(path, "", 0, {.input = {1, 5, 5}, .classes = 2}, true);
              }),
              HasSubstr("[1, 8, 8]"));
  const model::data::Dataset part = first_of(test::dataset_of(test::pictures(12, 51)), 7);
  EXPECT_EQ(part.size(), 7U);
  EXPECT_EQ(part.values.size(), 7U * 64U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace emdyn::provoke::trial
