#include "emdyn/detect/live/incidents.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "emdyn/detect/live/validation_watch.hpp"

namespace emdyn::detect {
namespace {

using series::Event;

Event event_at(std::string signal, double position, double onset) {
  Event event;
  event.run = "a";
  event.signal = std::move(signal);
  event.position = position;
  event.onset = series::Interval{onset, onset, onset, 0.9};
  event.kind = series::EventKind::spike;
  event.detector = "auto";
  event.direction = series::Direction::rise;
  event.p_value = 1e-9;
  return event;
}

TEST(Incidents, OneThingIsOneLineWithTheEarliestSignalFirst) {
  Event loss = event_at("loss", 1205, 1203);
  Event norm = event_at("gradient_norm", 1201, 1200);
  norm.before = 0.9;
  norm.after = 640.0;
  loss.before = 0.31;
  loss.after = 214.0;
  const std::vector<Event> events{loss, norm, event_at("loss", 1240, 1204),
                                  event_at("loss", 5000, 5000)};
  const auto found = incidents(events, 25.0);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].first.signal, "gradient_norm");
  EXPECT_EQ(found[0].events, 3U);
  ASSERT_EQ(found[0].others.size(), 1U);
  EXPECT_EQ(found[0].begin, 1200.0);
  EXPECT_EQ(found[0].end, 1240.0);
  EXPECT_EQ(incident_line(found[0]),
            "step 1201: gradient_norm rose 0.9 → 640 (spike, auto); also loss 0.31 → 214");
  EXPECT_EQ(found[1].begin, 5000.0);
}

TEST(Incidents, RunsAndAxesAreKeptApart) {
  std::vector<Event> events{event_at("loss", 10, 10), event_at("loss", 10, 10),
                            event_at("loss", 10, 10)};
  events[1].run = "b";
  events[2].axis = series::Axis::tokens;
  EXPECT_EQ(incidents(events, 100.0).size(), 3U);
  EXPECT_TRUE(incidents({}, 1.0).empty());
}

TEST(Incidents, ManyOthersAreACountAndNamesAreEscaped) {
  std::vector<Event> events;
  for (int i = 0; i < 9; ++i) events.push_back(event_at("s" + std::to_string(i), 10 + i, 10 + i));
  events.front().signal = "bad\x1b[2J";
  const auto found = incidents(events, 1.0);
  ASSERT_EQ(found.size(), 1U);
  const std::string line = incident_line(found.front(), true, 2);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find("and 6 more"), std::string::npos);
  EXPECT_TRUE(line.starts_with("a, step 10"));
}

/// A run of `count` evaluations, ten training samples each.
std::vector<Event> overfit_events(int count, double (*validation)(int), double (*training)(int)) {
  ValidationWatch watch(1e-5);
  watch.on_signal(0, "train/loss", series::Axis::step);
  watch.on_signal(1, "val/loss", series::Axis::step);
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < 10; ++j) watch.push(0, 10 * i + j, training(i) + 0.01 * (j % 3), events);
    watch.push(1, 10 * i + 9, validation(i), events);
  }
  return events;
}

double falls(int i) { return 2.0 / (1.0 + 0.2 * i); }
double wobble(int i) { return 0.01 * ((i * 7) % 5 - 2); }

TEST(ValidationWatch, TellsOnceThatValidationClimbsWhileTrainingFalls) {
  const auto events = overfit_events(
      80, [](int i) { return falls(std::min(i, 30)) + 0.02 * std::max(i - 30, 0) + wobble(i); },
      falls);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].signal, "val/loss");
  EXPECT_EQ(events[0].detector, "overfitting");
  EXPECT_LE(events[0].position, 10.0 * 50);
  ASSERT_TRUE(events[0].onset);
  EXPECT_NEAR(events[0].onset->estimate, 309.0, 60.0);
}

TEST(ValidationWatch, IsSilentOnPlateausAndSaysWhereBothDiverge) {
  EXPECT_TRUE(overfit_events(
                  200, [](int i) { return falls(i) + wobble(i); }, falls)
                  .empty());
  const auto turns = [](int i) {
    return falls(std::min(i, 30)) + 0.02 * std::max(i - 30, 0) + wobble(i);
  };
  const auto both = overfit_events(80, turns, turns);
  ASSERT_EQ(both.size(), 1U);
  EXPECT_EQ(both[0].detector, "divergence");
}

}  // namespace
}  // namespace emdyn::detect
