#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/detect/live/incidents.hpp"

namespace emdyn::pipeline {

/// Groups events as they are told into incidents: those of a run that are within 25 samples of each other (of the run's
/// most frequent signal) are one. An incident is told when an event of its run begins another, or at the end. Incidents
/// of one event are not told: the event was.
class IncidentStream {
 public:
  /// @param gap of a run, in units of its axis.
  explicit IncidentStream(std::function<double(const std::string& run)> gap)
      : gap_(std::move(gap)) {}

  /// @return incidents that are over.
  std::vector<detect::Incident> push(const series::Event& event);
  std::vector<detect::Incident> finish();

 private:
  std::vector<detect::Incident> take(const std::string& run, bool all);

  std::function<double(const std::string&)> gap_;
  std::map<std::string, std::vector<series::Event>>
      open_;  // By run: of the incidents not told yet.
};

/// 25 steps of the run's most frequent signal, in units of its axis; 0 while there are no two points.
double incident_gap(collect::store::Store& store, const std::string& run);

}  // namespace emdyn::pipeline
