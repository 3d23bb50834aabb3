#include "emdyn/detect/live/reference.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"

namespace emdyn::detect {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

DetectOptions beside_reference(std::string_view detector, std::int64_t samples) {
  DetectOptions options;
  options.detector = detector;
  auto reference = std::make_shared<Reference>();
  reference->samples = samples;
  options.reference = std::move(reference);
  return options;
}

/// The samples of [600, 1100) are out of the ordinary.
std::vector<double> faulty(const Entry& entry, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(1600);
  for (std::size_t t = 0; t < values.size(); ++t) {
    const bool fault = t >= 600 && t < 1100;
    switch (entry.domain) {
      case Domain::binary:
        values[t] = random.uniform() < (fault ? 0.9 : 0.1) ? 1.0 : 0.0;
        break;
      case Domain::count:
        values[t] = static_cast<double>(random.below(fault ? 30 : 6));
        break;
      default:
        values[t] = 5.0 + random.normal() + (fault ? 6.0 : 0.0);
    }
  }
  return values;
}

struct SeriesOutcome {
  std::vector<Scored> scored;
  std::vector<series::Event> events;
};

SeriesOutcome run_series(const DetectOptions& options, std::span<const double> values) {
  SeriesOutcome outcome;
  SeriesDetector detector("s", series::Axis::step, options);
  for (std::size_t t = 0; t < values.size(); ++t)
    outcome.scored.push_back(detector.push(static_cast<double>(t), values[t], outcome.events));
  return outcome;
}

class HeldEntry : public testing::TestWithParam<Entry> {};

// Whatever the detector: nothing is judged while the reference is learned, and what comes later changes nothing
// earlier.
TEST_P(HeldEntry, IsCausalAndSilentWhileItLearns) {
  auto options = beside_reference(GetParam().name, 400);
  options.params =
      GetParam().name == "spot" || GetParam().name == "bispot" || GetParam().name == "dspot"
          ? Params{{"init_samples", "200"}}
          : Params{};
  try {
    check_options(options);
  } catch (const ConfigError&) {
    return;  // Needs more; told so.
  }
  const auto values = faulty(GetParam(), 3);
  const auto whole = run_series(options, values);
  for (std::size_t t = 0; t < 400; ++t) ASSERT_EQ(whole.scored[t].p_value, 1.0);
  for (const std::size_t cut : {200UL, 640UL, 1200UL}) {
    const auto part = run_series(options, std::span(values).first(cut));
    for (std::size_t t = 0; t < cut; ++t) {
      ASSERT_EQ(part.scored[t].score, whole.scored[t].score) << t;
      ASSERT_EQ(part.scored[t].p_value, whole.scored[t].p_value) << t;
    }
  }
  for (const series::Event& event : whole.events) {
    ASSERT_TRUE(event.onset);
    EXPECT_GE(event.onset->low, 0.0);
    EXPECT_LE(event.onset->high, event.position);
  }
}

// A fault that lasts stays an alarm until it is over, for every detector that hears a lasting shift.
TEST_P(HeldEntry, AFaultThatLastsStaysAnAlarm) {
  const Entry& entry = GetParam();
  const bool hears_shifts = entry.resets || entry.judges_samples || entry.alarms_itself ||
                            entry.by_default || entry.name == "adwin" || entry.name == "hddm_a" ||
                            entry.name == "hddm_w" || entry.name == "bocpd" ||
                            entry.name.starts_with("focus");
  if (!hears_shifts || entry.name == "dspot" || entry.name == "eddm")
    return;  // Known to be too quick.
  auto options = beside_reference(entry.name, 400);
  if (entry.name == "spot" || entry.name == "bispot") options.params = {{"init_samples", "200"}};
  const auto outcome = run_series(options, faulty(entry, 7));
  const auto intervals = alarm_intervals(outcome.events);
  double covered = 0.0;
  double outside = 0.0;
  for (const AlarmInterval& each : intervals) {
    const double end = each.end.value_or(1599.0);
    covered += std::max(0.0, std::min(end, 1099.0) - std::max(each.begin, 600.0) + 1.0);
    outside += end - each.begin + 1.0 -
               std::max(0.0, std::min(end, 1099.0) - std::max(each.begin, 600.0) + 1.0);
  }
  EXPECT_GE(covered, 420.0);
  EXPECT_LE(outside, 200.0);
}

INSTANTIATE_TEST_SUITE_P(Every, HeldEntry, testing::ValuesIn(entries().begin(), entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

// By hand: the reference has mean 0 and deviation d, a sample of 5 d scores 5/3 of k-sigma's threshold, after 10,000
// such samples as after one.
TEST(HeldSeries, NothingOfTheStreamBecomesNormal) {
  auto options = beside_reference("k_sigma", 400);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 2 == 0 ? 1.0 : -1.0);
  const double deviation = std::sqrt(400.0 / 399.0);
  values.resize(10'400, 5.0 * deviation);
  const auto outcome = run_series(options, values);
  const double score = *outcome.scored[400].score;
  EXPECT_NEAR(score, 5.0 / 3.0, 0.05);
  for (std::size_t t = 400; t < values.size(); ++t) ASSERT_EQ(*outcome.scored[t].score, score);
  const auto intervals = alarm_intervals(outcome.events);
  ASSERT_EQ(intervals.size(), 1U);
  EXPECT_EQ(intervals[0].begin, 400.0);
  EXPECT_FALSE(intervals[0].end);
}

// Samples of its own or given beforehand: the same reference, the same scores.
TEST(HeldSeries, AReferenceFromElsewhereIsTheSame) {
  const auto values = faulty(find_entry("cusum"), 11);
  const auto own = run_series(beside_reference("cusum", 400), values);
  auto options = beside_reference("cusum", 0);
  auto given = std::make_shared<Reference>();
  given->series["s"] = {values.begin(), values.begin() + 400};
  options.reference = given;
  const auto other = run_series(options, std::span(values).subspan(400));
  for (std::size_t t = 0; t < other.scored.size(); ++t) {
    ASSERT_EQ(other.scored[t].score, own.scored[t + 400].score);
    ASSERT_EQ(other.scored[t].p_value, own.scored[t + 400].p_value);
  }
  // A signal that the reference lacks is not judged.
  SeriesDetector stranger("t", series::Axis::step, options);
  std::vector<series::Event> events;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(stranger.push(i, 1e6 * i, events).p_value, 1.0);
  EXPECT_TRUE(events.empty());
}

TEST(HeldSeries, ValuesOutsideOfTheUnitIntervalArePlacedByTheReference) {
  const auto outcome = run_series(beside_reference("hddm_a", 400), faulty(find_entry("hddm_a"), 5));
  EXPECT_FALSE(alarm_intervals(outcome.events).empty());
}

TEST(HeldSeries, RefusesWhatAReferenceCannotDo) {
  const auto refused = [](auto change, const char* words) {
    EXPECT_THAT(
        [&] {
          auto options = beside_reference("cusum", 400);
          change(options);
          check_options(options);
        },
        ThrowsMessage<ConfigError>(HasSubstr(words)));
  };
  refused([](DetectOptions& o) { o.after_alarm = AfterAlarm::reset; }, "--after-alarm");
  refused([](DetectOptions& o) { o.disarm_p = 0.1; }, "--disarm-p");
  refused([](DetectOptions& o) { o.longest_period = 24; }, "--longest-period");
  refused([](DetectOptions& o) { o = beside_reference("cusum", 12); }, "30 to 1000000");
  refused([](DetectOptions& o) { o = beside_reference("cusum", 60); }, "warmed up");
  refused([](DetectOptions& o) { o.reference = std::make_shared<Reference>(); }, "at least 30");
}

/// Eight sensors of three causes, the first 400 rows healthy, then faults of 60 to 140 rows with pauses between: an
/// offset, a drift or lost correlation of one or two sensors. Labels of the rows.
struct Plant {
  std::vector<std::array<double, 8>> rows;
  std::vector<bool> faulty;
};

Plant plant_rows(std::uint64_t seed) {
  Philox random(seed, 8);
  Plant made;
  std::array<std::array<double, 3>, 8> loads{};
  for (auto& load : loads)
    for (double& each : load) each = random.normal();
  std::size_t left = 400;
  bool fault = false;
  std::size_t age = 0;
  std::size_t sensor = 0;
  std::uint32_t kind = 0;
  while (made.rows.size() < 6000) {
    if (age >= left) {
      fault = !fault;
      age = 0;
      left = 60 + random.below(80);
      sensor = random.below(8);
      kind = random.below(3);
    }
    std::array<double, 3> causes{};
    for (double& each : causes) each = random.normal();
    std::array<double, 8> row{};
    for (std::size_t i = 0; i < 8; ++i) {
      row[i] = 0.3 * random.normal();
      for (std::size_t c = 0; c < 3; ++c) row[i] += loads[i][c] * causes[c];
      if (!fault || i != sensor) continue;
      if (kind == 0) row[i] += 2.5;
      if (kind == 1) row[i] += 0.06 * static_cast<double>(age);
      if (kind == 2) row[i] = 2.0 * random.normal() + 1.0;
    }
    made.rows.push_back(row);
    made.faulty.push_back(fault);
    ++age;
  }
  return made;
}

std::vector<bool> told_rows(std::string_view detector, const Plant& made) {
  RowDetector rows(series::Axis::step, beside_reference(detector, 400));
  for (std::size_t i = 0; i < 8; ++i) (void)rows.add_channel("sensor" + std::to_string(i));
  std::vector<series::Event> events;
  for (std::size_t t = 0; t < made.rows.size(); ++t) {
    std::vector<ChannelValue> row;
    for (std::size_t i = 0; i < 8; ++i) row.push_back({i, made.rows[t][i]});
    (void)rows.push(static_cast<double>(t), row, events);
  }
  std::vector<bool> out(made.rows.size(), false);
  for (const AlarmInterval& each : alarm_intervals(events)) {
    const auto end =
        static_cast<std::size_t>(each.end.value_or(static_cast<double>(out.size() - 1)));
    for (auto t = static_cast<std::size_t>(each.begin); t <= end; ++t) out[t] = true;
  }
  return out;
}

double f1_score(const std::vector<bool>& out, const std::vector<bool>& truth) {
  double hit = 0.0;
  double wrong = 0.0;
  for (std::size_t t = 400; t < truth.size(); ++t) {
    hit += out[t] && truth[t];
    wrong += out[t] != truth[t];
  }
  return 2.0 * hit / (2.0 * hit + wrong);
}

// Faults that last, beside alarming always (F1 about .67: half of the rows are faulty).
TEST(HeldRows, T2AndQFindLastingFaultsAndBeatAlarmingAlways) {
  for (const std::uint64_t seed : {1ULL, 2ULL}) {
    const Plant made = plant_rows(seed);
    const double always = f1_score(std::vector<bool>(made.rows.size(), true), made.faulty);
    for (const char* name : {"pca_t2_q", "pca_q", "mahalanobis", "incremental_pca"}) {
      const double f1 = f1_score(told_rows(name, made), made.faulty);
      EXPECT_GT(f1, 0.85) << name << " " << seed;
      EXPECT_GT(f1, always) << name;
      RecordProperty(name, std::to_string(f1));
    }
  }
}

// Every detector of rows takes a reference; none alarms often in what is like it.
TEST(HeldRows, EveryEntryIsMostlyCalmInWhatIsLikeTheReference) {
  Philox random(4);
  for (const VectorEntry& entry : vector_entries()) {
    RowDetector rows(series::Axis::step, beside_reference(entry.name, 1000));
    for (std::size_t i = 0; i < 3; ++i)
      (void)rows.add_channel(std::string(1, static_cast<char>('a' + i)));
    std::vector<series::Event> events;
    int exceeded = 0;
    for (int t = 0; t < 4000; ++t) {
      const double shared = random.normal();
      const std::array<ChannelValue, 3> row{
          {{0, shared}, {1, shared + 0.5 * random.normal()}, {2, random.normal()}}};
      const Scored scored = rows.push(t, row, events);
      exceeded += *scored.p_value <= 1e-3 ? 1 : 0;
    }
    EXPECT_LE(exceeded, 30) << entry.name;
  }
}

TEST(HeldRows, AReferenceFromElsewhereKnowsItsChannelsOnly) {
  auto given = std::make_shared<Reference>();
  given->channels = {"a", "b"};
  Philox random(9);
  for (int i = 0; i < 200; ++i) {
    const double a = random.normal();
    given->rows.push_back(a);
    given->rows.push_back(a + 0.1 * random.normal());
  }
  DetectOptions options;
  options.detector = "pca_q";
  options.reference = given;
  RowDetector rows(series::Axis::step, options);
  EXPECT_EQ(rows.add_channel("stranger"), std::nullopt);
  ASSERT_EQ(rows.add_channel("b"), 1U);
  ASSERT_EQ(rows.add_channel("a"), 0U);
  std::vector<series::Event> events;
  const std::array<ChannelValue, 2> torn{{{0, 1.0}, {1, -1.0}}};
  const Scored scored = rows.push(0.0, torn, events);
  EXPECT_GT(*scored.score, 1.0);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_FALSE(events[0].shares.empty());
}

TEST(AlarmIntervals, PairBeginningsWithEnds) {
  auto options = beside_reference("k_sigma", 100);
  Philox random(2);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i)
    values.push_back(random.normal() + (i >= 200 && i < 250 ? 20.0 : 0.0));
  const auto outcome = run_series(options, values);
  const auto intervals = alarm_intervals(outcome.events);
  ASSERT_EQ(intervals.size(), 1U);
  EXPECT_EQ(intervals[0].begin, 200.0);
  EXPECT_EQ(intervals[0].end, 249.0);
  ASSERT_EQ(outcome.events.size(), 2U);
  EXPECT_TRUE(is_end(outcome.events[1]));
  EXPECT_EQ(outcome.events[1].position, 275.0);
  const Json json = intervals[0];
  EXPECT_EQ(json["begin"], 200.0);
  EXPECT_EQ(json["end"], 249.0);
}

}  // namespace
}  // namespace emdyn::detect
