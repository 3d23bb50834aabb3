#include "emdyn/report/run/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>

#include "emdyn/report/run/report_test_run.hpp"

namespace emdyn::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Why the page is not well formed, or nothing. Knows void elements, self-closed shapes and that
/// style and script hold raw text.
std::string structure_fault(const std::string& page) {
  const std::set<std::string> void_elements{"meta", "input"};
  std::vector<std::string> open;
  std::set<std::string> ids;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    if (page.compare(at, 2, "<!") == 0) continue;
    const std::size_t end = page.find('>', at);
    if (end == std::string::npos) return "tag without end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" />", 1));
    if (tag[0] == '/') {
      if (open.empty() || "/" + open.back() != tag) return "unexpected <" + tag + ">";
      open.pop_back();
      continue;
    }
    const std::size_t id = tag.find(" id=\"");
    if (id != std::string::npos) {
      const std::string value = tag.substr(id + 5, tag.find('"', id + 5) - id - 5);
      if (!ids.insert(value).second) return "id used twice: " + value;
    }
    if (tag.back() == '/' || void_elements.contains(name)) continue;
    open.push_back(name);
    if (name == "script" || name == "style") at = page.find("</" + name, end) - 1;
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

/// Every link of the page leads to an id on it.
std::string broken_link(const std::string& page) {
  for (std::size_t at = page.find("href=\"#"); at != std::string::npos;
       at = page.find("href=\"#", at + 1)) {
    const std::string id = page.substr(at + 7, page.find('"', at + 7) - at - 7);
    if (page.find(" id=\"" + id + "\"") == std::string::npos) return id;
  }
  return "";
}

/// Writes the page where a person can look at it: EMDYN_REPORT_TEST_DIR=/tmp/pages.
void keep(const std::string& name, const std::string& page) {
  const char* folder = std::getenv("EMDYN_REPORT_TEST_DIR");
  if (folder != nullptr) std::ofstream(std::string(folder) + "/" + name + ".html") << page;
}

std::string rendered(const std::string& name, const ReportData& data) {
  std::string page = render_report(data);
  keep(name, page);
  EXPECT_EQ(structure_fault(page), "") << name;
  EXPECT_EQ(broken_link(page), "") << name;
  EXPECT_LT(page.size(), 2'000'000U) << name;
  return page;
}

ReportSignal series_of(const std::string& name, std::vector<double> values) {
  ReportSignal signal;
  signal.points.name = name;
  double step = 0.0;
  for (const double value : values) signal.points.append(step++, value);
  return signal;
}

TEST(Report, TellsAGrokkingRunInWords) {
  const std::string page = rendered("grokking", report_test::grokking_run());
  EXPECT_THAT(page, HasSubstr("Test accuracy jumped from 3\xC2\xA0% to 97\xC2\xA0% at step 1,330 "
                              "(90\xC2\xA0% interval 1,300–1,360)."));
  EXPECT_THAT(page, HasSubstr("The forecast passed 50\xC2\xA0% at step "));
  EXPECT_THAT(page, HasSubstr("Strongest drivers of the forecast: weight norm trend"));
  EXPECT_THAT(page, HasSubstr("Best model: sigmoid of 6 tested"));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page, HasSubstr("name=\"viewport\""));
  EXPECT_THAT(page, HasSubstr("25,517"));
}

TEST(Report, IsEqualForEqualData) {
  EXPECT_EQ(render_report(report_test::grokking_run()), render_report(report_test::grokking_run()));
}

TEST(Report, NeedsNoNetwork) {
  const std::string page = rendered("grokking", report_test::grokking_run());
  for (const char* external : {"http:", "https:", "//cdn", "@import", "url(", " src="}) {
    EXPECT_THAT(page, Not(HasSubstr(external)));
  }
  EXPECT_THAT(page, HasSubstr("default-src &#39;none&#39;"));
}

TEST(Report, SaysWhatIsAbsent) {
  const std::string page = rendered("empty", ReportData{});
  EXPECT_THAT(page, HasSubstr("No signals were recorded"));
  EXPECT_THAT(page, HasSubstr("There is no forecast for this run."));
  EXPECT_THAT(page, HasSubstr("No alarms."));
  EXPECT_THAT(page, HasSubstr("No drivers"));
  EXPECT_THAT(page, HasSubstr("No early-warning indicators"));
  EXPECT_THAT(page, HasSubstr("No order of change"));
  EXPECT_THAT(page, HasSubstr("No configuration was recorded."));
  EXPECT_THAT(page, HasSubstr("No probe cost was recorded."));
}

