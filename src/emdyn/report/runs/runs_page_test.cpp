#include "emdyn/report/runs/runs_page.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "emdyn/core/philox.hpp"
#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/runs/runs_lanes.hpp"

namespace emdyn::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// `count` falling losses of `points` samples with one spike that they share.
RunsData falling_losses(std::size_t count, int points) {
  RunsData data;
  data.title = "losses";
  data.headline = fmt::format("1 of 1 signal changed suddenly in at least one of {} runs", count);
  OverlaidSignal& loss = data.signals.emplace_back();
  loss.name = "train_loss";
  for (std::size_t r = 0; r < count; ++r) {
    OverlaidRun& run = data.runs.emplace_back();
    run.name = fmt::format("run {}", r);
    run.points = static_cast<std::uint64_t>(points);
    run.info.configuration = {{"lr", 0.1 * static_cast<double>(r)}, {"model", "small"}};
    run.change = "no sudden change";
    OverlaidLine& line = loss.lines.emplace_back();
    line.run = r;
    line.signal.points.name = loss.name;
    Philox random(3, r);
    for (int i = 0; i < points; ++i) {
      line.signal.points.append(i, 3.0 + 0.1 * static_cast<double>(r) +
                                       8.0 * std::exp(-i / (0.1 * points)) +
                                       0.02 * random.normal() + (i == points / 2 ? 2.0 : 0.0));
    }
  }
  emergence::incidents::CommonIncident incident;
  incident.position = points / 2;
  incident.runs = incident.covered = count;
  incident.deviation = 40.0;
  incident.p_value = 0.001;
  for (const OverlaidRun& run : data.runs) incident.names.push_back(run.name);
  loss.incidents = {incident};
  return data;
}

void keep_page(const std::string& name, const std::string& page) {
  const char* folder = std::getenv("EMDYN_REPORT_TEST_DIR");
  if (folder != nullptr) std::ofstream(std::string(folder) + "/" + name + ".html") << page;
}

std::size_t occurrences(const std::string& page, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1))
    ++count;
  return count;
}

TEST(RunsPage, GivesFewRunsAColourAndADashEach) {
  const std::string page = render_runs(falling_losses(3, 2000));
  keep_page("runs_three", page);
  for (const char* line : {"\"run r0 main\"", "\"run r1\"", "\"run r2\""})
    EXPECT_THAT(page, HasSubstr(line));
  EXPECT_THAT(page, HasSubstr("1 incident is common to several runs, the surest at step 1,000 in 3 "
                              "of 3 (train_loss, p = 0.001)."));
  EXPECT_THAT(page, HasSubstr("Ends lowest at "));
  EXPECT_THAT(page, HasSubstr("1 of 2 settings differ."));
  EXPECT_THAT(page, HasSubstr("href=\"#c0-0\""));
  EXPECT_THAT(page, HasSubstr("id=\"c0-0\""));
  EXPECT_THAT(page, HasSubstr("href=\"#t0-0\""));
  EXPECT_THAT(page, HasSubstr("id=\"t0-0\""));
}

TEST(RunsPage, StaysReadableAndSmallWithManyRuns) {
  const std::string page = render_runs(falling_losses(48, 5000));
  keep_page("runs_many", page);
  EXPECT_LT(page.size(), 3'500'000U);
  EXPECT_EQ(occurrences(page, "class=\"run many\" data-run"), 2U * 46U);
  EXPECT_EQ(occurrences(page, "class=\"run ends-low\" data-run"), 2U);
  EXPECT_EQ(occurrences(page, "class=\"run ends-high\" data-run"), 2U);
  EXPECT_EQ(occurrences(page, "class=\"l-op median main\""), 2U);
}

