#include "emdyn/pipeline/run_alarms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/detect/live/validation_watch.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::pipeline {
namespace {

constexpr double kIncidentSamples = 25.0;

std::vector<series::Event> alarms_of(const series::Signal& signal,
                                     const detect::DetectOptions& options, const Task& task) {
  constexpr std::size_t kSamplesBetweenLooks = 1024;
  std::vector<series::Event> events;
  detect::SeriesDetector detector(signal.name, signal.axis, options);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    if (i % kSamplesBetweenLooks == 0 && task.stopped()) break;
    detector.push(signal.positions[i], signal.values[i], events);
  }
  return events;
}

/// Training and validation losses as they came: in order of position, the training's before.
std::vector<series::Event> validation_alarms(const series::Run& run,
                                             const detect::DetectOptions& options) {
  struct Course {
    std::size_t number;
    const series::Signal* signal;
    std::size_t next = 0;
  };
  detect::ValidationWatch watch(detect::validation_alpha(options));
  std::vector<Course> courses;
  for (const series::Role role : {series::Role::train_loss, series::Role::test_loss}) {
    const series::Signal* signal = series::find_role(run, role);
    if (signal == nullptr) return {};
    watch.on_signal(courses.size(), signal->name, signal->axis);
    courses.push_back({courses.size(), signal});
  }
  std::vector<series::Event> events;
  while (true) {
    Course* first = nullptr;
    for (Course& each : courses) {
      if (each.next >= each.signal->size()) continue;
      if (first == nullptr ||
          each.signal->positions[each.next] < first->signal->positions[first->next])
        first = &each;
    }
    if (first == nullptr) return events;
    watch.push(first->number, first->signal->positions[first->next],
               first->signal->values[first->next], events);
    ++first->next;
  }
}

}  // namespace

std::vector<series::Event> find_alarms(const series::Run& run, const detect::DetectOptions& options,
                                       const Task& task) {
  detect::check_options(options);
  if (detect::takes_rows(options.detector)) {
    throw ConfigError(fmt::format("{} looks at rows, not at single signals: emdyn detect runs it",
                                  options.detector));
  }
  std::vector<std::vector<series::Event>> found(run.signals.size());
  parallel_for(run.signals.size(), [&](std::size_t i) {
    if (!task.stopped()) found[i] = alarms_of(run.signals[i], options, task);
  });
  task.check();
  std::vector<series::Event> events;
  for (std::vector<series::Event>& each : found)
    events.insert(events.end(), std::make_move_iterator(each.begin()),
                  std::make_move_iterator(each.end()));
  if (detect::watches_training(options)) {
    for (series::Event& event : validation_alarms(run, options)) events.push_back(std::move(event));
  }
  std::ranges::stable_sort(events, {}, &series::Event::position);
  return events;
}

std::vector<detect::Incident> run_incidents(const series::Run& run,
                                            std::span<const series::Event> events) {
  double spacing = HUGE_VAL;
  for (const series::Signal& signal : run.signals) {
    if (signal.size() < 2) continue;
    const auto [least, most] = std::ranges::minmax(signal.positions);
    spacing = std::min(spacing, (most - least) / static_cast<double>(signal.size() - 1));
  }
  return detect::incidents(events, std::isfinite(spacing) ? kIncidentSamples * spacing : 0.0);
}

}  // namespace emdyn::pipeline
