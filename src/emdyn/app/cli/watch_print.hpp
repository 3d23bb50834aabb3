#pragma once
#include <string>
#include <vector>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/incidents.hpp"
#include "emdyn/pipeline/live_forecast.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::app::cli {

/// What `watch` prints while it follows logs: NDJSON, or lines for people.
class WatchPrinter {
 public:
  WatchPrinter(app::terminal::Console& console, bool json) : console_(console), json_(json) {}

  void event(const series::Event& event);
  /// In JSON {"incident": {…}}.
  void incidents(const std::vector<detect::Incident>& incidents);
  /// Of abstentions only the first of a kind is news on a screen; all are stored.
  void forecast(const series::Forecast& made);
  void warning(std::string_view text);
  void progress(const std::string& path, const TaskProgress& now);

 private:
  app::terminal::Console& console_;
  bool json_;
  std::string last_event_ = "no event yet";
  std::string last_forecast_;
};

}  // namespace emdyn::app::cli
