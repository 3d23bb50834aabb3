#include "emdyn/collect/store/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

series::RunInfo named(std::string name) {
  series::RunInfo info;
  info.name = std::move(name);
  return info;
}

/// A finished run with one signal of `points` points. @return its id.
std::string add_run(Store& store, const std::string& name, int points = 3) {
  RunWriter writer = store.create(named(name));
  const SignalId loss = writer.add_signal("loss");
  for (int i = 0; i < points; ++i) writer.append(loss, i, 1.0 / (1.0 + i));
  writer.finish();
  return writer.id();
}

class StoreTest : public testing::Test {
 protected:
  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
};

TEST_F(StoreTest, KeepsARunWithItsRecords) {
  series::RunInfo info = named("grokking / p=59");
  info.seed = 18446744073709551615ULL;
  info.configuration = Json{{"weight_decay", 0.1}};
  RunWriter writer = store_.create(info);
  const SignalId loss = writer.add_signal("loss/train");
  for (int i = 0; i < 3000; ++i) writer.append(loss, i, 1.0 / (1.0 + i));
  series::Event event;
  event.signal = "loss/train";
  event.position = 12.0;
  series::Transition transition;
  transition.order_parameter = "test_accuracy";
  transition.onset = series::Interval{10, 11, 12, 0.9};
  series::Forecast forecast;
  forecast.target = "test_accuracy >= 0.9";
  forecast.at = 500;
  series::Attribution attribution;
  attribution.target = forecast.target;
  attribution.contributions = {{"weight_norm", 3.0, 0.5, {}}};
  writer.record(event);
  writer.record(transition);
  writer.record(forecast);
  writer.record(attribution);
  writer.set_notes(Json{{"dropped", 0}});
  writer.finish();

  const series::Run run = store_.load(store_.find("grokking / p=59"));
  EXPECT_EQ(run.info.seed, info.seed);
  EXPECT_EQ(run.info.configuration, info.configuration);
  EXPECT_EQ(run.info.notes, (Json{{"dropped", 0}}));
  EXPECT_EQ(run.info.status, series::RunStatus::finished);
  EXPECT_GT(run.info.created, 1.7e9);
  ASSERT_EQ(run.signals.size(), 1U);
  ASSERT_EQ(run.signals[0].size(), 3000U);
  for (std::size_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(run.signals[0].positions[i], static_cast<double>(i));
    ASSERT_EQ(run.signals[0].values[i], 1.0 / (1.0 + static_cast<double>(i)));
  }
  EXPECT_EQ(run.events, std::vector{event});
  EXPECT_EQ(run.transitions, std::vector{transition});
  EXPECT_EQ(run.forecasts, std::vector{forecast});
  EXPECT_EQ(run.attributions, std::vector{attribution});
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(StoreTest, AFinishedRunIsOneFile) {
  const std::string id = add_run(store_, "a");
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(store_.folder() / "runs")) {
    files.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(files, testing::ElementsAre(id + ".db"));
}

TEST_F(StoreTest, ReadersSeeWhatWasSyncedWhileTheWriterWrites) {
  RunWriter writer = store_.create(named("live"));
  const SignalId loss = writer.add_signal("loss");
  Store reader = Store::open(store_.folder(), Mode::read);
  EXPECT_TRUE(reader.load(writer.id()).signals.empty());
  for (std::size_t synced = 0; synced < 3000; synced += 700) {
    for (std::size_t i = synced; i < synced + 700; ++i) {
      writer.append(loss, static_cast<double>(i), static_cast<double>(i) / 3.0);
    }
    writer.sync();
    const series::Signal signal = reader.load_signal(writer.id(), "loss");
    ASSERT_EQ(signal.size(), synced + 700);
    EXPECT_EQ(signal.values.back(), static_cast<double>(synced + 699) / 3.0);
    EXPECT_EQ(reader.summary(writer.id()).info.status, series::RunStatus::running);
  }
}

TEST_F(StoreTest, AStepThatGoesBackOpensASegmentAndBothAreKept) {
  RunWriter writer = store_.create(named("restart"));
  const SignalId loss = writer.add_signal("loss");
  series::Signal expected{"loss", series::Axis::step, {}, {}, {}, {0}};
  for (const auto& [from, to] : {std::pair{0, 1500}, {1000, 1024}, {1022, 4000}, {5, 6}}) {
    for (int i = from; i < to; ++i) {
      writer.append(loss, i, from + i);
      expected.append(i, from + i);
    }
  }
  writer.finish();
  EXPECT_EQ(expected.segments.size(), 4U);
  EXPECT_EQ(store_.load_signal(writer.id(), "loss"), expected);
  EXPECT_EQ(store_.summaries(writer.id())[0].segments, 4U);
}

TEST_F(StoreTest, ResumesWhereARunEnded) {
  const std::string id = add_run(store_, "a", 1500);
  series::Signal expected = store_.load_signal(id, "loss");
  for (int round = 0; round < 4; ++round) {
    RunWriter writer = store_.resume(id);
    const SignalId loss = writer.add_signal("loss");
    for (int i = 0; i < 400; ++i) {
      writer.append(loss, 2000 + 400 * round + i, i);
      expected.append(2000 + 400 * round + i, i);
      if (i % 150 == 0) writer.sync();
    }
    writer.finish(series::RunStatus::failed);
  }
  EXPECT_EQ(store_.load_signal(id, "loss"), expected);
  EXPECT_EQ(store_.info(id).status, series::RunStatus::failed);
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(StoreTest, SpansAndSinglePointsGiveTheSame) {
  std::vector<double> positions;
  std::vector<double> values;
  std::vector<double> seconds;
  for (int i = 0; i < 5000; ++i) {
    positions.push_back(i / 3);
    values.push_back(i % 7 == 0 ? kNan : std::sqrt(i));
    seconds.push_back(1.7e9 + 0.01 * i);
  }
  RunWriter writer = store_.create(named("a"));
  const SignalId one = writer.add_signal("one");
  const SignalId many = writer.add_signal("many", series::Axis::tokens);
  for (std::size_t i = 0; i < 5000; ++i) writer.append(one, positions[i], values[i], seconds[i]);
  const std::span<const double> p(positions);
  const std::span<const double> v(values);
  const std::span<const double> s(seconds);
  writer.append(many, p.first(100), v.first(100), s.first(100));
  writer.append(many, p.subspan(100), v.subspan(100), s.subspan(100));
  writer.finish();
  const series::Signal a = store_.load_signal(writer.id(), "one");
  const series::Signal b = store_.load_signal(writer.id(), "many");
  EXPECT_EQ(b.axis, series::Axis::tokens);
  EXPECT_EQ(a.positions, positions);
  EXPECT_EQ(b.positions, positions);
  EXPECT_EQ(a.seconds, seconds);
  EXPECT_EQ(b.seconds, seconds);
  const std::vector<SignalSummary> summaries = store_.summaries(writer.id());
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].points, 5000U);
  EXPECT_EQ(summaries[0].nonfinite, 715U);
  EXPECT_EQ(summaries[0].min, 1.0);
  EXPECT_EQ(summaries[0].max, std::sqrt(4999.0));
  EXPECT_EQ(summaries[0].last_position, 1666.0);
  EXPECT_TRUE(summaries[1].has_seconds);
}

