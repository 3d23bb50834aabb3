#include "emdyn/ingest/reader.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/ingest/testing.hpp"

namespace emdyn::ingest {
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
  EXPECT_THAT(error_of("step,loss\n"), HasSubstr("no numbers found"));
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

TEST(ReaderShared, BloomKeepsEveryCellAndWarnsOncePerRunThatGoesBack) {
  EMDYN_NEEDS_SHARED(data)
  const auto report = counts_of(data / "runs/bloom_chronicle_log_lines.csv");
  EXPECT_EQ(report.runs, 21U);
  EXPECT_EQ(report.signals, 143U);
  EXPECT_EQ(report.points, 2088U);
  EXPECT_EQ(report.missing_cells, 248U);
  EXPECT_EQ(report.nonfinite, 0U);
  EXPECT_EQ(report.warnings.size(), 3U);
  for (const std::string& warning : report.warnings) EXPECT_THAT(warning, HasSubstr("go back"));
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
}  // namespace emdyn::ingest
