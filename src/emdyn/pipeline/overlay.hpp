#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/incidents/common_incidents.hpp"
#include "emdyn/pipeline/analyze.hpp"

namespace emdyn::pipeline {

/// What one signal did across the runs that have it.
struct SignalAcross {
  std::string signal{};
  std::size_t runs = 0;     ///< That have it.
  std::size_t changed = 0;  ///< In which it changed suddenly.
  /// Of those: the commonest kind, median and range of the onset, medians of the values.
  series::Transition typical{};
  emergence::ValueRange range{};
  std::optional<double> onset_low{}, onset_high{};
};

/// Where the runs end in one signal: medians of the last tenth of their samples.
struct Ends {
  std::string signal{};
  std::string lowest_run{}, highest_run{};
  double lowest = 0.0, median = 0.0, highest = 0.0;
  emergence::ValueRange range{};
};

/// Where two runs part in a signal: a transition of their difference.
struct Parting {
  std::string signal{};
  series::Transition difference{};
};

struct SignalIncidents {
  std::string signal{};
  emergence::incidents::CommonIncidents found{};
};

/// Several runs laid over each other.
struct Overlay {
  std::size_t runs = 0;
  std::vector<SignalAcross> signals{};       ///< Those that changed in most runs first.
  std::vector<Ends> ends{};                  ///< The widest spread first, relative to its median.
  std::vector<Parting> partings{};           ///< Of two runs, at the false discovery rate.
  std::vector<SignalIncidents> incidents{};  ///< Signals with one only.
  std::size_t changed() const noexcept;      ///< Signals that changed in any run.
};

/// @param analyses of the same runs, in their order. @throws Task::Stopped.
Overlay overlay(std::span<const series::Run> runs, std::span<const Analysis> analyses,
                const AnalyzeOptions& options, const Task& task = {});

Json overlay_json(const Overlay& overlay);

}  // namespace emdyn::pipeline
