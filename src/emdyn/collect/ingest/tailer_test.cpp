#include "emdyn/collect/ingest/tailer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>
#include <optional>

#include "emdyn/collect/ingest/contract/event_writer_for_tests.hpp"
#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using testing::append_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::write_file;

namespace fs = std::filesystem;

/// Keeps every point, over many polls.
class Log final : public Sink {
 public:
  void on_run(RunIndex, std::string_view name, const Json&) override { runs.emplace_back(name); }
  void on_signal(SignalIndex, RunIndex run, std::string_view name, series::Axis) override {
    signals.push_back(runs.at(run) + ":" + std::string(name));
  }
  void on_point(SignalIndex signal, double position, double value, double) override {
    points.push_back(fmt::format("{} {} {}", signals.at(signal), position, value));
  }
  void on_warning(std::string_view text) override { warnings.emplace_back(text); }
  std::optional<FilePlace> place_of(const fs::path&, const FileIdentity&) override { return place; }
  void on_file(FileIndex, const fs::path&, const FileIdentity&, bool is_known) override {
    known.push_back(is_known);
  }
  void on_block(FileIndex, const FilePlace& end) override { place = end; }
  /// The points since the last call.
  std::vector<std::string> fresh() { return std::exchange(points, {}); }

  std::vector<std::string> runs, signals, points, warnings;
  std::optional<FilePlace> place;
  std::vector<bool> known;
};

TEST(Tailer, FollowsAFileThatAppearsAndGrowsByHalfLines) {
  TemporaryFolder folder;
  Tailer tailer(folder / "log.csv");
  Log log;
  EXPECT_EQ(tailer.poll(log), 0U);
  write_file(folder / "log.csv", "st");
  EXPECT_EQ(tailer.poll(log), 0U);
  append_file(folder / "log.csv", "ep,loss\n1,2");
  EXPECT_EQ(tailer.poll(log), 0U);  // 2 may become 25.
  append_file(folder / "log.csv", "5\n2,3\n3,");
  EXPECT_EQ(tailer.poll(log), 2U);
  EXPECT_THAT(log.fresh(), ElementsAre("log:loss 1 25", "log:loss 2 3"));
  append_file(folder / "log.csv", "4");
  EXPECT_EQ(tailer.poll(log), 0U);
  EXPECT_EQ(tailer.finish(log), 0U);  // A line counts when it ends.
  EXPECT_THAT(log.warnings, ElementsAre(HasSubstr("its last line has not ended (3 bytes)")));
  append_file(folder / "log.csv", "2\n");
  EXPECT_EQ(tailer.poll(log), 1U);
  EXPECT_THAT(log.fresh(), ElementsAre("log:loss 3 42"));
}

TEST(Tailer, EveryCutOfAnEventFileGivesTheSamePoints) {
  TemporaryFolder folder;
  std::string file = testing::event_file();
  for (int i = 0; i < 5; ++i) file += testing::scalar_event(1.0, i, "loss", static_cast<float>(i));
  for (const std::size_t piece : {1U, 7U, 33U}) {
    const fs::path path = folder / fmt::format("x{}.tfevents", piece);
    Tailer tailer(path);
    Log log;
    std::uint64_t points = 0;
    for (std::size_t at = 0; at < file.size(); at += piece) {
      append_file(path, std::string_view(file).substr(at, piece));
      points += tailer.poll(log);
    }
    EXPECT_EQ(points, 5U);
    EXPECT_THAT(log.points, SizeIs(5));
    EXPECT_THAT(log.warnings, IsEmpty());
  }
}

TEST(Tailer, RenameAndRecreateLosesAndRepeatsNothing) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.jsonl";
  write_file(path, "{\"step\":1,\"a\":1}\n");
  Tailer tailer(path);
  Log log;
  EXPECT_EQ(tailer.poll(log), 1U);
  append_file(path, "{\"step\":2,\"a\":2}\n");
  fs::rename(path, folder / "log.jsonl.1");
  EXPECT_EQ(tailer.poll(log), 1U);  // Its name is gone for the moment, not the file.
  append_file(folder / "log.jsonl.1", "{\"step\":3,\"a\":3}\n");
  write_file(path, "{\"step\":4,\"a\":4}\n{\"st");
  EXPECT_EQ(tailer.poll(log), 2U);
  append_file(path, "ep\":5,\"a\":5}\n");
  EXPECT_EQ(tailer.poll(log), 1U);
  EXPECT_THAT(log.fresh(),
              ElementsAre("log:a 1 1", "log:a 2 2", "log:a 3 3", "log:a 4 4", "log:a 5 5"));
}