TEST(Report, SaysThatNoTransitionWasFound) {
  ReportData data = report_test::grokking_run(1e9);
  data.transitions.front() = {};
  data.transitions.front().record.order_parameter = "test_accuracy";
  data.transitions.front().models = {{"constant", 100.0, 1}, {"power_law", 114.2, 3},
                                     {"sigmoid", 117.0, 4},  {"jump", 115.0, 3},
                                     {"kink", 116.0, 4},     {"rise_and_collapse", 121.0, 6}};
  const std::string page = rendered("no_transition", data);
  EXPECT_THAT(page, HasSubstr("no transition found (of 6 models tested, the constant fits best, "
                              "BIC gain 14 over the next best)"));
  EXPECT_THAT(page, HasSubstr("The forecast never crossed 50\xC2\xA0%"));
}

TEST(Report, SaysWhyTheForecastAbstained) {
  ReportData data = report_test::grokking_run();
  for (series::Forecast& forecast : data.forecast.forecasts) {
    forecast.probability.reset();
    forecast.status = series::ForecastStatus::abstained;
    forecast.reason = "role test_accuracy is missing";
  }
  data.forecast.crossed_at.reset();
  const std::string page = rendered("abstained", data);
  EXPECT_THAT(page, HasSubstr("There is no forecast: abstained because role test_accuracy is "
                              "missing."));
}

