// What holds for every experiment of the registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/registry.hpp"

namespace emdyn::model::lab {
namespace {

class Contract : public testing::TestWithParam<std::size_t> {
 protected:
  const ExperimentEntry& entry_ = experiments()[GetParam()];
  /// Twenty steps of a training, three rows of a lab that does more at each.
  Params short_params() const {
    if (entry_.trains) return {{"steps", "20"}, {"probe_every", "5"}};
    return {{"steps", "3"}};
  }
  Params short_ = short_params();
};

TEST_P(Contract, DescribesItselfAndItsSettings) {
  EXPECT_FALSE(entry_.summary.empty());
  EXPECT_FALSE(entry_.truth.empty());
  for (const Json& field : entry_.fields()) {
    EXPECT_FALSE(field["name"].get<std::string>().empty());
    EXPECT_FALSE(field["help"].get<std::string>().empty()) << field["name"];
  }
  const auto experiment = entry_.make({});
  EXPECT_EQ(experiment->name(), entry_.name);
  EXPECT_EQ(experiment->configuration().size(), entry_.fields().size());
}

TEST_P(Contract, ItsConfigurationRepeatsIt) {
  Params params = short_;
  params["seed"] = "77";
  const auto first = entry_.make(params);
  EXPECT_EQ(first->seed(), 77U);
  Params again;
  const Json configuration = first->configuration();
  for (const auto& [name, value] : configuration.items()) {
    again[name] = value.is_string() ? value.get<std::string>() : json_text(value);
  }
  const auto second = entry_.make(again);
  EXPECT_EQ(second->configuration(), first->configuration());
  EXPECT_EQ(record(*second).signals, record(*first).signals);
}

TEST_P(Contract, EqualRecordsForEveryNumberOfThreads) {
  const auto free = record(*entry_.make(short_)).signals;
  const ThreadLimit limit(1);
  EXPECT_EQ(record(*entry_.make(short_)).signals, free);
}

TEST_P(Contract, SignalsHaveUniqueNamesAndRowsFollowTheSchedule) {
  const auto experiment = entry_.make(short_);
  std::set<std::string> names;
  for (const SignalInfo& signal : experiment->signals()) {
    EXPECT_TRUE(names.insert(signal.name).second) << signal.name;
    EXPECT_FALSE(signal.help.empty()) << signal.name;
  }
  const series::Run run = record(*experiment);
  EXPECT_EQ(run.info.status, series::RunStatus::finished);
  if (!entry_.trains) {
    for (const series::Signal& signal : run.signals)
      EXPECT_THAT(signal.positions, testing::ElementsAre(0, 1, 2)) << signal.name;
    return;
  }
  const series::Signal* loss = run.find("train_loss");
  ASSERT_NE(loss, nullptr);
  EXPECT_THAT(loss->positions, testing::ElementsAre(0, 5, 10, 15, 20));
}

TEST_P(Contract, AccountsForItsTime) {
  const series::Run run = record(*entry_.make(short_));
  const Json& notes = run.info.notes;
  EXPECT_EQ(notes["steps"], entry_.trains ? 20 : 3);
  for (const Json& truth : notes["truth"]) {
    EXPECT_FALSE(truth["quantity"].get<std::string>().empty());
    EXPECT_FALSE(truth["source"].get<std::string>().empty()) << truth["quantity"];
  }
  EXPECT_LE(notes["seconds_in_probes"].get<double>(), notes["seconds"].get<double>());
  for (const Json& probe : notes["probes"]) {
    EXPECT_GT(probe["calls"].get<std::int64_t>(), 0) << probe["name"];
    EXPECT_EQ(probe["every_steps"].get<std::int64_t>() % 5, 0) << probe["name"];
  }
}

TEST_P(Contract, StopsAtOnceWhenAskedBefore) {
  std::stop_source stop;
  stop.request_stop();
  const series::Run run = record(*entry_.make(short_), Task(stop.get_token()));
  EXPECT_EQ(run.info.status, series::RunStatus::interrupted);
  EXPECT_EQ(run.info.notes["steps"], 0);
}

TEST_P(Contract, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(entry_.make({{"no_such_setting", "1"}}), ConfigError);
  EXPECT_THROW(entry_.make({{"steps", "0"}}), ConfigError);
  EXPECT_THROW(entry_.make({{"steps", "many"}}), ConfigError);
  EXPECT_THROW(entry_.make({{"seed", "-1"}}), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Experiments, Contract,
                         testing::Range<std::size_t>(0, experiments().size()),
                         [](const auto& parameter) {
                           return std::string(experiments()[parameter.param].name);
                         });

}  // namespace
}  // namespace emdyn::model::lab
