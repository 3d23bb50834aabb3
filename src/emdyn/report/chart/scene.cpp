#include "emdyn/report/chart/scene.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/emergence/transition/value_range.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::report {

namespace {

using report::FittedTransition;
using report::ReportData;
using report::ReportSignal;

bool on_shared_axis(const ReportData& data, const ReportSignal& signal) noexcept {
  return signal.points.axis == data.axis;
}

PositionRange shared_extent(const ReportData& data) {
  PositionRange all;
  for (const ReportSignal& signal : data.signals) {
    if (!on_shared_axis(data, signal)) continue;
    const PositionRange extent = extent_of(signal);
    if (!extent.any) continue;
    all.add(extent.low);
    all.add(extent.high);
    if (extent.smallest_positive > 0.0) all.add(extent.smallest_positive);
  }
  for (const series::Forecast& forecast : data.forecast.forecasts) all.add(forecast.at);
  if (!all.any) all.add(0.0);
  return all;
}

AxisMap linear_axis(const PositionRange& extent) {
  if (extent.high > extent.low) return AxisMap(Scale::linear, extent.low, extent.high);
  const double room = std::max(1.0, 0.1 * std::abs(extent.low));
  return AxisMap(Scale::linear, extent.low - room, extent.low + room);
}

/// A logarithmic axis starts at the smallest positive position; it is offered where it shows more.
std::optional<AxisMap> log_axis(const PositionRange& extent) {
  if (extent.low < 0.0 || extent.smallest_positive <= 0.0) return std::nullopt;
  const double low = std::max(extent.smallest_positive, extent.high * 1e-12);
  if (!(extent.high >= 4.0 * low)) return std::nullopt;
  return AxisMap(Scale::logarithmic, low, extent.high);
}

const ReportSignal* find_signal(const ReportData& data, std::string_view name) noexcept {
  for (const ReportSignal& signal : data.signals) {
    if (signal.points.name == name) return &signal;
  }
  return nullptr;
}

const FittedTransition* find_transition(const ReportData& data, std::string_view name) noexcept {
  for (const FittedTransition& fitted : data.transitions) {
    if (fitted.record.order_parameter == name) return &fitted;
  }
  return nullptr;
}

/// The signal asked for, else that of the first transition found, else the test accuracy, else any.
const ReportSignal* order_parameter(const ReportData& data) {
  if (const ReportSignal* asked = find_signal(data, data.order_parameter)) return asked;
  for (const bool found_only : {true, false}) {
    for (const FittedTransition& fitted : data.transitions) {
      if (found_only && fitted.record.kind == series::TransitionKind::none) continue;
      if (const auto* signal = find_signal(data, fitted.record.order_parameter)) return signal;
    }
  }
  using series::Role;
  for (const Role role :
       {Role::test_accuracy, Role::test_loss, Role::train_accuracy, Role::train_loss}) {
    for (const ReportSignal& signal : data.signals) {
      if (series::role_of(signal.points.name) == role) return &signal;
    }
  }
  return data.signals.empty() ? nullptr : &data.signals.front();
}

}  // namespace

Scene::Scene(const ReportData& report_data, std::size_t most_columns)
    : data(report_data), linear(linear_axis(shared_extent(report_data))) {
  logarithmic = log_axis(shared_extent(report_data));
  order = order_parameter(report_data);
  if (order != nullptr) transition = find_transition(report_data, order->points.name);
  if (order == nullptr && !report_data.transitions.empty()) transition = &data.transitions.front();
  // Two scales of about a dozen bytes a column must fit a megabyte together.
  const std::size_t signals = std::max<std::size_t>(1, report_data.signals.size());
  lane_columns = std::clamp<std::size_t>(38000 / signals, 60, 1800);
  if (most_columns > 0) lane_columns = most_columns;
  columns.reserve(report_data.signals.size());
  for (const ReportSignal& signal : report_data.signals) {
    columns.push_back(reduce(signal, linear, lane_columns));
  }
}

const Columns& Scene::columns_of(const ReportSignal& signal) const {
  return columns.at(static_cast<std::size_t>(&signal - data.signals.data()));
}

std::string Scene::label(std::string_view name) const {
  const auto given = data.words.find(std::string(name));
  if (given != data.words.end()) return given->second;
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

NumberFormat Scene::format(const ReportSignal& signal) const {
  if (signal.unit == "%") return {true, ""};
  if (!signal.unit.empty()) return {false, signal.unit};
  const Columns& all = columns_of(signal);
  if (all.empty()) return {};
  const std::array extremes{all.min, all.max};
  const emergence::ValueRange range = emergence::value_range(signal.points.name, extremes);
  if (range.percent) return {false, "%"};
  return {range.share, ""};
}

const series::Interval* Scene::onset() const noexcept {
  if (transition == nullptr || transition->record.kind == series::TransitionKind::none) {
    return nullptr;
  }
  return transition->record.onset ? &*transition->record.onset : nullptr;
}

}  // namespace emdyn::report