TEST(Report, EscapesHostileNamesEverywhere) {
  const std::string hostile =
      "\"><script>alert(1)</script><!--\xE2\x80\xA8\xE2\x80\xAE\xE2\x80\x8B]]>'&\xFF\x01";
  ReportData data = report_test::grokking_run();
  data.title = data.info.name = data.info.id = data.info.source = data.info.code_version = hostile;
  data.program_version = hostile;
  data.info.tags = {hostile};
  data.info.configuration = {{hostile, hostile}};
  data.info.machine = {{hostile, Json::array({hostile})}};
  data.info.notes = {{hostile, 1}};
  data.notes = {hostile};
  data.words[hostile] = hostile;
  for (ReportSignal& signal : data.signals) {
    signal.points.name = signal.unit = signal.family = hostile + signal.points.name;
  }
  data.order_parameter = data.signals[3].points.name;
  data.transitions.front().record.order_parameter = data.order_parameter;
  data.transitions.front().record.mirage->metric = hostile;
  data.transitions.front().models[0].name = hostile;
  for (series::Event& event : data.events) event.signal = event.detector = hostile;
  for (series::Forecast& one : data.forecast.forecasts) one.target = one.predictor = hostile;
  data.forecast.forecasts.front().reason = hostile;
  data.forecast.baselines.front().name = hostile;
  for (IndicatorTrack& one : data.early_warning) one.signal = one.indicator = hostile;
  for (ChangeOrder& one : data.change_order) one.signal = one.detail = hostile;
  for (ShownProbeCost& one : data.costs.probes) one.probe = hostile;
  Drivers& drivers = data.drivers.front();
  drivers.title = drivers.attribution.scale = drivers.attribution.method = hostile;
  for (auto& one : drivers.attribution.contributions) one.factor = hostile;
  for (auto& one : drivers.attribution.interactions) one.a = one.b = hostile;
  data.histograms = {{hostile, hostile, {0, 1}, {1}, 0, 1, {1}, {0.3}}};
  data.compared = {{hostile, data.signals[0], {}, {}, {{hostile, hostile}}}};
  series::StressCurve curve;
  curve.order_parameter = curve.control_parameter = hostile;
  data.stress = {curve};
  const std::string page = rendered("hostile", data);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<!--")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xA8")));
  EXPECT_THAT(page, Not(HasSubstr("\xFF")));
  EXPECT_THAT(page, Not(HasSubstr("\x01")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_THAT(page, Not(HasSubstr("\xE2\x80\x8B")));
}

TEST(Report, StaysSmallForManyLongSignals) {
  const ReportData data = report_test::long_run(200, 100000);
  const std::string page = rendered("many", data);
  EXPECT_GT(page.size(), 100'000U);
  EXPECT_THAT(page, HasSubstr("100,000 points drawn as 1,440 columns, extremes kept"));
}

TEST(Report, ListsWhatItCannotDraw) {
  ReportData data = report_test::long_run(1200, 50);
  const std::string page = rendered("thousand", data);
  EXPECT_THAT(page, HasSubstr("900 signals are listed but not drawn"));
}

TEST(Report, CapsTheEventsItListsAndSaysSo) {
  ReportData data = report_test::grokking_run();
  for (int i = 0; i < 20000; ++i) {
    data.events.push_back(data.events[static_cast<std::size_t>(i % 40)]);
    data.events.back().position = 0.1 * i;
  }
  const std::string page = rendered("events", data);
  EXPECT_THAT(page, HasSubstr("20,040 alarms in"));
  EXPECT_THAT(page, HasSubstr("Listed and drawn are the 500 with the smallest p-values."));
}

TEST(Report, TellsIncidentsInOneLineEachWithTheWayThere) {
  ReportData data = report_test::grokking_run();
  series::Event spike = data.events.front();
  spike.signal = "train_loss";
  spike.kind = series::EventKind::spike;
  spike.direction = series::Direction::rise;
  spike.detector = "auto";
  spike.position = 700;
  spike.before = 0.31;
  spike.after = 214.0;
  series::Event other = spike;
  other.signal = "gradient_norm";
  other.before = 0.9;
  other.after = 650.0;
  data.events = {spike, other};
  data.incidents = detect::incidents(data.events, 10.0);
  const std::string page = rendered("incidents", data);
  EXPECT_THAT(page, HasSubstr("1 incident (2 alarms in 2 signals), the first at step 700"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#t0\">step 700</a>: train loss rose 0.31 → 214 (spike, "
                              "auto); also gradient norm 0.9 → 650 — 2 alarms</span>"));
}

TEST(Report, SaysThatNobodyLookedForAlarms) {
  ReportData data = report_test::grokking_run();
  data.events.clear();
  data.alarm_absence = "400000 points take long (report --detector auto)";
  EXPECT_THAT(rendered("no_alarms", data),
              HasSubstr("No alarms were looked for: 400000 points take long"));
}

TEST(Report, ShowsWhatTheAnalysisOfAllSignalsFound) {
  ReportData data = report_test::grokking_run();
  data.analysis.emplace();
  AnalysisSummary& analysis = *data.analysis;
  analysis.headline = "2 of 3 signals changed suddenly";
  analysis.how = "at most 5 % of them by chance";
  analysis.rest = "1 did not: 1 stayed level";
  analysis.signals = {{"test_accuracy", true, "rise 3 % → 97 %", series::Interval{1300, 1330, 1360},
                       412, 0.002, 0.006},
                      {"train_loss", true, "bend −0.0051 → −0.0001 per step",
                       series::Interval{100, 150, 200}, 60, 0.002, 0.006},
                      {"learning_rate", false, "none", {}, -3, 0.8, 0.8}};
  analysis.mirage = {
      {"test_accuracy", "real", "test_accuracy along step: real; test_loss changes suddenly too"}};
  analysis.together = InteractionTrack{"from 400 on the 2 signals act together",
                                       {"train_loss", "test_loss"},
                                       {200, 400, 600},
                                       {0.1, 0.9, kNan},
                                       {0.0, 0.1, kNan},
                                       {0.3, 0.3, kNan}};
  const std::string page = rendered("analysis", data);
  EXPECT_THAT(
      page, HasSubstr("2 of 3 signals changed suddenly. At most 5 % of them by chance. 1 did not"));
  EXPECT_THAT(page, HasSubstr("bend −0.0051 → −0.0001 per step"));
  EXPECT_THAT(page, HasSubstr("test_loss changes suddenly too"));
  EXPECT_THAT(page, HasSubstr("From 400 on the 2 signals act together."));
  EXPECT_THAT(page, HasSubstr("all 3 signals analysed, strongest evidence first"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST(Report, ShowsNotesOfAnyForm) {
  for (const Json& notes : {Json::array({"first", 2}), Json("a text"), Json(7), Json(nullptr)}) {
    ReportData data = report_test::grokking_run();
    data.info.notes = data.info.configuration = data.info.machine = notes;
    const std::string page = rendered("notes", data);
    if (notes.is_array()) {
      EXPECT_THAT(page, HasSubstr("first"));
    }
  }
}

TEST(Report, DrawsShortBrokenAndDegenerateSignals) {
  ReportData data;
  data.signals = {series_of("three", {1, 2, 3}),
                  series_of("one", {5}),
                  series_of("none", {}),
                  series_of("constant", {2, 2, 2}),
                  series_of("lost", {kNan, kNan}),
                  series_of("gaps", {1, kNan, 2, kNan, kNan, 3, 4}),
                  series_of("infinite", {1, INFINITY, -INFINITY, 2}),
                  series_of("huge", {-1e308, 1e308, 1e-308})};
  data.signals.push_back(series_of("back", {}));
  for (const double step : {1., 2., 3., 2., 3., 4.}) data.signals.back().points.append(step, step);
  const std::string page = rendered("degenerate", data);
  EXPECT_THAT(page, HasSubstr("no finite value"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, HasSubstr("non-finite"));
  ReportData single;
  single.signals = {series_of("loss", {1, 2, 3})};
  rendered("three_points", single);
}

TEST(Report, ShowsHistogramsComparisonsAndStress) {
  ReportData data = report_test::grokking_run();
  Histogram histogram{"Errors on shifted phases", "prediction error", {}, {}, 0.02, 0.1, {1, 2, 3},
                      {0.33, 0.08, 0.031}};
  for (int i = 0; i <= 40; ++i) histogram.edges.push_back(-0.4 + 0.02 * i);
  for (int i = 0; i < 40; ++i) {
    const double z = (histogram.edges[static_cast<std::size_t>(i)] + 0.01) / 0.11;
    histogram.counts.push_back(static_cast<std::uint64_t>(4000 * std::exp(-0.5 * z * z)));
  }
  data.histograms.push_back(histogram);
  for (const double jump : {900.0, 2100.0}) {
    const ReportData other = report_test::grokking_run(jump);
    ComparedRun run{"jump at " + std::to_string(static_cast<int>(jump)), other.signals[3],
                    other.transitions.front().record, other.forecast.crossed_at,
                    other.info.configuration};
    run.configuration["weight_decay"] = jump / 1000;
    data.compared.push_back(run);
  }
  series::StressCurve curve;
  curve.order_parameter = "robust_accuracy";
  curve.control_parameter = "epsilon";
  for (int i = 0; i < 12; ++i) {
    const double y = 1 / (1 + std::exp(i - 5.0));
    curve.points.push_back({0.01 * i, {y - 0.05 * y, y, y + 0.02, 0.95}, {}, {}});
  }
  data.stress = {curve};
  const std::string page = rendered("extras", data);
  EXPECT_THAT(page, HasSubstr("Beyond ±2σ lie 8\xC2\xA0% (a normal distribution: 5\xC2\xA0%)."));
  EXPECT_THAT(page, HasSubstr("2 of the 2 other runs show a transition."));
  EXPECT_THAT(page, HasSubstr("settings in which the runs differ"));
  EXPECT_THAT(page, HasSubstr("perturbation size ε"));
}

TEST(ReportData, IsMadeFromAStoredRun) {
  series::Run run;
  run.info.name = "stored";
  run.info.notes = {{"points_dropped", 12}};
  run.signals.push_back(series_of("val/acc", {0.1, 0.2, 0.9}).points);
  run.signals.front().axis = series::Axis::tokens;
  series::Forecast late, early;
  late.at = 2;
  early.at = 1;
  run.forecasts = {late, early};
  const ReportData data = report_data(run);
  EXPECT_EQ(data.axis, series::Axis::tokens);
  EXPECT_EQ(data.costs.points_stored, 3U);
  EXPECT_EQ(data.costs.points_dropped, 12U);
  EXPECT_EQ(data.forecast.forecasts.front().at, 1);
  EXPECT_THAT(rendered("stored", data), HasSubstr("tokens seen"));
}

}  // namespace
}  // namespace emdyn::report
