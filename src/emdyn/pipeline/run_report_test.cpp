#include "emdyn/pipeline/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/pipeline/run_alarms.hpp"

namespace emdyn::pipeline {
namespace {

series::Run spiking_run() {
  series::Run run;
  run.info.name = "spiking";
  Philox random(11);
  for (const char* name : {"train_loss", "gradient_norm", "calm"}) {
    series::Signal& signal = run.signals.emplace_back();
    signal.name = name;
    for (int i = 0; i < 1500; ++i) {
      const bool bad = i == 1200 && std::string_view(name) != "calm";
      signal.append(i, (1.0 + 0.05 * random.normal()) * (bad ? 40.0 : 1.0));
    }
  }
  return run;
}

TEST(RunReport, ShowsARunWhoseMetadataHaveAnyForm) {
  for (const Json& notes :
       {Json::array({"first", 2}), Json("text"), Json(3), Json(nullptr),
        Json{{"seconds", "12 min"}, {"probes", Json::array({1, Json{{"name", 5}}})}}}) {
    series::Run run = spiking_run();
    run.info.notes = notes;
    RunReportOptions options;
    options.interactions = false;
    const RunFindings findings = find_out(run, options);
    const report::ReportData data = report_data(run, findings);
    EXPECT_FALSE(data.costs.wall_seconds.has_value());
    EXPECT_TRUE(data.costs.probes.empty());
  }
}

TEST(RunReport, LooksForAlarmsWhereTheRunHoldsNone) {
  const series::Run run = spiking_run();
  RunReportOptions options;
  options.interactions = false;
  EXPECT_TRUE(find_out(run, options).events.empty());
  options.alarms.emplace();
  const RunFindings findings = find_out(run, options);
  ASSERT_EQ(findings.events.size(), 2U);
  const report::ReportData data = report_data(run, findings);
  ASSERT_EQ(data.incidents.size(), 1U);
  EXPECT_EQ(data.incidents.front().first.position, 1200);
  EXPECT_EQ(data.incidents.front().events, 2U);
  options.most_alarm_points = 100;
  EXPECT_THAT(find_out(run, options).alarm_absence, ::testing::HasSubstr("4500 points"));
}

TEST(RunAlarms, KeepsRecordedEvents) {
  series::Run run = spiking_run();
  series::Event known;
  known.signal = "calm";
  known.position = 7;
  run.events = {known};
  RunReportOptions options;
  options.interactions = false;
  options.alarms.emplace();
  EXPECT_EQ(find_out(run, options).events, run.events);
}

TEST(RunAlarms, RefusesDetectorsOfRows) {
  detect::DetectOptions options;
  options.detector = "random_cut_forest";
  EXPECT_THROW(find_alarms(spiking_run(), options), ConfigError);
}

TEST(RunAlarms, GroupByTheSpacingOfTheDensestSignal) {
  series::Run run = spiking_run();
  series::Event a, b, c;
  a.signal = b.signal = c.signal = "train_loss";
  a.position = 100;
  b.position = 120;
  c.position = 200;
  EXPECT_EQ(run_incidents(run, std::vector{a, b, c}).size(), 2U);
  EXPECT_TRUE(run_incidents({}, {}).empty());
}

}  // namespace
}  // namespace emdyn::pipeline
