#pragma once
#include <optional>
#include <string_view>

namespace emdyn::collect::ingest {

/// What a cell of text says.
enum class CellKind { number, missing, text };
struct Cell {
  CellKind kind = CellKind::missing;
  double number = 0.0;
};

/// Reads a cell, spaces around it ignored. Missing: "", NA, N/A, null, None, "-". NaN and
/// infinities in every common spelling (nan, NaN, -nan(ind), 1.#QNAN, inf, +Infinity, -1.#INF …)
/// are numbers.
Cell read_cell(std::string_view text) noexcept;

/// A point in time in seconds since 1970-01-01 UTC: ISO 8601 dates and times ("2014-04-01",
/// "2014-04-01 00:05:00.25" (or ",25"), "2014-04-01T00:05:00+02:00"; no zone means UTC).
std::optional<double> parse_time(std::string_view text) noexcept;

/// Seconds from a number that counts seconds, milli-, micro- or nanoseconds since the epoch, told by
/// its size; or by `divisor` where it is not 0 (time_divisor).
double epoch_seconds(double number, double divisor = 0.0) noexcept;

std::string_view trim(std::string_view text) noexcept;

}  // namespace emdyn::collect::ingest