TEST(Tailer, ARotatedCsvMayRepeatItsHeaderOrNot) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.csv";
  write_file(path, "step,a\n1,1\n");
  Tailer tailer(path);
  Log log;
  tailer.poll(log);
  fs::rename(path, folder / "old1");
  write_file(path, "step,a\n2,2\n");
  tailer.poll(log);
  fs::rename(path, folder / "old2");
  write_file(path, "3,3\n4,4\n");
  tailer.poll(log);
  fs::rename(path, folder / "old3");
  write_file(path, "step,b,a\n5,6,7\n");
  tailer.poll(log);
  EXPECT_THAT(log.fresh(), ElementsAre("log:a 1 1", "log:a 2 2", "log:a 3 3", "log:a 4 4",
                                       "log:b 5 6", "log:a 5 7"));
}

TEST(Tailer, TruncationStartsAgainEvenWhenTheFileHasGrownBeyondItsOldSize) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.csv";
  write_file(path, "step,a\n1,1\n2,2\n");
  Tailer tailer(path);
  Log log;
  EXPECT_EQ(tailer.poll(log), 2U);
  write_file(path, "");
  EXPECT_EQ(tailer.poll(log), 0U);
  append_file(path, "step,a\n3,3\n");
  EXPECT_EQ(tailer.poll(log), 1U);
  write_file(path, "step,a\n4,4\n5,5\n6,6\n7,7\n");  // Cut and grown between two looks.
  EXPECT_EQ(tailer.poll(log), 4U);
  EXPECT_THAT(log.fresh(), ElementsAre("log:a 1 1", "log:a 2 2", "log:a 3 3", "log:a 4 4",
                                       "log:a 5 5", "log:a 6 6", "log:a 7 7"));
}

TEST(Tailer, AFileRewrittenWithTheSameBeginningGoesOn) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.csv";
  const std::string old = "step,a\n1,1\n2,2\n";
  write_file(path, old);
  Tailer tailer(path);
  Log log;
  EXPECT_EQ(tailer.poll(log), 2U);
  // In place, seen half-way.
  write_file(path, old.substr(0, 9));
  EXPECT_EQ(tailer.poll(log), 0U);
  write_file(path, old + "3,3\n");
  EXPECT_EQ(tailer.poll(log), 1U);
  // By renaming a new file over it.
  write_file(folder / "new", old + "3,3\n4,4\n");
  fs::rename(folder / "new", path);
  EXPECT_EQ(tailer.poll(log), 1U);
  EXPECT_THAT(log.fresh(), ElementsAre("log:a 1 1", "log:a 2 2", "log:a 3 3", "log:a 4 4"));
}

TEST(Tailer, TheHoleLeftByCopyTruncateIsPassedOver) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.jsonl";
  write_file(path, "{\"step\":1,\"a\":1}\n");
  Tailer tailer(path);
  Log log;
  tailer.poll(log);
  // The writer keeps its offset: after the cut its next line stands behind NUL bytes.
  write_file(path, std::string(17, '\0') + "{\"step\":2,\"a\":2}\n");
  EXPECT_EQ(tailer.poll(log), 1U);
  EXPECT_THAT(log.fresh(), ElementsAre("log:a 1 1", "log:a 2 2"));
}

TEST(Tailer, AFolderOfEventFilesIsOneRunAFolder) {
  TemporaryFolder folder;
  fs::create_directories(folder / "runs/a");
  const auto one = [](int step) {
    return testing::scalar_event(1.0, step, "loss", static_cast<float>(step));
  };
  write_file(folder / "runs/a/events.out.tfevents.1", testing::event_file() + one(1));
  Tailer tailer(folder / "runs");
  Log log;
  EXPECT_EQ(tailer.poll(log), 1U);
  fs::create_directories(folder / "runs/b");
  write_file(folder / "runs/b/events.out.tfevents.1", testing::event_file() + one(1));
  write_file(folder / "runs/a/events.out.tfevents.2", testing::event_file() + one(2));
  append_file(folder / "runs/a/events.out.tfevents.1", one(3));
  EXPECT_EQ(tailer.poll(log), 3U);
  EXPECT_EQ(tailer.poll(log), 0U);
  EXPECT_THAT(log.runs, ElementsAre("a", "b"));
  EXPECT_THAT(log.points, SizeIs(4));
}

TEST(Tailer, RotatedLogsInAFolderAreNotReadAgain) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.jsonl";
  Tailer tailer(folder.path());
  Log log;
  for (int i = 1; i <= 4; ++i) {
    write_file(path, fmt::format("{{\"step\":{},\"a\":{}}}\n", i, i));
    EXPECT_EQ(tailer.poll(log), 1U) << i;
    for (int k = i; k >= 2; --k) {
      fs::rename(folder / fmt::format("log.{}.jsonl", k - 1),
                 folder / fmt::format("log.{}.jsonl", k));
    }
    fs::rename(path, folder / "log.1.jsonl");
  }
  EXPECT_EQ(tailer.poll(log), 0U);
  EXPECT_THAT(log.runs, ElementsAre("log"));
}

