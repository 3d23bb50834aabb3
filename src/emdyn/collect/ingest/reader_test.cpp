#include "emdyn/collect/ingest/reader.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <stop_token>
#include <string>

#include "emdyn/collect/ingest/contract/testing.hpp"
#include "emdyn/collect/ingest/tailer.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_text;

#define EMDYN_NEEDS_SHARED(folder)                                                        \
  const std::filesystem::path folder = testing::shared_data();                            \
  if (folder.empty()) {                                                                   \
    GTEST_SKIP() << "SKIPPED: no shared data; set EMDYN_SHARED to the folder with data/"; \
  }

ReadReport counts_of(const std::filesystem::path& path, const ReadOptions& options = {}) {
  Collector collector;
  return read(path, collector, options);
}

TEST(Reader, MissingFileFolderAndEmptyFilesAreErrorsThatNameThePath) {
  testing::TemporaryFolder folder;
  EXPECT_THROW(counts_of(folder / "absent.csv"), DataError);
  EXPECT_THROW(counts_of(folder.path()), DataError);  // No log in it.
  EXPECT_THAT(error_of(""), HasSubstr("log.txt: the file is empty"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("nothing but blanks"));
  EXPECT_THAT(error_of("step,loss\n"),
              HasSubstr("no numbers found; read as csv, it has the columns "
                        "\"step\", \"loss\""));
}

/// Stops the reading at its first point.
class StopAtOnce final : public Sink {
 public:
  void on_run(RunIndex, std::string_view, const Json&) override {}
  void on_signal(SignalIndex, RunIndex, std::string_view, series::Axis) override {}
  void on_point(SignalIndex, double, double, double) override { stop.request_stop(); }
  std::optional<FilePlace> place_of(const std::filesystem::path&, const FileIdentity&) override {
    return place;
  }
  void on_block(FileIndex, const FilePlace& end) override { place = end; }
  std::optional<FilePlace> place{};
  std::stop_source stop{};
};

TEST(Reader, AStoppedReadingReturnsWhatItHas) {
  testing::TemporaryFolder folder;
  std::string text = "step,loss\n";
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",1\n";
  testing::write_file(folder / "long.csv", text);
  StopAtOnce sink;
  const ReadReport report = read(folder / "long.csv", sink, {}, Task(sink.stop.get_token()));
  EXPECT_GT(report.points, 0U);
  EXPECT_LT(report.points, 200'000U);
  EXPECT_THROW(read_runs(folder / "long.csv", {}, nullptr, Task(sink.stop.get_token())),
               Task::Stopped);
  // A watcher that is stopped in the middle can be gone on from, to the point.
  StopAtOnce first;
  Tailer tailer(folder / "long.csv", {}, Task(first.stop.get_token()));
  const std::uint64_t before = tailer.poll(first);
  EXPECT_LT(before, 200'000U);
  StopAtOnce second;
  second.place = first.place;
  EXPECT_EQ(Tailer(folder / "long.csv").poll(second), 200'000U - before);
}

TEST(Reader, ForeignFilesAreNamedForWhatTheyAre) {
  EXPECT_THAT(error_of("SQLite format 3 and so on"), HasSubstr("an SQLite database"));
  EXPECT_THAT(error_of(":W&B and so on"), HasSubstr("a W&B offline log"));
  EXPECT_THAT(error_of("PK\x03\x04 and so on"), HasSubstr("a zip archive"));
  EXPECT_THAT(error_of("\xff\xfes\1t\1"), HasSubstr("UTF-16"));
  EXPECT_THAT(error_of(std::string("\x01\x02\x00\x03 something else", 20)), HasSubstr("binary"));
}

TEST(Reader, AFolderIsReadWholeAndWhatCannotBeReadWarns) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "x/y");
  testing::write_file(folder / "x/a.csv", "step,loss\n1,2\n");
  testing::write_file(folder / "x/y/b.jsonl", "{\"step\":1,\"loss\":2}\n");
  testing::write_file(folder / "x/bad.csv", "step,loss\n1,2,3\n");
  testing::write_file(folder / "x/notes.txt", "not a log");
  ReadReport report;
  const auto runs = read_runs(folder / "x", {}, &report);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].info.name, "a");
  EXPECT_EQ(runs[1].info.name, "y/b");
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("bad.csv:2")));
}

TEST(Reader, FormatsHaveWords) {
  for (const Format format : {Format::automatic, Format::csv, Format::jsonl, Format::tfevents,
                              Format::json, Format::text}) {
    EXPECT_TRUE(format_from_word(word(format)) == format);
  }
  EXPECT_THROW(format_from_word("xls"), ConfigError);
}

/// A sink without memory: that nothing is gathered is its whole point.
class Counter final : public Sink {
 public:
  void on_run(RunIndex, std::string_view, const Json&) override {}
  void on_signal(SignalIndex, RunIndex, std::string_view, series::Axis) override {}
  void on_point(SignalIndex, double, double value, double) override { sum += value; }
  double sum = 0.0;
};

TEST(Reader, ALineOf100MegabytesIsRefused) {
  std::string text = "step,loss\n";
  text.append(std::size_t{100} << 20, '7');
  Counter counter;
  EXPECT_THROW(read_bytes(text, "log", counter), DataError);
}

// Independent counts, from a few lines of Python over the same files (csv module): rows that are
// not empty, cells that are not empty outside the run and step columns.
TEST(ReaderShared, NanogptHas48RunsAndEveryRow) {
  EMDYN_NEEDS_SHARED(data)
  const auto report = counts_of(data / "runs/nanogpt_train_loss.csv.gz");
  EXPECT_EQ(report.runs, 48U);
  EXPECT_EQ(report.signals, 48U);
  EXPECT_EQ(report.points, 151775U);
  EXPECT_EQ(report.sources.at(0).position_column, "step");
  EXPECT_THAT(report.sources.at(0).run_columns, ElementsAre("run"));
  EXPECT_TRUE(report.sources.at(0).gzip);
}

TEST(ReaderShared, BloomKeepsEveryCellAndWarnsOfReturnsInOneLine) {
  EMDYN_NEEDS_SHARED(data)
  const auto report = counts_of(data / "runs/bloom_chronicle_log_lines.csv");
  EXPECT_EQ(report.runs, 21U);
  EXPECT_EQ(report.signals, 143U);
  EXPECT_EQ(report.points, 2088U);
  EXPECT_EQ(report.missing_cells, 248U);
  EXPECT_EQ(report.nonfinite, 0U);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("go back")));
  EXPECT_THAT(report.warnings.at(0), HasSubstr("(and 2 more like it)"));
}

TEST(ReaderShared, EventFilesOfTwoWriters) {
  EMDYN_NEEDS_SHARED(data)
  const auto keras = counts_of(data / "formats/sample_v1.tfevents");
  EXPECT_EQ(keras.points, 102U);
  EXPECT_EQ(keras.signals, 6U);
  const auto reducer = counts_of(data / "formats/sample_reducer.tfevents");
  EXPECT_EQ(reducer.points, 420U);
  EXPECT_EQ(reducer.signals, 2U);
  EXPECT_TRUE(reducer.sources.at(0).format == Format::tfevents);
}

}  // namespace
}  // namespace emdyn::collect::ingest
