#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct EmergenceBenchOptions {
  std::uint64_t seed = 2026;
  /// Series of each kind; mirage pairs are twenty times as many. Two cores take some minutes at 50.
  std::size_t series = 50;
  std::vector<std::string> only{};  ///< Parts by their first word: known, speed, …; empty: all.
  std::string data{};  ///< Folder of recorded scaling studies; empty: those rows are left out.
};

/// Figures of emergence beside their targets: known answers, speed, onsets, false transitions, mirage,
/// early warning, scale, probes, critical points. A missed target is a row that does not pass.
std::vector<Row> bench_emergence(const EmergenceBenchOptions& options, const Task& task = {});

/// A figure with its bar, an upper or a lower one.
Row at_most(std::string name, double value, double bar, std::string unit);
Row at_least(std::string name, double value, double bar, std::string unit);
Row between(std::string name, double value, double low, double high, std::string unit);

// The parts of bench_emergence.
std::vector<Row> known_answer_rows(const EmergenceBenchOptions& options);
std::vector<Row> information_speed_rows(const EmergenceBenchOptions& options);
std::vector<Row> onset_rows(const EmergenceBenchOptions& options);
std::vector<Row> false_transition_rows(const EmergenceBenchOptions& options);
std::vector<Row> warning_figure_rows(const EmergenceBenchOptions& options);
std::vector<Row> scale_figure_rows(const EmergenceBenchOptions& options);
std::vector<Row> probe_figure_rows(const EmergenceBenchOptions& options);
std::vector<Row> critical_point_rows(const EmergenceBenchOptions& options);

}  // namespace emdyn::bench
