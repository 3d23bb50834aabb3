#pragma once
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/incidents.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// What a detector of series says of every signal of a run that is in memory, signals in parallel;
/// where the options ask for it the validation loss is watched beside the training loss. Events in
/// order of position. The same for any number of threads. Cost: the detector's, a sample.
/// @throws ConfigError for a detector of rows or options no detector can be made of; Task::Stopped.
std::vector<series::Event> find_alarms(const series::Run& run,
                                       const detect::DetectOptions& options = {},
                                       const Task& task = {});

/// The events as incidents: those within 25 samples of the signal logged most often are one.
std::vector<detect::Incident> run_incidents(const series::Run& run,
                                            std::span<const series::Event> events);

}  // namespace emdyn::pipeline
