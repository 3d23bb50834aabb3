#include "emdyn/pipeline/detect_source.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

using ::testing::ElementsAre;

class Recorder final : public DetectListener {
 public:
  void on_series(std::size_t, const DetectedSeries& about) override {
    signals.push_back(about.signal);
  }
  void on_sample(std::size_t, const detect::Scored& sample, detect::RowDetector* rows) override {
    positions.push_back(sample.position);
    if (rows != nullptr) channels = rows->channels();
  }
  void on_empty_row(std::size_t, double position) override { empty.push_back(position); }
  void on_event(std::size_t, const series::Event& event) override { events.push_back(event); }
  void on_warning(std::string_view text) override { warnings.emplace_back(text); }

  std::vector<std::string> signals;
  std::vector<std::string> channels;
  std::vector<double> positions;
  std::vector<double> empty;
  std::vector<series::Event> events;
  std::vector<std::string> warnings;
};

class DetectSource : public testing::Test {
 protected:
  ~DetectSource() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  void detect(const std::string& text, const std::string& detector,
              const std::vector<std::string>& signals = {}) {
    std::ofstream(path_) << text;
    detect::DetectOptions options;
    options.detector = detector;
    detect_source({path_.string(), "", {}}, options, signals, heard_);
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("emdyn_detect_" + std::to_string(::getpid()) + ".csv");
  Recorder heard_;
};

TEST_F(DetectSource, OneSeriesIsAnsweredRowByRow) {
  detect("step,x\n1,\n2,5\n3,\n4,6\n", "cusum");
  EXPECT_THAT(heard_.signals, ElementsAre("x"));
  EXPECT_THAT(heard_.positions, ElementsAre(2, 4));
  EXPECT_THAT(heard_.empty, ElementsAre(1, 3));
}

TEST_F(DetectSource, SeveralSeriesHaveTheirOwnPoints) {
  detect("step,x,y\n1,,1\n2,5,\n3,6,2\n", "cusum");
  EXPECT_THAT(heard_.signals, ElementsAre("y", "x"));
  EXPECT_THAT(heard_.positions, ElementsAre(1, 2, 3, 3));
}

TEST_F(DetectSource, RowsOfATableAreSamplesEvenWhenCellsAreMissing) {
  detect("step,x,y\n1,,\n2,,1\n3,5,\n3,6,2\n", "loda");
  EXPECT_THAT(heard_.signals, ElementsAre("row"));
  EXPECT_THAT(heard_.positions, ElementsAre(1, 2, 3, 3));
  EXPECT_THAT(heard_.channels, ElementsAre("y", "x"));
}

TEST_F(DetectSource, ChosenChannelsOnly) {
  detect("step,x,y,z\n1,1,2,3\n2,1,2,3\n", "loda", {"z", "x"});
  EXPECT_THAT(heard_.channels, ElementsAre("x", "z"));
  EXPECT_THROW(detect("step,x\n1,1\n", "loda", {"absent"}), DataError);
}

TEST_F(DetectSource, LongTablesAreJoinedByPosition) {
  detect("step,metric,value\n1,a,5\n1,b,6\n2,b,7\n3,a,8\n1,a,9\n", "loda");
  EXPECT_THAT(heard_.positions, ElementsAre(1, 2, 3, 5));  // The count begins again and goes on.
  EXPECT_THAT(heard_.channels, ElementsAre("a", "b"));
}

TEST_F(DetectSource, RefusesBadOptionsBeforeItReads) {
  detect::DetectOptions options;
  options.detector = "cusum";
  options.params = {{"nonsense", "1"}};
  EXPECT_THROW(detect_source({"/no/such/file", "", {}}, options, {}, heard_), ConfigError);
}

}  // namespace
}  // namespace emdyn::pipeline
