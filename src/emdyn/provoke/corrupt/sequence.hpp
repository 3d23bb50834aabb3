#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/core/registry.hpp"
namespace emdyn::provoke::corrupt {

/// What may happen to a sequence of frames, or of any samples in time. All keep the length.
struct SequenceEntry : EntryFacts {
  /// @param order frames in order, two at least, to be changed. @param share of the frames.
  void (*reorder)(std::vector<std::size_t>& order, double share, Philox& random);
};

/// `dropped`: frames are lost, later ones move up and the last stays at the end; `repeated`: frames
/// show the one before; `reversed`: a stretch runs backwards.
const Registry<SequenceEntry>& sequence_registry() noexcept;
std::span<const SequenceEntry> sequence_entries() noexcept;

/// Which frame of the original each place of the corrupted sequence shows. At severity 1 … 5 a
/// share of .05, .1, .2, .3, .5 of the frames (at least one of two or more) is dropped, repeated or
/// in the reversed stretch.
/// @throws ConfigError for an unknown name or severity.
std::vector<std::size_t> frame_order(std::string_view name, std::size_t frames,
                                     std::size_t severity, std::uint64_t seed,
                                     std::uint64_t sequence = 0);

/// A row-major table [rows, columns] that is being altered in place.
struct TableView {
  std::span<double> values;
  std::size_t columns = 1;

  std::size_t rows() const noexcept { return values.size() / columns; }
  double& at(std::size_t row, std::size_t column) const noexcept {
    return values[row * columns + column];
  }
};

/// What may happen to the columns of a table.
struct TableEntry : EntryFacts {
  std::size_t least_columns;  ///< Fewer have nothing to corrupt.
  /// @param severity in 1 … 5.
  void (*apply)(const TableView& table, std::size_t severity, Philox& random);
};

/// `missing`: cells become NaN; `scaled`: a column in another unit (a factor of 2, 5, 10, 100, 1000
/// at severity 1 … 5); `stale`: a column lags behind; `swapped`: pairs of columns exchanged.
const Registry<TableEntry>& table_registry() noexcept;
std::span<const TableEntry> table_entries() noexcept;

/// Corrupts a row-major table [rows, columns] in place. At severity 1 … 5 a share of .05, .1, .2,
/// .3, .5 of the cells is missing; of the columns (at least one) scaled, stale (by that share of
/// the rows) or swapped (at least one pair).
/// @throws ConfigError for an unknown name or severity, or fewer than two columns to swap;
/// DataError when the values are not rows · columns.
void corrupt_table(std::string_view name, std::span<double> values, std::size_t columns,
                   std::size_t severity, std::uint64_t seed);

/// Rows, drawn with replacement, whose classes follow shifted shares: one class, drawn at random,
/// takes (1 − s)·its share + s of all, for s of .1, .25, .4, .6, .8 at severity 1 … 5; the others
/// keep their ratios. As many rows as there are labels.
/// @throws ConfigError for a bad severity, DataError without labels.
std::vector<std::size_t> label_shift(std::span<const std::uint32_t> labels, std::size_t severity,
                                     std::uint64_t seed);

}  // namespace emdyn::provoke::corrupt