TEST(Tailer, KnowsAFileAgainWhoseBeginningAnEarlierReadingHad) {
  TemporaryFolder folder;
  const fs::path path = folder / "log.csv";
  write_file(path, "run,step,a\nx,1,1\nx,2,2\ny,1,");
  Log log;
  {
    Tailer tailer(path);
    EXPECT_EQ(tailer.poll(log), 2U);
    EXPECT_THAT(log.known, ElementsAre(false));
  }
  append_file(path, "7\nx,3,3\n");
  Log later;
  later.place = log.place;
  Tailer tailer(path);
  // The same points in the same order, so that the sink knows which it has.
  tailer.poll(later);
  EXPECT_THAT(later.known, ElementsAre(true));
  EXPECT_THAT(later.fresh(), ElementsAre("x:a 1 1", "x:a 2 2", "y:a 1 7", "x:a 3 3"));
  EXPECT_EQ(later.place->offset, fs::file_size(path));
  // Another content is another file.
  write_file(path, "run,step,a\nz,1,1\nz,2,2\nz,3,3\nz,4,4\n");
  Log other;
  other.place = log.place;
  Tailer fresh(path);
  EXPECT_EQ(fresh.poll(other), 4U);
  EXPECT_THAT(other.known, ElementsAre(false));
}

TEST(Tailer, FollowsMoreFilesThanItMayHoldOpen) {
  TemporaryFolder folder;
  constexpr std::uint64_t kFiles = 700;
  for (std::uint64_t i = 0; i < kFiles; ++i) {
    write_file(folder / fmt::format("r{:03}.csv", i), fmt::format("step,a\n0,{}\n1,1\n", i));
  }
  Tailer tailer(folder.path());
  Log log;
  EXPECT_EQ(tailer.poll(log), 2 * kFiles);
  const auto descriptors = std::distance(fs::directory_iterator("/proc/self/fd"), {});
  EXPECT_LT(descriptors, 250);
  EXPECT_EQ(tailer.poll(log), 0U);
  log.fresh();
  append_file(folder / "r003.csv", "2,2\n");  // Closed long ago.
  append_file(folder / "r699.csv", "2,3\n");
  write_file(folder / "new.csv", "step,a\n4,4\n5,5\n");
  EXPECT_EQ(tailer.poll(log), 4U);
  EXPECT_THAT(log.fresh(), ::testing::UnorderedElementsAre("r003:a 2 2", "r699:a 2 3", "new:a 4 4",
                                                           "new:a 5 5"));
  // Renamed while nobody held it: the end of the old file is read before the new one.
  append_file(folder / "r005.csv", "2,2\n");
  fs::rename(folder / "r005.csv", folder / "r005.csv.1");
  write_file(folder / "r005.csv", "step,a\n3,3\n");
  EXPECT_EQ(tailer.poll(log), 2U);
  EXPECT_THAT(log.fresh(), ElementsAre("r005:a 2 2", "r005:a 3 3"));
}

TEST(Tailer, ErrorsOfASingleFileAreThrownOnceAndAFolderGoesOn) {
  TemporaryFolder folder;
  write_file(folder / "bad.csv", "step,a\n1,1\n2,oops\n3,3\n");
  write_file(folder / "good.csv", "step,a\n1,1\n");
  Log log;
  Tailer single(folder / "bad.csv");
  EXPECT_THROW(single.poll(log), DataError);
  EXPECT_EQ(single.poll(log), 0U);
  Log all;
  Tailer tailer(folder.path());
  EXPECT_EQ(tailer.poll(all), 2U);
  EXPECT_THAT(all.warnings, ElementsAre(HasSubstr("bad.csv:3: column \"a\"")));
  write_file(folder / "bad.csv", "step,a\n5,5\n");
  EXPECT_EQ(tailer.poll(all), 1U);
  write_file(folder / "packed.csv.gz", "\x1f\x8b\x08");
  EXPECT_EQ(tailer.poll(all), 0U);
  EXPECT_THAT(all.warnings.back(), HasSubstr("gzip files cannot be followed"));
}

TEST(Tailer, StandsOnItsLimitOfBytesAPoll) {
  TemporaryFolder folder;
  std::string text = "step,a\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("{},{}\n", i, i);
  write_file(folder / "log.csv", text);
  Tailer tailer(folder / "log.csv");
  Log log;
  std::uint64_t points = 0;
  std::uint64_t polls = 0;
  while (points < 1000 && polls < 1000) {
    points += tailer.poll(log, 1000);
    ++polls;
  }
  EXPECT_EQ(points, 1000U);
  EXPECT_GE(polls, text.size() / 1000);
}

}  // namespace
}  // namespace emdyn::collect::ingest
