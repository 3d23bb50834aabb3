#include "tcpd.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "emdyn/core/error.hpp"

namespace emdyn::bench {
namespace {

using Marks = std::vector<std::vector<std::size_t>>;

TEST(Tcpd, PerfectPredictionOfOneAnnotator) {
  const Marks marks{{50, 80}};
  const std::vector<std::size_t> found{50, 80};
  EXPECT_DOUBLE_EQ(change_point_f1(marks, found).f1, 1.0);
  EXPECT_DOUBLE_EQ(segment_covering(marks, found, 100), 1.0);
}

TEST(Tcpd, PrecisionOverTheUnionAndRecallOverAnnotators) {
  // Annotators {20}, {20, 60}, {}; found 22 and 90. With 0: union {0, 20, 60}, found {0, 22, 90}.
  const Marks marks{{20}, {20, 60}, {}};
  const ChangePointScore score = change_point_f1(marks, std::vector<std::size_t>{22, 90});
  EXPECT_DOUBLE_EQ(score.precision, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(score.recall, (1.0 + 2.0 / 3.0 + 1.0) / 3.0);
  EXPECT_DOUBLE_EQ(score.f1,
                   2.0 * score.precision * score.recall / (score.precision + score.recall));
}

TEST(Tcpd, TheMarginIsFiveSamplesAndEachPointMatchesOnce) {
  const Marks marks{{20}};
  EXPECT_DOUBLE_EQ(change_point_f1(marks, std::vector<std::size_t>{25}).f1, 1.0);
  EXPECT_DOUBLE_EQ(change_point_f1(marks, std::vector<std::size_t>{26}).precision, 0.5);
  EXPECT_DOUBLE_EQ(change_point_f1(marks, std::vector<std::size_t>{19, 21}).precision, 2.0 / 3.0);
  // One found point cannot serve two annotated ones.
  EXPECT_DOUBLE_EQ(change_point_f1(Marks{{20, 23}}, std::vector<std::size_t>{21}).recall,
                   2.0 / 3.0);
}

TEST(Tcpd, CoveringByHand) {
  // Truth [0,40) [40,100); found [0,50) [50,100): 40·(40/50) + 60·(50/60) over 100 = 0.82.
  EXPECT_DOUBLE_EQ(segment_covering(Marks{{40}}, std::vector<std::size_t>{50}, 100), 0.82);
  // Nothing found: each truth segment against the whole: (40·0.4 + 60·0.6)/100 = 0.52; an annotator
  // who saw nothing is covered wholly.
  EXPECT_NEAR(segment_covering(Marks{{40}, {}}, {}, 100), (0.52 + 1.0) / 2.0, 1e-12);
}

TEST(Tcpd, PointsOutsideTheSeriesMakeNoSegment) {
  EXPECT_DOUBLE_EQ(segment_covering(Marks{{}}, std::vector<std::size_t>{100, 250}, 100), 1.0);
}

TEST(Tcpd, RowsHoldTheBaseline) {
  const std::vector<TcpdSeries> series{{"a", std::vector<double>(100), {{40}}}};
  const std::vector<Segmenter> methods{
      {"exact", [](std::span<const double>) { return std::vector<std::size_t>{40}; }}};
  const auto rows = tcpd_rows(series, methods);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].name, "no_change/f1");
  EXPECT_DOUBLE_EQ(rows[1].value, 0.52);
  EXPECT_EQ(rows[2].name, "exact/f1");
  EXPECT_DOUBLE_EQ(rows[2].value, 1.0);
  EXPECT_DOUBLE_EQ(*rows[3].baseline, 0.52);
}

TEST(Tcpd, ReadsAndStandardisesAFolder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "tcpd_folder";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "annotations.json")
      << R"({"s": {"6": [2], "7": []}, "absent": {"1": []}})";
  std::ofstream(folder / "s.json") << R"({"series": [{"raw": [1, 1, null, 3, 3]}]})";
  const auto list = load_tcpd(folder);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].values, (std::vector<double>{-1, -1, 1, 1}));
  EXPECT_EQ(list[0].annotations, (Marks{{2}, {}}));
  std::ofstream(folder / "s.json") << R"({"series": []})";
  EXPECT_THROW((void)load_tcpd(folder), DataError);
  std::filesystem::remove_all(folder);
  EXPECT_THROW((void)load_tcpd(folder), DataError);
}

}  // namespace
}  // namespace emdyn::bench