TEST_F(StoreTest, WallTimesThatAreMissingReadAsNan) {
  RunWriter writer = store_.create(named("a"));
  const SignalId loss = writer.add_signal("loss");
  for (int i = 0; i < 2000; ++i) {
    writer.append(loss, i, i, i < 1500 ? std::nullopt : std::optional(1.7e9 + i));
  }
  writer.finish();
  const series::Signal signal = store_.load_signal(writer.id(), "loss");
  ASSERT_EQ(signal.seconds.size(), 2000U);
  EXPECT_TRUE(std::isnan(signal.seconds[0]));
  EXPECT_TRUE(std::isnan(signal.seconds[1499]));
  EXPECT_EQ(signal.seconds[1500], 1.7e9 + 1500);
}

TEST_F(StoreTest, AWholeRunAppearsWhenItIsFinished) {
  {
    RunWriter writer = store_.create(named("import"), Creation::whole);
    writer.append(writer.add_signal("loss"), 0, 1);
    writer.sync();
    EXPECT_TRUE(store_.runs().empty());
    writer.finish();
    ASSERT_EQ(store_.runs().size(), 1U);
    EXPECT_EQ(store_.load_signal(writer.id(), "loss").size(), 1U);
  }
  EXPECT_TRUE(check(store_.folder()).sound());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store_.folder() / "runs"), {}), 1);
}

TEST_F(StoreTest, AWriterThatIsDroppedLeavesAnInterruptedRun) {
  std::string id;
  {
    RunWriter writer = store_.create(named("a"));
    writer.append(writer.add_signal("loss"), 0, 1);
    id = writer.id();
  }
  EXPECT_EQ(store_.info(id).status, series::RunStatus::interrupted);
  EXPECT_EQ(store_.load_signal(id, "loss").size(), 1U);
}

