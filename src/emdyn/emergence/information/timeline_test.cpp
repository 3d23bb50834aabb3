#include "emdyn/emergence/information/timeline.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/aligned.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

std::vector<double> step_positions(std::int64_t count) {
  std::vector<double> positions(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = 10.0 * static_cast<double>(i);
  return positions;
}

/// Four signals with memory; from row `from` on they are driven by the first.
Signals joining(std::int64_t rows, std::int64_t from, std::uint64_t seed) {
  Signals path = noise(rows, 4, seed);
  for (Eigen::Index t = 1; t < rows; ++t) {
    for (Eigen::Index j = 0; j < 4; ++j) {
      path(t, j) += 0.4 * path(t - 1, j);
      if (t >= from && j > 0) path(t, j) += 0.9 * path(t - 1, 0);
    }
  }
  return path;
}

TimelineOptions plain_options() {
  TimelineOptions options;
  options.differences = false;
  options.surrogates = 39;
  return options;
}

TEST(Timeline, SeesWhenThePartsJoin) {
  const InteractionTimeline timeline =
      interaction_timeline(joining(1200, 600, 1), step_positions(1200), plain_options());
  ASSERT_EQ(timeline.windows.size(), 45U);
  ASSERT_TRUE(timeline.together_since);
  EXPECT_GE(*timeline.together_since, 6000.0);
  EXPECT_LE(*timeline.together_since, 7600.0);
  const InteractionWindow& last = timeline.windows.back();
  EXPECT_EQ(last.end, 10.0 * static_cast<double>(44 * 25 + 99));
  for (Eigen::Index j = 1; j < 4; ++j) {
    EXPECT_LT(last.transfer_entropy_p(0, j), 1e-3);
    EXPECT_GT(last.transfer_entropy(0, j), 0.1);
  }
  EXPECT_TRUE(std::isnan(last.transfer_entropy(2, 2)));
  EXPECT_EQ(last.total_correlation->p_value, 1.0 / 40.0);
  EXPECT_TRUE(last.o_information && last.psi && last.synergy);
  const auto list = records({"a", "b", "c", "d"}, last, plain_options());
  EXPECT_GE(list.size(), 7U);
  EXPECT_NO_THROW(json_text(Json(timeline)));
}

TEST(Timeline, NoneWhereNothingJoins) {
  int joined_runs = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto timeline =
        interaction_timeline(joining(400, 400, 60 + seed), step_positions(400), plain_options());
    joined_runs += timeline.together_since.has_value();
  }
  EXPECT_LE(joined_runs, 3);
}

TEST(Timeline, CommonTrendsAreNoInteraction) {
  Signals trends = noise(400, 3, 2);
  for (Eigen::Index t = 0; t < 400; ++t) trends.row(t).array() += 0.1 * static_cast<double>(t);
  TimelineOptions options;
  options.surrogates = 39;
  const InteractionTimeline changes = interaction_timeline(trends, step_positions(400), options);
  EXPECT_FALSE(changes.together_since);
  options.differences = false;
  const InteractionTimeline levels = interaction_timeline(trends, step_positions(400), options);
  EXPECT_GT(levels.windows[0].mutual_information(0, 1), 0.5);
  EXPECT_LT(changes.windows[0].mutual_information(0, 1), 0.1);
}

TEST(Timeline, NothingChangesWhenTheFutureIsCut) {
  const Signals path = joining(420, 200, 3);
  const std::vector<double> positions = step_positions(420);
  const InteractionTimeline whole = interaction_timeline(path, positions, plain_options());
  for (const std::int64_t cut : {100, 187, 333}) {
    const auto count = static_cast<std::size_t>(cut);
    const InteractionTimeline part =
        interaction_timeline(path.topRows(cut), std::span(positions).first(count), plain_options());
    ASSERT_FALSE(part.windows.empty());
    for (std::size_t i = 0; i < part.windows.size(); ++i) {
      EXPECT_EQ(json_text(Json(part.windows[i])), json_text(Json(whole.windows[i])));
    }
  }
}

TEST(Timeline, SameWhateverTheThreads) {
  const Signals path = joining(200, 100, 4);
  const auto text = [&] {
    return json_text(Json(interaction_timeline(path, step_positions(200))));
  };
  const std::string many = text();
  const ThreadLimit one(1);
  EXPECT_EQ(text(), many);
}

TEST(Timeline, LeavesOutWhatSaysNothing) {
  Signals path(200, 6);
  path.leftCols(4) = joining(200, 0, 5);
  path.col(1) = 2.0 * path.col(0);  // a copy
  path.col(4).setConstant(1.0);     // flat
  path.col(5) = noise(200, 1, 6);   // with a gap in the first half
  path(20, 5) = std::numeric_limits<double>::quiet_NaN();
  const InteractionTimeline timeline =
      interaction_timeline(path, step_positions(200), plain_options());
  EXPECT_EQ(timeline.windows.front().present, (Parts{0, 2, 3}));
  EXPECT_EQ(timeline.windows.back().present, (Parts{0, 2, 3, 5}));
  EXPECT_TRUE(std::isnan(timeline.windows.front().mutual_information(0, 1)));
  // Two signals alone: nothing of three.
  const InteractionTimeline two =
      interaction_timeline(path.middleCols(2, 2), step_positions(200), plain_options());
  EXPECT_FALSE(two.windows[0].o_information);
  EXPECT_FALSE(two.windows[0].synergy);
  EXPECT_TRUE(two.windows[0].psi);
  const InteractionTimeline none =
      interaction_timeline(path.leftCols(2), step_positions(200), plain_options());
  EXPECT_FALSE(none.windows[0].note.empty());
}

TEST(Timeline, ShortAndRejected) {
  const Signals path = joining(90, 0, 7);
  EXPECT_FALSE(interaction_timeline(path, step_positions(90)).note.empty());
  EXPECT_THROW(interaction_timeline(path, step_positions(91)), DataError);
  EXPECT_THROW(interaction_timeline(path.leftCols(1), step_positions(90)), DataError);
  std::vector<double> back = step_positions(90);
  back[50] = 0.0;
  EXPECT_THROW(interaction_timeline(path, back), DataError);
  TimelineOptions options;
  options.window = 5;
  EXPECT_THROW(interaction_timeline(path, step_positions(90), options), ConfigError);
  EXPECT_THROW(records({"a"}, InteractionWindow{}, options), DataError);
}

TEST(Aligned, LatestValuesAtTheSparsestPositions) {
  series::Signal often{.name = "loss"};
  series::Signal seldom{.name = "accuracy"};
  for (int i = 0; i < 10; ++i) often.append(i, 100.0 + i);
  for (const double position : {-1.0, 3.0, 4.5, 9.0}) seldom.append(position, position);
  const std::array<const series::Signal*, 2> both{&often, &seldom};
  const Aligned found = aligned(both);
  EXPECT_EQ(found.positions, (std::vector<double>{-1.0, 3.0, 4.5, 9.0}));
  EXPECT_TRUE(std::isnan(found.signals(0, 0)));
  EXPECT_EQ(found.signals(1, 0), 103.0);
  EXPECT_EQ(found.signals(2, 0), 104.0);
  EXPECT_EQ(found.signals(3, 1), 9.0);
  EXPECT_THROW(aligned(std::span(both).first(1)), DataError);
  const series::Signal empty{.name = "none"};
  const std::array<const series::Signal*, 2> one{&often, &empty};
  EXPECT_THROW(aligned(one), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
