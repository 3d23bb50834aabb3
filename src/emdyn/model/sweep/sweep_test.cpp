#include "emdyn/model/sweep/sweep.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/model/lab/grokking/grokking_config.hpp"

namespace emdyn::model::sweep {
namespace {

TEST(Design, EveryConfigurationIsAllowedAndTheDemonstrationsIsAbsent) {
  std::set<std::string> operations;
  for (const PlannedRun& run : grokking_design({.configurations = 400, .seeds = 1})) {
    EXPECT_NO_THROW(model::lab::grokking_config(run.params)) << run.name;
    EXPECT_FALSE(run.params.at("op") == "add" && run.params.at("p") == "59") << run.name;
    operations.insert(run.params.at("op"));
  }
  EXPECT_EQ(operations.size(), 6u);
}

TEST(Design, SeedsShareAConfigurationAndMoreOfThemChangeNothing) {
  const auto few = grokking_design({.configurations = 3, .seeds = 2, .slow = 2});
  const auto many = grokking_design({.configurations = 10, .seeds = 2, .slow = 0});
  ASSERT_EQ(few.size(), 8u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(few[i].params, many[i].params);
  Params first = few[0].params;
  Params second = few[1].params;
  EXPECT_NE(first.at("seed"), second.at("seed"));
  first.erase("seed"), second.erase("seed");
  EXPECT_EQ(first, second);
  EXPECT_THROW(grokking_design({.configurations = 0}), ConfigError);
}

TEST(Sweep, GoesOnWhereItWas) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("emdyn_sweep_test_" + std::to_string(::getpid()));
  const auto plan = grokking_design({.configurations = 2, .seeds = 2, .small = true});
  std::size_t calls = 0;
  SweepOptions options{.store = folder};
  const Task task(std::stop_token{}, [&](const TaskProgress& now) {
    ++calls;
    EXPECT_LE(now.done, now.planned);
  });
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(make_runs(plan, options, Task(stopped.get_token())), 0u);
  EXPECT_EQ(make_runs(std::span(plan).first(3), options, task), 3u);
  EXPECT_EQ(make_runs(plan, options, task), 1u);
  EXPECT_EQ(make_runs(plan, options, task), 0u);
  EXPECT_EQ(calls, 4u);
  auto store = collect::store::Store::open(folder, collect::store::Mode::read);
  EXPECT_EQ(store.runs().size(), 4u);
  const series::Run run = store.load(store.find(plan[1].name));
  EXPECT_EQ(run.info.configuration.at("seed").dump(), plan[1].params.at("seed"));
  ASSERT_NE(run.find("test_accuracy"), nullptr);
  EXPECT_GE(run.find("test_accuracy")->size(), 5u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace emdyn::model::sweep