TEST_F(StoreTest, RefusesWhatAWriterMustNotDo) {
  RunWriter writer = store_.create(named("a"));
  const SignalId loss = writer.add_signal("loss");
  EXPECT_EQ(writer.add_signal("loss"), loss);
  EXPECT_THROW(writer.add_signal("loss", series::Axis::tokens), ConfigError);
  EXPECT_THROW(writer.append(SignalId{7}, 0, 0), ConfigError);
  EXPECT_THROW(writer.append(loss, kNan, 0), DataError);
  const std::vector<double> two(2);
  EXPECT_THROW(writer.append(loss, two, std::span(two).first(1)), ConfigError);
  writer.finish();
  EXPECT_THROW(writer.append(loss, 0, 0), StoreError);
}

TEST_F(StoreTest, FindsRunsByIdByBeginningAndByName) {
  const std::string a = add_run(store_, "alpha");
  const std::string b = add_run(store_, "beta");
  const std::string c = add_run(store_, "beta");
  EXPECT_EQ(store_.find(a), a);
  EXPECT_EQ(store_.find("alpha"), a);
  EXPECT_EQ(store_.find(a.substr(0, 15)), a);
  EXPECT_THAT([&] { store_.find("beta"); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr(b), HasSubstr(c))));
  EXPECT_THROW(store_.find(a.substr(0, 4)), ConfigError);
  EXPECT_THAT([&] { store_.find("alpah"); }, ThrowsMessage<DataError>(HasSubstr("\"alpha\"")));
  EXPECT_THROW(store_.find(""), DataError);
  EXPECT_THROW(store_.load("../../etc/passwd"), DataError);
  EXPECT_THAT([&] { store_.load_signal(a, "los"); },
              ThrowsMessage<DataError>(HasSubstr("did you mean \"loss\"")));
}

TEST_F(StoreTest, ListsTagsRenamesAndRemoves) {
  const std::string a = add_run(store_, "a", 10);
  const std::string b = add_run(store_, "b", 20);
  EXPECT_EQ(store_.runs().size(), 2U);
  store_.tag(a, {"good", "β"});
  store_.rename(a, "new / name");
  std::vector<RunSummary> runs = store_.runs();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].info.tags, (std::vector<std::string>{"good", "β"}));
  EXPECT_EQ(runs[0].info.name, "new / name");
  EXPECT_EQ(runs[1].points, 20U);
  EXPECT_EQ(runs[1].last_position, 19.0);
  store_.remove(a);
  runs = store_.runs();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].info.id, b);
  EXPECT_THROW(store_.load(a), DataError);
}

TEST_F(StoreTest, RecordsCanBeAddedAndForgottenAfterwards) {
  const std::string id = add_run(store_, "a");
  series::Transition transition;
  transition.order_parameter = "loss";
  store_.record(id, transition);
  store_.record(id, transition);
  store_.record(id, series::Event{});
  EXPECT_EQ(store_.transitions(id).size(), 2U);
  EXPECT_EQ(store_.summary(id).transitions, 2U);
  store_.clear_records(id, RecordKind::transition);
  EXPECT_TRUE(store_.transitions(id).empty());
  EXPECT_EQ(store_.events(id).size(), 1U);
}

TEST_F(StoreTest, NamesAreNeverPaths) {
  const std::string hostile =
      std::string("../../x\0\n\x1b[31m<script>'; DROP TABLE run; --\xff", 43);
  RunWriter writer = store_.create(named(hostile));
  const SignalId signal = writer.add_signal(hostile);
  EXPECT_NE(writer.add_signal(""), signal);
  writer.append(signal, 1, 2);
  writer.finish();
  EXPECT_EQ(store_.find(hostile), writer.id());
  EXPECT_EQ(store_.load(writer.id()).signals[0].name, hostile);
  EXPECT_EQ(store_.runs()[0].info.name, hostile);
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(StoreTest, ASummaryGoesThroughJson) {
  const std::string id = add_run(store_, "a", 2000);
  store_.tag(id, {"x"});
  const RunSummary summary = store_.summary(id);
  EXPECT_EQ(Json(Json(summary).get<RunSummary>()), Json(summary));
  EXPECT_EQ(Json(summary)["points"], 2000);
  EXPECT_EQ(Json(store_.summaries(id)[0])["segments"], 1);
  EXPECT_THROW(Json::object().get<RunSummary>(), DataError);
}

}  // namespace
}  // namespace emdyn::collect::store
