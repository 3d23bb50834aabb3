#include "emdyn/collect/store/run_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

class RunGroupTest : public testing::Test {
 protected:
  RunWriter add(const std::shared_ptr<RunGroup>& group, int points = 3) {
    RunWriter writer = store_.create({}, group);
    const SignalId loss = writer.add_signal("loss");
    for (int i = 0; i < points; ++i) writer.append(loss, i, i);
    return writer;
  }
  std::size_t entries() const {
    const std::filesystem::directory_iterator walk(runs_folder(store_.folder()));
    return static_cast<std::size_t>(std::distance(begin(walk), end(walk)));
  }

  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
};

TEST_F(RunGroupTest, RunsAppearTogether) {
  std::vector<std::string> ids;
  {
    const auto group = store_.new_group();
    for (int i = 0; i < 40; ++i) {
      RunWriter writer = add(group);
      ids.push_back(writer.id());
      writer.finish();
      EXPECT_FALSE(writer.has_file_open());
      EXPECT_TRUE(store_.runs().empty());
    }
    group->publish();
    EXPECT_EQ(store_.runs().size(), 40U);
  }
  for (const std::string& id : ids) EXPECT_EQ(store_.load_signal(id, "loss").size(), 3U);
  EXPECT_EQ(entries(), 40U);
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(RunGroupTest, ARunGoesOnAfterItWasPublished) {
  const auto group = store_.new_group();
  RunWriter writer = add(group, 2000);
  writer.sync();
  writer.rest();
  EXPECT_TRUE(store_.runs().empty());
  group->publish();
  EXPECT_EQ(store_.load_signal(writer.id(), "loss").size(), 2000U);
  EXPECT_TRUE(RunLock::held(store_.folder(), writer.id()));
  EXPECT_EQ(store_.info(writer.id()).status, series::RunStatus::running);
  for (int i = 2000; i < 2500; ++i) writer.append(writer.add_signal("loss"), i, i);
  writer.set_progress(Json{{"at", 7}});
  writer.sync();
  writer.rest();  // And takes its file up again.
  writer.append(writer.add_signal("loss"), 2500, 1);
  writer.finish();
  EXPECT_EQ(store_.load_signal(writer.id(), "loss").size(), 2501U);
  EXPECT_EQ(store_.progress(writer.id()), (Json{{"at", 7}}));
  EXPECT_FALSE(RunLock::held(store_.folder(), writer.id()));
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(RunGroupTest, WhatWasNotPublishedIsGone) {
  {
    const auto group = store_.new_group();
    add(group).finish();
    add(group).sync();
    { const RunWriter dropped = add(group); }
    EXPECT_EQ(count_leftovers(store_.folder()), 0U);  // Somebody is at it.
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(RunGroupTest, WhatAKilledProgramLeftIsCollectedByTheNext) {
  EXPECT_FALSE(succeeds_in_child([&] {
    const auto group = store_.new_group();
    add(group).finish();
    RunWriter draft = add(group);
    RunWriter live = store_.create({});
    live.append(live.add_signal("loss"), 1, 1);
    live.sync();
    ::raise(SIGKILL);
  }));
  std::ofstream(draft_path(store_.folder(), "01j8x4y2m0abcdef")) << "half";
  std::ofstream(lock_path(store_.folder(), "01j8x4y2m0abcdef")) << "";
  EXPECT_GT(count_leftovers(store_.folder()), 3U);
  EXPECT_TRUE(check(store_.folder()).sound());
  EXPECT_GT(check(store_.folder()).leftovers, 3U);
  Store again = Store::open(store_.folder(), Mode::write);
  EXPECT_EQ(count_leftovers(store_.folder()), 0U);
  ASSERT_EQ(again.runs().size(), 1U);
  EXPECT_EQ(again.runs()[0].points, 1U);
  EXPECT_EQ(again.runs()[0].info.status, series::RunStatus::interrupted);
}

TEST_F(RunGroupTest, AJournalThatNobodyNeedsIsCollectedAndOneThatMattersPlayedBack) {
  std::string id;
  {
    const auto group = store_.new_group();
    RunWriter writer = add(group);
    id = writer.id();
    writer.finish();
    group->publish();
  }
  const std::filesystem::path journal = run_path(store_.folder(), id).string() + "-journal";
  for (const std::size_t size : {std::size_t{0}, std::size_t{512}}) {
    std::ofstream(journal) << std::string(size, '\0');
    EXPECT_EQ(count_leftovers(store_.folder()), 1U);
    const Store again = Store::open(store_.folder(), Mode::write);
    EXPECT_FALSE(std::filesystem::exists(journal));
  }
  // A transaction that died between its pages: the journal brings the old ones back.
  EXPECT_FALSE(succeeds_in_child([&] {
    Database database(run_path(store_.folder(), id), Access::write);
    database.execute(
        "PRAGMA cache_spill=1; PRAGMA cache_size=1; BEGIN; UPDATE run SET value = 'x';");
    for (int i = 0; i < 200; ++i)
      database.execute(
          "INSERT INTO records(kind, signal, json) VALUES('event', 's', zeroblob(3000))");
    ::raise(SIGKILL);
  }));
  ASSERT_TRUE(std::filesystem::exists(journal));
  Store again = Store::open(store_.folder(), Mode::write);
  EXPECT_FALSE(std::filesystem::exists(journal));
  EXPECT_EQ(again.load_signal(id, "loss").size(), 3U);
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(RunGroupTest, PublishingThatWasCutShortAfterItsCommitIsCompleted) {
  // As if the process had died between the first and the second move.
  std::vector<std::string> ids;
  {
    const auto group = store_.new_group();
    for (int i = 0; i < 3; ++i) {
      RunWriter writer = add(group);
      ids.push_back(writer.id());
      writer.finish();
    }
    group->publish();
  }
  const auto folder = runs_folder(store_.folder()) / "01j8x4y2m0abcdef.new";
  std::filesystem::create_directory(folder);
  std::ofstream list(folder / "whole");
  for (const std::string& id : ids) {
    list << id << "\n";
    if (id != ids[0]) std::filesystem::rename(run_path(store_.folder(), id), folder / (id + ".db"));
  }
  list.close();
  EXPECT_EQ(run_ids(store_.folder()).size(), 1U);
  EXPECT_EQ(Store::open(store_.folder(), Mode::read).runs().size(), 3U);
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(check(store_.folder()).sound());
}

TEST_F(RunGroupTest, LargeRunsLayDownTheirChunksAndOneSyncHasThemAll) {
  const auto group = store_.new_group();
  RunWriter writer = add(group, 5000);
  EXPECT_GT(writer.waiting_bytes(), 0U);
  writer.spill();
  EXPECT_EQ(writer.waiting_bytes(), 0U);
  EXPECT_FALSE(writer.has_file_open());
  for (int i = 5000; i < 9000; ++i) writer.append(writer.add_signal("loss"), i, i);
  writer.finish();
  group->publish();
  EXPECT_EQ(store_.load_signal(writer.id(), "loss").size(), 9000U);
}

}  // namespace
}  // namespace emdyn::collect::store
