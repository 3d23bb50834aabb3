#include "emdyn/collect/store/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::array<Migration, 3> kSteps{
    {{0, "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 7"},
     {1, "UPDATE t SET b = b * 2; CREATE INDEX t_b ON t(b)"},
     {2, "ALTER TABLE t RENAME COLUMN a TO c"}}};

Database version_zero(const TestFolder& folder) {
  Database database(folder.path() / "old.db", Access::create);
  database.execute("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(41)");
  return database;
}

TEST(Migration, TakesEveryStepInOrder) {
  const TestFolder folder;
  Database database = version_zero(folder);
  migrate(database, kSteps, 3);
  EXPECT_EQ(database.integer("PRAGMA user_version"), 3);
  EXPECT_EQ(database.integer("SELECT c + b FROM t"), 55);
}

TEST(Migration, StartsWhereTheFileIsAndStopsAtTheTarget) {
  const TestFolder folder;
  Database database = version_zero(folder);
  migrate(database, kSteps, 1);
  EXPECT_EQ(database.integer("SELECT b FROM t"), 7);
  migrate(database, kSteps, 2);
  EXPECT_EQ(database.integer("SELECT b FROM t"), 14);
}

TEST(Migration, ChangesNothingWhenAStepFails) {
  const TestFolder folder;
  Database database = version_zero(folder);
  const std::array<Migration, 2> broken{{kSteps[0], {1, "UPDATE nothing SET x = 1"}}};
  EXPECT_THROW(migrate(database, broken, 2), StoreError);
  EXPECT_EQ(database.integer("PRAGMA user_version"), 0);
  EXPECT_THROW(database.integer("SELECT b FROM t"), StoreError);
}

TEST(Migration, SaysWhenAFileIsTooOld) {
  const TestFolder folder;
  Database database = version_zero(folder);
  EXPECT_THAT([&] { migrate(database, std::span(kSteps).subspan(1), 3); },
              ThrowsMessage<StoreError>(HasSubstr("too old")));
}

TEST(OpenRun, RefusesAFileFromTheFuture) {
  const TestFolder folder;
  const auto file = folder.path() / "run.db";
  create_run(file, {});
  Database(file, Access::write).execute("PRAGMA user_version=99");
  EXPECT_THAT([&] { open_run(file, Access::read); },
              ThrowsMessage<StoreError>(AllOf(HasSubstr("newer emdyn"), HasSubstr("format 99"),
                                              HasSubstr("update emdyn"))));
  EXPECT_THROW(open_run(file, Access::write), StoreError);
}

TEST(OpenRun, RefusesOtherFiles) {
  const TestFolder folder;
  const auto foreign = folder.path() / "foreign.db";
  Database(foreign, Access::create).execute("CREATE TABLE x(y)");
  EXPECT_THAT([&] { open_run(foreign, Access::read); },
              ThrowsMessage<StoreError>(HasSubstr("no run of this program")));
  const auto text = folder.path() / "text.db";
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_THAT([&] { open_run(text, Access::read); },
              ThrowsMessage<StoreError>(HasSubstr("damaged")));
  EXPECT_THROW(open_run(folder.path() / "missing.db", Access::read), StoreError);
}

TEST(Info, IsKeptToTheLastBit) {
  const TestFolder folder;
  series::RunInfo info;
  info.id = "01j8x4y2m0abcdef";
  info.name = std::string("../a\0b\xff\n<script>\"'; DROP TABLE run;--", 36);
  info.status = series::RunStatus::failed;
  info.created = 1.7e9 + 1.0 / 3.0;
  info.configuration = Json{{"rate", 0.1}, {"text", "ä"}, {"deep", {1, 2, 3}}};
  info.code_version = "0.1.0-3-gabc";
  info.seed = 0xfedcba9876543210ULL;
  info.machine = Json{{"cores", 2}};
  info.tags = {"a", "b/c"};
  info.source = "lab:grokking";
  info.notes = Json{{"dropped", 0}};
  create_run(folder.path() / "run.db", info);
  Database database = open_run(folder.path() / "run.db", Access::read);
  const series::RunInfo read = read_info(database);
  EXPECT_EQ(read.name, info.name);
  EXPECT_EQ(read.status, info.status);
  EXPECT_EQ(read.created, info.created);
  EXPECT_EQ(read.configuration, info.configuration);
  EXPECT_EQ(read.code_version, info.code_version);
  EXPECT_EQ(read.seed, info.seed);
  EXPECT_EQ(read.machine, info.machine);
  EXPECT_EQ(read.tags, info.tags);
  EXPECT_EQ(read.source, info.source);
  EXPECT_EQ(read.notes, info.notes);
}

TEST(Info, SaysWhatCannotBeUnderstood) {
  const TestFolder folder;
  for (const char* key : {"status", "configuration", "created", "seed", "tags"}) {
    Database copy = draft_run(folder.path() / (std::string(key) + ".db"), {});
    write_info_value(copy, key, "{nonsense");
    EXPECT_THAT([&] { read_info(copy); }, ThrowsMessage<StoreError>(HasSubstr(key))) << key;
  }
}

}  // namespace
}  // namespace emdyn::collect::store
