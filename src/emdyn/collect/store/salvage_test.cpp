#include "emdyn/collect/store/salvage.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::store {
namespace {

constexpr int kPoints = 40'000;
constexpr int kEvents = 200;
constexpr std::size_t kPage = 4096;

class SalvageTest : public testing::Test {
 protected:
  std::string run() {
    series::RunInfo info;
    info.name = "good";
    RunWriter writer = store_.create(info);
    for (const char* name : {"loss", "accuracy"}) {
      const SignalId signal = writer.add_signal(name);
      Philox random(1);
      for (int i = 0; i < kPoints; ++i) writer.append(signal, i, random.normal());
    }
    for (int i = 0; i < kEvents; ++i) {
      series::Event event;
      event.signal = "loss";
      event.position = i;
      writer.record(event);
    }
    writer.finish();
    return writer.id();
  }
  void flip(const std::filesystem::path& file, std::size_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ 0x10);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
  }

  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
};

// A bit flips in one page after the other: what is read is right or refused; most of the run is saved.
TEST_F(SalvageTest, OneBadPageIsNeverAWrongAnswerAndTheRestIsSaved) {
  const std::string id = run();
  const auto file = run_path(store_.folder(), id);
  const series::Run whole = store_.load(id);
  const auto good = folder_.path() / "good";
  std::filesystem::copy_file(file, good);
  const std::size_t pages = std::filesystem::file_size(file) / kPage;
  std::size_t damaged = 0;
  for (std::size_t page = 1; page < pages; page += 1 + pages / 40) {
    std::filesystem::copy_file(good, file, std::filesystem::copy_options::overwrite_existing);
    flip(file, page * kPage + 17 * page % kPage);
    try {
      EXPECT_EQ(store_.load(id).signals, whole.signals) << page;
      EXPECT_EQ(store_.load(id).events.size(), whole.events.size()) << page;
    } catch (const StoreError&) {
      // It says so.
    }
    if (check(store_.folder()).sound()) continue;  // A page that holds nothing.
    ++damaged;
    const Repair repaired = repair(store_.folder());
    EXPECT_TRUE(check(store_.folder()).sound()) << page;
    ASSERT_EQ(repaired.salvaged.size() + repaired.lost.size(), 1U) << page;
    if (repaired.salvaged.empty()) continue;
    const Salvage& saved = repaired.salvaged[0];
    EXPECT_GE(saved.points + saved.lost_chunks * 1024, 2U * kPoints - 2048) << page;
    EXPECT_GE(saved.points, kPoints / 2U) << page;
    EXPECT_TRUE(std::filesystem::exists(store_.folder() / saved.kept_at));
    EXPECT_EQ(store_.summary(id).points, saved.points);
    std::filesystem::remove(store_.folder() / saved.kept_at);
  }
  EXPECT_GT(damaged, 20U);
}

TEST_F(SalvageTest, NothingIsLeftOfAFileOfNoise) {
  const std::string id = run();
  std::ofstream(run_path(store_.folder(), id)) << std::string(50'000, 'x');
  EXPECT_THROW(salvage_run(store_.folder(), id), StoreError);
  EXPECT_EQ(repair(store_.folder()).lost.size(), 1U);
}

// Files of format 1 have no checksums in their pages; they are read and written as they are.
TEST_F(SalvageTest, AFileWithoutChecksumsGoesOn) {
  const std::string id = run();
  const auto file = run_path(store_.folder(), id);
  const auto whole = folder_.path() / "whole";
  std::filesystem::rename(file, whole);
  {
    std::ofstream(file, std::ios::binary);  // Empty: what is attached is not made.
    Database from(whole, Access::write, PageSums::ignored);
    from.execute(("ATTACH '" + file.string() + "' AS bare").c_str());
    for (
        const char* sql :
        {"CREATE TABLE bare.run(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
         "CREATE TABLE bare.signals(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, axis TEXT NOT NULL)",
         "CREATE TABLE bare.chunks(id INTEGER PRIMARY KEY, count INTEGER NOT NULL, nonfinite INTEGER NOT NULL, "
         "backs INTEGER NOT NULL, has_seconds INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL, "
         "low REAL NOT NULL, high REAL NOT NULL, min REAL, max REAL, last_value REAL)",
         "CREATE TABLE bare.chunk_bytes(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
         "CREATE TABLE bare.records(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, signal TEXT NOT NULL, "
         "position REAL, json TEXT NOT NULL)",
         "INSERT INTO bare.run SELECT * FROM main.run",
         "INSERT INTO bare.signals SELECT * FROM main.signals",
         "INSERT INTO bare.chunks SELECT * FROM main.chunks",
         "INSERT INTO bare.chunk_bytes SELECT * FROM main.chunk_bytes",
         "INSERT INTO bare.records SELECT * FROM main.records", "PRAGMA bare.user_version=1",
         "PRAGMA bare.application_id=1701667961"}) {
      from.execute(sql);
    }
  }
  EXPECT_FALSE(Database(file, Access::read).has_sums());
  EXPECT_TRUE(check(store_.folder()).sound());
  EXPECT_EQ(store_.summary(id).points, 2U * kPoints);
  RunWriter writer = store_.resume(id);
  writer.append(writer.add_signal("loss"), kPoints, 1.0);
  writer.finish();
  EXPECT_EQ(store_.load_signal(id, "loss").size(), kPoints + 1U);
  EXPECT_TRUE(check(store_.folder()).sound());
}

}  // namespace
}  // namespace emdyn::collect::store
