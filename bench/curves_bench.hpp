#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/forecast/curves/curve_table.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct CurvesBenchOptions {
  std::string data{};       ///< Folder of recorded trainings; empty: only what is made here.
  std::size_t curves = 40;  ///< Of a family, at most.
  bool by_family = false;   ///< Also the figures of each family.
};

/// Forecasts of curves against persistence, linear trend, damped trend and a single power law, with
/// all families of a source left out together; cover of intervals; targets and events against
/// persistence, value now and base rate; time of a forecast.
std::vector<Row> bench_curves(const CurvesBenchOptions& options, const Task& task = {});

/// The table learned on the whole bank: what predictors/curves.json holds.
forecast::CurveTable fit_curve_table(const CurvesBenchOptions& options, const Task& task = {});

/// Writes it as predictors/curves.json. @throws DataError when the file cannot be written.
void write_curve_table(const forecast::CurveTable& table, const std::string& path);

}  // namespace emdyn::bench
