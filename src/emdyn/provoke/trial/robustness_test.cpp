#include "emdyn/provoke/trial/robustness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/provoke/attack/registry.hpp"
#include "emdyn/provoke/trial/test_pictures.hpp"

namespace emdyn::provoke::trial {
namespace {

using testing::Contains;
using testing::HasSubstr;

RobustnessOptions quick() {
  return {.epsilon = 0.1,
          .attacks = {"fgsm", "pgd"},
          .time_limit = 20.0,
          .curve_points = 5,
          .curve_limit = 20,
          .side_limit = 20};
}

/// Records without what was measured in seconds.
std::string without_times(const StressEvidence& evidence) {
  Json json = evidence;
  json.erase("seconds");
  for (Json& attack : json["attacks"]) attack.erase("seconds");
  return json_text(json);
}

TEST(Robustness, BoundsAttacksAndCertificatesAgree) {
  const Subject subject = test::subject(60, 1);
  const StressEvidence found = robustness(subject, quick());
  EXPECT_EQ(found.examples, 60U);
  ASSERT_EQ(found.attacks.size(), 2U);
  for (const AttackFinding& one : found.attacks) {
    EXPECT_GE(one.errors, found.clean_errors);
    EXPECT_LE(one.errors, *found.best_attack_errors);
  }
  EXPECT_LE(*found.best_attack_errors, *found.certified_bound);
  EXPECT_EQ(*found.undecided, *found.certified_bound - *found.best_attack_errors);
  // The robustness curve falls, and lies between certificates and attacks.
  ASSERT_EQ(found.curves.size(), 2U);
  const auto& points = found.curves[0].curve.points;
  ASSERT_EQ(points.size(), 5U);
  for (std::size_t k = 0; k < points.size(); ++k) {
    EXPECT_LE(*points[k].certified, points[k].value.estimate);
    if (k == 0) continue;
    EXPECT_LE(points[k].value.estimate, points[k - 1].value.estimate);
  }
  EXPECT_EQ(found.curves[1].curve.order_parameter, "corrupted_accuracy");
  EXPECT_GT(found.corruptions.size(), 19U);
  for (const ExampleFinding& one : found.worst) EXPECT_EQ(one.after.values.size(), 64U);
  // Nothing lies where its data should be: that is said, and the rest stands.
  EXPECT_TRUE(found.ood.empty());
  EXPECT_THAT(found.notes, Contains(HasSubstr("No scores of strange inputs or tripwires")));
}

TEST(Robustness, DoesNotDependOnThreads) {
  const Subject subject = test::subject(30, 2);
  const auto run = [&](std::size_t threads) {
    const ThreadLimit limit(threads);
    return without_times(robustness(subject, quick()));
  };
  EXPECT_EQ(run(1), run(4));
}

TEST(Robustness, ModelsThatHideTheirLayersHaveNoCertificates) {
  Subject subject = test::subject(20, 3);
  const model::Network inside = test::network();
  subject.model =
      std::make_unique<model::BlackBox>(inside.signature(), [&](const torch::Tensor& inputs) {
        model::Ledger ledger;
        return inside.logits(inputs, ledger);
      });
  RobustnessOptions options = quick();
  options.attacks = {"square"};
  const StressEvidence found = robustness(subject, options);
  EXPECT_FALSE(found.certified_bound.has_value());
  EXPECT_FALSE(found.undecided.has_value());
  EXPECT_THAT(found.notes, Contains(HasSubstr("No certificates")));
  EXPECT_EQ(found.curves[0].curve.settings["attack"], "square");
  EXPECT_TRUE(Json(found)["certified_bound"].is_null());
}

TEST(Robustness, RefusesWhatItDoesNotKnow) {
  const Subject subject = test::subject(5, 4);
  RobustnessOptions options = quick();
  options.attacks = {"pdg"};
  EXPECT_THROW((void)robustness(subject, options), ConfigError);
}

TEST(Robustness, StopsFromAnotherThreadInEveryPart) {
  const Subject subject = test::subject(40, 5);
  std::set<std::string> parts;
  (void)robustness(subject, quick(), Task(std::stop_token{}, [&](const TaskProgress& now) {
                     parts.emplace(now.what);
                   }));
  EXPECT_GE(parts.size(), 5U);
  for (const std::string& part : parts) {
    std::atomic<bool> stop{false};
    std::atomic<bool> reached{false};
    std::jthread stopper([&](const std::stop_token& over) {
      while (!reached && !over.stop_requested()) std::this_thread::yield();
      stop = true;
    });
    const Task task(&stop, [&](const TaskProgress& now) {
      if (now.what != part) return;
      reached = true;
      while (!stop) std::this_thread::yield();
    });
    EXPECT_THROW((void)robustness(subject, quick(), task), Task::Stopped) << part;
  }
}

TEST(AttackRegistry, FactsNameTheDefaults) {
  using attack::AttackEntry;
  EXPECT_EQ(attack::names_of(&AttackEntry::in_evidence),
            (std::vector<std::string>{"fgsm", "pgd", "auto_attack"}));
  EXPECT_EQ(attack::names_of(&AttackEntry::in_attack),
            (std::vector<std::string>{"fgsm", "pgd", "apgd_ce", "apgd_dlr"}));
  EXPECT_TRUE(attack::curve_attack(true).gradient);
  EXPECT_FALSE(attack::curve_attack(false).gradient);
  for (const AttackEntry& entry : attack::attacks())
    EXPECT_TRUE(!entry.nearest || entry.extent == attack::Extent::all_radii) << entry.name;
}

}  // namespace
}  // namespace emdyn::provoke::trial
