#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/columns.hpp"

namespace emdyn::collect::ingest {

/// Chooses the position among columns (or keys) by their names and by the values of the first rows:
/// best is a name that is exact, has a number in every row, and rises. Settings must rise with every
/// row, ends of names must count, a column that stands still is none, a number that is no date and
/// no epoch is no wall time. Cost: O(1) a value.
class PositionFinder {
 public:
  /// A column that may be the position or the wall time. @return what value() calls it; nothing when
  /// its name says that it is neither (`first`: it is the first column, which needs no name;
  /// `headless`: no column has a name).
  std::optional<std::size_t> add(std::string_view name, bool first, bool headless = false);
  /// A row begins. `series` numbers from 0 what the row continues: a run, of a long table one signal
  /// of a run. Positions are compared within a series.
  void row(std::size_t series);
  /// The row's number; `date`: it was written as a date.
  void value(std::size_t candidate, double number, bool date = false);

  std::size_t rows() const noexcept { return rows_; }
  /// The candidate that is the position; nothing when rows are to be numbered.
  std::optional<std::size_t> position() const;
  /// The candidate that is the wall time beside it, if any.
  std::optional<std::size_t> time(std::optional<std::size_t> position) const;
  /// A candidate that a name made likely and whose value stands still, if any.
  std::optional<std::size_t> constant() const;
  const std::string& name(std::size_t candidate) const { return candidates_[candidate].name; }
  /// True when its values are dates or seconds since 1970.
  bool is_clock(std::size_t candidate) const noexcept { return candidates_[candidate].is_clock(); }
  /// True when more rows cannot change the choice: the best name is sure, or the only one.
  bool sure() const;

 private:
  struct Candidate {
    std::string name;
    std::optional<PositionName> by_name;
    std::optional<std::size_t> time_rank;
    bool first = false;
    bool whole = true;       ///< Only whole numbers.
    std::size_t begins = 0;  ///< Row of its first value.
    std::size_t values = 0;
    std::size_t clocks = 0;  ///< Values that are dates or plausible epochs.
    std::size_t up = 0, same = 0, back = 0;
    double step = 0.0;         ///< Between the first two values.
    bool even = true;          ///< Every step is that.
    std::vector<double> last;  ///< By series; NaN before the first.

    std::size_t moves() const noexcept { return up + same + back; }
    bool stands_still() const noexcept;
    bool is_clock() const noexcept { return 2 * clocks > values; }
  };
  /// What it costs to take the candidate; nothing when it cannot be the position.
  std::optional<std::size_t> cost(const Candidate& candidate) const;

  std::vector<Candidate> candidates_;
  std::size_t rows_ = 0;
  std::size_t series_ = 0;
};

}  // namespace emdyn::collect::ingest
