#include "emdyn/report/chart/data.hpp"

#include <algorithm>
#include <utility>

namespace emdyn::report {

ReportData report_data(series::Run run) {
  ReportData data;
  if (!run.signals.empty()) data.axis = run.signals.front().axis;
  data.signals.reserve(run.signals.size());
  std::uint64_t stored = 0;
  for (series::Signal& signal : run.signals) {
    stored += signal.size();
    ReportSignal shown;
    shown.points = std::move(signal);
    data.signals.push_back(std::move(shown));
  }
  for (series::Transition& transition : run.transitions) {
    data.transitions.push_back({std::move(transition), {}, {}});
  }
  for (series::Attribution& attribution : run.attributions) {
    data.drivers.push_back({{}, {}, std::move(attribution)});
  }
  data.forecast.forecasts = std::move(run.forecasts);
  std::stable_sort(data.forecast.forecasts.begin(), data.forecast.forecasts.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  data.events = std::move(run.events);
  data.info = std::move(run.info);
  data.costs.points_stored = stored;
  const Json& notes = data.info.notes;
  if (notes.is_object() && notes.contains("points_dropped")) {
    const Json& dropped = notes["points_dropped"];
    if (dropped.is_number_unsigned() ||
        (dropped.is_number_integer() && dropped.get<std::int64_t>() >= 0)) {
      data.costs.points_dropped = dropped.get<std::uint64_t>();
    }
  }
  return data;
}

}  // namespace emdyn::report
