#include "emdyn/pipeline/reference_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

std::size_t channel_of(detect::Reference& reference, const std::string& name) {
  const auto known = std::ranges::find(reference.channels, name);
  if (known != reference.channels.end())
    return static_cast<std::size_t>(known - reference.channels.begin());
  reference.channels.push_back(name);
  return reference.channels.size() - 1;
}

/// One row for every position that any signal of the run has.
void add_rows(const series::Run& run, const std::vector<std::size_t>& channels, std::size_t width,
              std::vector<double>& rows) {
  std::map<double, std::vector<double>> by_position;
  for (std::size_t i = 0; i < run.signals.size(); ++i) {
    const series::Signal& signal = run.signals[i];
    for (std::size_t k = 0; k < signal.size(); ++k) {
      auto& row = by_position[signal.positions[k]];
      if (row.empty()) row.assign(width, kNoValue);
      row[channels[i]] = signal.values[k];
    }
  }
  for (const auto& [position, row] : by_position) rows.insert(rows.end(), row.begin(), row.end());
}

}  // namespace

std::shared_ptr<const detect::Reference> load_reference(const Source& source, const Task& task) {
  auto reference = std::make_shared<detect::Reference>();
  const std::string& text = source.text;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!text.empty() && std::ranges::all_of(text, digit)) {
    std::from_chars(text.data(), text.data() + text.size(), reference->samples);
    if (reference->samples >= detect::Reference::kFewest &&
        reference->samples <= detect::Reference::kMost)
      return reference;
    throw ConfigError(fmt::format("--reference must be {} to {} samples, or a file; got {}",
                                  detect::Reference::kFewest, detect::Reference::kMost, text));
  }
  const std::vector<series::Run> runs = load_runs(source, task);
  std::vector<std::vector<std::size_t>> channels;
  for (const series::Run& run : runs) {
    auto& of_run = channels.emplace_back();
    for (const series::Signal& signal : run.signals) {
      of_run.push_back(channel_of(*reference, signal.name));
      auto& values = reference->series[signal.name];
      std::ranges::copy_if(signal.values, std::back_inserter(values),
                           [](double value) { return std::isfinite(value); });
    }
  }
  if (reference->channels.empty())
    throw DataError(fmt::format("{}: no numbers found to be a reference", terminal_safe(text)));
  for (std::size_t i = 0; i < runs.size(); ++i)
    add_rows(runs[i], channels[i], reference->channels.size(), reference->rows);
  return reference;
}

}  // namespace emdyn::pipeline
