#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/report/chart/axis.hpp"
#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/data.hpp"
#include "emdyn/report/html/number.hpp"

namespace emdyn::report {

/// What all panels share: the data, the horizontal axis on both scales, the order parameter and the
/// positions ruled through every panel. Refers to the data it was made from.
struct Scene {
  const report::ReportData& data;
  AxisMap linear;
  std::optional<AxisMap> logarithmic{};  ///< Absent where a logarithmic axis makes no sense.
  const report::ReportSignal* order = nullptr;
  const report::FittedTransition* transition = nullptr;  ///< Of the order parameter.
  std::size_t lane_columns = 1800;                       ///< Columns a swimlane may use.

  std::vector<Columns> columns{};  ///< Of every signal, on the linear axis.

  /// @param most_columns of a lane; 0: as many as the signals of a page have room for.
  explicit Scene(const report::ReportData& report_data, std::size_t most_columns = 0);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  /// The columns of a signal of `data`, on the linear axis.
  const Columns& columns_of(const report::ReportSignal& signal) const;

  /// Readable words for a signal or factor: the given ones, else the name with spaces.
  std::string label(std::string_view name) const;
  /// How the values of a signal are printed.
  NumberFormat format(const report::ReportSignal& signal) const;
  /// The transition's onset, when one was found.
  const series::Interval* onset() const noexcept;
  /// "step 1,420"
  std::string place(double position) const { return place_text(data.axis, position); }
};

}  // namespace emdyn::report
