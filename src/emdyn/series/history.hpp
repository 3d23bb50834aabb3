#pragma once
#include <cstddef>
#include <string>

#include "emdyn/series/run.hpp"

namespace emdyn::series {

/// What was done to bring the signals of a run into one history each.
struct HistoryReport {
  std::size_t replaced =
      0;  ///< Points left out: a later branch of the run logged their steps again.
  double replaced_from = 0.0;  ///< The first step that was logged again.
  std::size_t joined = 0;      ///< Restarts of the count that go on where it was.
  std::size_t sorted = 0;      ///< Signals whose points stood in no order.
  std::size_t set_back = 0;    ///< Times at which a clock went back.

  bool nothing() const noexcept { return replaced + joined + sorted + set_back == 0; }
  /// Sums, and the first of both steps.
  HistoryReport& operator+=(const HistoryReport& other);
  bool operator==(const HistoryReport&) const = default;
};

/// Makes every signal of `run` one segment, the history that analyses look at; what was logged stays
/// with the file or store it came from. A position that goes back is read as
///   a table in no order      when positions do not repeat and go back everywhere, stand in the order
///                            of their texts ("1000" before "128"), or in parts that do not overlap:
///                            it is sorted
///   a clock set back         on an axis of seconds: points keep their order and are spread to where
///                            the clock goes beyond what it had shown
///   a count begun again      when it returns to its beginning and values go on where they were (or
///                            it does so again and again, as batches in each epoch): it is joined
///   a resumed run            else: what the later branch logs again replaces what it repeats, from
///                            the step it was resumed at.
/// Signals of one run are treated alike. Deterministic; O(n log n) where there is something to sort,
/// else O(n).
HistoryReport make_whole(Run& run);

/// "12 points of an earlier branch, from 580 on, are replaced by the later one; …", "" for nothing.
std::string describe(const HistoryReport& report);

}  // namespace emdyn::series