TEST(RunsPage, SharesItsRoomAndListsTheRest) {
  RunsData data = falling_losses(48, 300);
  const OverlaidSignal first = data.signals.front();
  for (int i = 0; i < 60; ++i) {
    data.signals.push_back(first);
    data.signals.back().name = fmt::format("signal {}", i);
  }
  const RunsLayout layout = runs_layout(data);
  EXPECT_EQ(layout.columns, 60U);
  EXPECT_GE(layout.lanes, 15U);
  EXPECT_LT(layout.lanes, 61U);
  const std::string page = render_runs(data);
  EXPECT_LT(page.size(), 6'000'000U);
  EXPECT_THAT(page, HasSubstr("more find no room on one page"));
}

TEST(RunsPage, SaysWhatIsAbsent) {
  RunsData data = falling_losses(2, 100);
  data.signals.front().incidents.clear();
  for (OverlaidRun& run : data.runs) run.info.configuration = Json::object();
  const std::string page = render_runs(data);
  EXPECT_THAT(page, HasSubstr("Incidents that runs share are looked for in three runs or more."));
  EXPECT_THAT(page, HasSubstr("No configuration was recorded with these runs."));
  EXPECT_THAT(render_runs(RunsData{}), HasSubstr("no signal that could be laid over each other"));
}

TEST(RunsPage, HostileNamesStayText) {
  RunsData data = falling_losses(3, 50);
  const std::string hostile = "\"><script>alert(1)</script>\xE2\x80\xAE";
  data.title = data.headline = data.how = hostile;
  data.notes = {hostile};
  data.signals.front().name = data.signals.front().parting = hostile;
  for (std::string& name : data.signals.front().incidents.front().names) name = hostile;
  for (OverlaidRun& run : data.runs) {
    run.name = run.change = hostile;
    run.info.configuration = {{hostile, hostile + run.name}};
  }
  data.across = {{hostile, 1, 3, hostile, hostile, 0.01}};
  data.ends = {{hostile, hostile, hostile, 1, 2, 3}};
  const std::string page = render_runs(data);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
}

TEST(RunsLanes, TellWhereRunsAreFurthestApart) {
  RunsData data = falling_losses(2, 400);
  for (double& value : data.signals.front().lines[0].signal.points.values) value = 1.0;
  for (double& value : data.signals.front().lines[1].signal.points.values) value = 2.0;
  data.signals.front().lines[1].signal.points.values[123] = 9.0;
  const AxisMap axis(Scale::linear, 0, 399);
  std::vector<Columns> reduced;
  for (const OverlaidLine& line : data.signals.front().lines)
    reduced.push_back(reduce(line.signal, axis, 400));
  const std::vector<const Columns*> lines{&reduced[0], &reduced[1]};
  const auto widest = widest_place(data.signals.front(), lines, axis, 400);
  ASSERT_TRUE(widest.has_value());
  EXPECT_EQ(widest->position, 123);
  EXPECT_EQ(widest->low, 1.0);
  EXPECT_EQ(widest->high, 9.0);
  EXPECT_EQ(widest->low_run, 0U);
  EXPECT_EQ(widest->high_run, 1U);
}

TEST(RunsLanes, TakeTheMedianWhereMostRunsHaveAPoint) {
  const AxisMap axis(Scale::linear, 0, 100);
  std::vector<ReportSignal> signals(5);
  for (std::size_t r = 0; r < signals.size(); ++r) {
    for (int i = 0; i <= 100; ++i) {
      if (i % 10 == 0 || r == 0) signals[r].points.append(i, static_cast<double>(r * r));
    }
  }
  std::vector<Columns> reduced;
  for (const ReportSignal& signal : signals) reduced.push_back(reduce(signal, axis, 101));
  std::vector<const Columns*> lines;
  for (const Columns& each : reduced) lines.push_back(&each);
  const ReportSignal median = median_line(lines, axis, 101);
  ASSERT_EQ(median.points.size(), 11U);
  for (const double value : median.points.values) EXPECT_EQ(value, 4.0);
  EXPECT_TRUE(median_line({}, axis, 101).points.values.empty());
}

}  // namespace
}  // namespace emdyn::report
