#include "nab.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::bench {
namespace {

NabFile file_of(std::size_t samples, std::vector<NabWindow> windows) {
  return {"made.csv", std::vector<std::string>(samples), std::vector<double>(samples),
          std::move(windows)};
}

std::vector<double> detections(std::size_t samples, std::initializer_list<std::size_t> at) {
  std::vector<double> scores(samples, 0.0);
  for (const std::size_t i : at) scores[i] = 1.0;
  return scores;
}

NabScore standard(const NabFile& file, std::vector<double> scores) {
  const std::vector<std::vector<double>> all{std::move(scores)};
  return nab_score({&file, 1}, all, kNabProfiles[0], 0.5);
}

TEST(Nab, ProbationIsFifteenPercentUpTo750) {
  EXPECT_EQ(nab_probation(1000), 150U);
  EXPECT_EQ(nab_probation(4032), 604U);
  EXPECT_EQ(nab_probation(22695), 750U);
}

TEST(Nab, NullDetectorScoresZeroAndAPerfectOne100) {
  const NabFile file = file_of(1000, {{300, 399}, {600, 699}});
  for (const NabProfile& profile : kNabProfiles) {
    const std::vector<std::vector<double>> null{detections(1000, {})};
    EXPECT_DOUBLE_EQ(nab_score({&file, 1}, null, profile, 0.5).normalised, 0.0);
    const std::vector<std::vector<double>> perfect{detections(1000, {300, 600})};
    EXPECT_NEAR(nab_score({&file, 1}, perfect, profile, 0.5).normalised, 100.0, 1e-12);
  }
}

TEST(Nab, ScoresADetectionByItsPlaceInTheWindow) {
  const NabFile file = file_of(1000, {{300, 399}});
  // Sample 350 of window 300..399: y = -(399-350+1)/100 = -0.5.
  const double expected =
      (2.0 / (1.0 + std::exp(-2.5)) - 1.0) / (2.0 / (1.0 + std::exp(-5.0)) - 1.0);
  EXPECT_NEAR(standard(file, detections(1000, {350, 351, 399})).raw, expected, 1e-12);
  // The right edge is worth just more than nothing: y = -1/100.
  EXPECT_NEAR(standard(file, detections(1000, {399})).raw, 0.024994793 / 0.986614298, 1e-6);
}

TEST(Nab, ChargesFalseAlarmsByTheirDistancePastTheLastWindow) {
  const NabFile file = file_of(1000, {{300, 399}});
  const auto raw = [&](std::initializer_list<std::size_t> at) {
    return standard(file, detections(1000, at)).raw;
  };
  EXPECT_NEAR(raw({300, 200}), 1.0 - 0.11, 1e-12);  // No window came before.
  // 99 past a window of 100 samples: y = 99/(100-1) = 1.
  EXPECT_NEAR(raw({300, 498}), 1.0 + 0.11 * (2.0 / (1.0 + std::exp(5.0)) - 1.0), 1e-12);
  EXPECT_NEAR(raw({300, 800}), 1.0 - 0.11, 1e-12);  // Beyond y = 3.
  EXPECT_EQ(standard(file, detections(1000, {300, 800, 801})).false_alarms, 2U);
}

TEST(Nab, IgnoresProbationAndNaN) {
  const NabFile file = file_of(1000, {{300, 399}});
  auto scores = detections(1000, {0, 149});
  scores[500] = std::nan("");
  const NabScore result = standard(file, scores);
  EXPECT_EQ(result.false_alarms, 0U);
  EXPECT_DOUBLE_EQ(result.normalised, 0.0);
}

TEST(Nab, AMissedWindowWeighsTwiceInTheLowFnProfile) {
  const NabFile file = file_of(1000, {{300, 399}, {600, 699}});
  const std::vector<std::vector<double>> one{detections(1000, {300})};
  EXPECT_NEAR(nab_score({&file, 1}, one, kNabProfiles[2], 0.5).raw, 1.0 - 2.0, 1e-12);
  EXPECT_NEAR(nab_score({&file, 1}, one, kNabProfiles[2], 0.5).normalised, 50.0, 1e-12);
}

// The sweep must find what trying every threshold finds.
TEST(Nab, SweepEqualsBruteForce) {
  Philox random(5);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<NabFile> files{file_of(120, {{30, 45}, {70, 90}}), file_of(80, {}),
                               file_of(60, {{20, 20}})};
    std::vector<std::vector<double>> scores;
    for (const NabFile& file : files) {
      auto& row = scores.emplace_back(file.values.size());
      for (double& score : row) score = static_cast<double>(random.below(12));
      for (const NabWindow& window : file.windows) row[window.first] += 3.0;
    }
    for (const NabProfile& profile : kNabProfiles) {
      double best = 0.0;
      for (double threshold = -0.5; threshold < 16.0; threshold += 1.0) {
        best = std::max(best, nab_score(files, scores, profile, threshold).normalised);
      }
      const NabScore swept = nab_optimise(files, scores, profile);
      EXPECT_NEAR(swept.normalised, best, 1e-9);
      EXPECT_NEAR(nab_score(files, scores, profile, swept.threshold).raw, swept.raw, 1e-9);
    }
  }
}

TEST(Nab, RejectsScoresOfAnotherShape) {
  const NabFile file = file_of(10, {});
  const std::vector<std::vector<double>> shorter{{1.0}};
  EXPECT_THROW((void)nab_score({&file, 1}, shorter, kNabProfiles[0], 0.5), DataError);
  EXPECT_THROW((void)nab_optimise({&file, 1}, {}, kNabProfiles[0]), DataError);
  EXPECT_THROW((void)load_nab("/no/such/folder"), DataError);
}

class NabFolder : public testing::Test {
 protected:
  void SetUp() override {
    // Tests of this fixture may run at the same time, each in its own process.
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(testing::TempDir()) / (std::string("nab_folder_") + test->name());
    std::filesystem::create_directories(folder_ / "a");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::filesystem::path folder_;
};

TEST_F(NabFolder, ReadsValuesAndWindows) {
  write("a/x.csv", "timestamp,value\n2014-01-01 00:00:00,1\n2014-01-01 00:05:00,2.5\r\n");
  write("windows.json",
        R"({"a/x.csv": [["2014-01-01 00:00:00.000000", "2014-01-01 00:05:00.000000"]]})");
  const auto files = load_nab(folder_);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].values, (std::vector<double>{1.0, 2.5}));
  EXPECT_EQ(files[0].windows, (std::vector<NabWindow>{{0, 1}}));
}

TEST_F(NabFolder, RejectsBrokenFiles) {
  write("a/x.csv", "timestamp,value\n2014-01-01 00:00:00,word\n");
  write("windows.json", R"({"a/x.csv": []})");
  EXPECT_THROW((void)load_nab(folder_), DataError);
  write("a/x.csv", "timestamp,value\n2014-01-01 00:00:00,1\n");
  write("windows.json", R"({"a/x.csv": [["2014-01-01 00:00:00", "2015-01-01 00:00:00"]]})");
  EXPECT_THROW((void)load_nab(folder_), DataError);
  write("windows.json", R"({"a/x.csv": [[1, 2]]})");
  EXPECT_THROW((void)load_nab(folder_), DataError);
}

}  // namespace
}  // namespace emdyn::bench
