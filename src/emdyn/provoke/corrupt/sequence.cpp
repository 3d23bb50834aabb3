#include "emdyn/provoke/corrupt/sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr std::array<double, 5> kShares{.05, .1, .2, .3, .5};
void check_severity(std::size_t severity) {
  if (severity < 1 || severity > 5) {
    throw ConfigError(fmt::format("severity must lie in 1 to 5, got {}", severity));
  }
}

/// A share of `count`, rounded, at least 1 and at most `most`.
std::size_t portion(double share, std::size_t count, std::size_t most) {
  const auto rounded = static_cast<std::size_t>(std::llround(share * static_cast<double>(count)));
  return std::min(most, std::max<std::size_t>(1, rounded));
}

/// `chosen` of `count` places at random, in random order.
std::vector<std::size_t> draw(std::size_t count, std::size_t chosen, Philox& random) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < chosen; ++i) {
    std::swap(all[i], all[i + random.below(static_cast<std::uint32_t>(count - i))]);
  }
  all.resize(chosen);
  return all;
}

/// Frames hit by chance. The first is never: something must come before a repeated one.
std::vector<bool> frames_hit(std::size_t frames, double share, Philox& random) {
  std::vector<bool> hit(frames, false);
  for (const std::size_t i : draw(frames - 1, portion(share, frames, frames - 1), random)) {
    hit[i + 1] = true;
  }
  return hit;
}

void drop_frames(std::vector<std::size_t>& order, double share, Philox& random) {
  const std::vector<bool> hit = frames_hit(order.size(), share, random);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!hit[i]) kept.push_back(i);
  }
  kept.resize(order.size(), kept.back());
  order = std::move(kept);
}

void repeat_frames(std::vector<std::size_t>& order, double share, Philox& random) {
  const std::vector<bool> hit = frames_hit(order.size(), share, random);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (hit[i]) order[i] = order[i - 1];
  }
}

void reverse_frames(std::vector<std::size_t>& order, double share, Philox& random) {
  const std::size_t frames = order.size();
  const std::size_t length = std::clamp<std::size_t>(portion(share, frames, frames), 2, frames);
  const std::size_t first = random.below(static_cast<std::uint32_t>(frames - length + 1));
  const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
  std::reverse(begin, begin + static_cast<std::ptrdiff_t>(length));
}

double share_at(std::size_t severity) { return kShares[severity - 1]; }

void lose_cells(const TableView& table, std::size_t severity, Philox& random) {
  for (double& value : table.values) {
    if (random.uniform() < share_at(severity)) value = std::numeric_limits<double>::quiet_NaN();
  }
}

std::vector<std::size_t> columns_hit(const TableView& table, std::size_t severity, Philox& random) {
  return draw(table.columns, portion(share_at(severity), table.columns, table.columns), random);
}

void scale_columns(const TableView& table, std::size_t severity, Philox& random) {
  constexpr std::array<double, 5> kFactors{2.0, 5.0, 10.0, 100.0, 1000.0};
  for (const std::size_t column : columns_hit(table, severity, random)) {
    for (std::size_t r = 0; r < table.rows(); ++r) table.at(r, column) *= kFactors[severity - 1];
  }
}

void delay_columns(const TableView& table, std::size_t severity, Philox& random) {
  const std::size_t rows = table.rows();
  for (const std::size_t column : columns_hit(table, severity, random)) {
    if (rows < 2) continue;
    const std::size_t lag = portion(share_at(severity), rows, rows - 1);
    for (std::size_t r = rows; r-- > 0;) {  // Before anything is known, the first value stands.
      table.at(r, column) = table.at(r >= lag ? r - lag : 0, column);
    }
  }
}

void swap_columns(const TableView& table, std::size_t severity, Philox& random) {
  const std::size_t pairs = portion(share_at(severity), table.columns / 2, table.columns / 2);
  const auto chosen = draw(table.columns, 2 * pairs, random);
  for (std::size_t p = 0; p < pairs; ++p) {
    for (std::size_t r = 0; r < table.rows(); ++r) {
      std::swap(table.at(r, chosen[2 * p]), table.at(r, chosen[2 * p + 1]));
    }
  }
}

constexpr std::string_view kFrames = "O(frames)";
constexpr std::string_view kCells = "O(rows columns)";

// The only lists of corruptions of sequences and of tables. A table's place is part of its random stream: add yours at
// the end.
constexpr std::array kSequences{
    SequenceEntry{{"dropped", "frames are lost, later ones move up", kOwnWork, kFrames},
                  &drop_frames},
    SequenceEntry{{"repeated", "frames show the one before", kOwnWork, kFrames}, &repeat_frames},
    SequenceEntry{{"reversed", "a stretch runs backwards", kOwnWork, kFrames}, &reverse_frames},
};
constexpr std::array kTables{
    TableEntry{{"missing", "cells become NaN", kOwnWork, kCells}, 1, &lose_cells},
    TableEntry{{"scaled", "columns in another unit", kOwnWork, kCells}, 1, &scale_columns},
    TableEntry{{"stale", "columns lag behind", kOwnWork, kCells}, 1, &delay_columns},
    TableEntry{{"swapped", "pairs of columns exchanged", kOwnWork, kCells}, 2, &swap_columns},
};

constexpr Registry<SequenceEntry> kSequenceRegistry{
    {.what = "corruption of sequences", .several = "corruptions of sequences"}, kSequences};
constexpr Registry<TableEntry> kTableRegistry{
    {.what = "corruption of tables", .several = "corruptions of tables"}, kTables};

}  // namespace

const Registry<SequenceEntry>& sequence_registry() noexcept { return kSequenceRegistry; }
const Registry<TableEntry>& table_registry() noexcept { return kTableRegistry; }
std::span<const SequenceEntry> sequence_entries() noexcept { return kSequences; }
std::span<const TableEntry> table_entries() noexcept { return kTables; }

std::vector<std::size_t> frame_order(std::string_view name, std::size_t frames,
                                     std::size_t severity, std::uint64_t seed,
                                     std::uint64_t sequence) {
  const SequenceEntry& entry = kSequenceRegistry.find(name);
  check_severity(severity);
  std::vector<std::size_t> order(frames);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (frames < 2) return order;
  Philox random(seed, sequence);
  entry.reorder(order, share_at(severity), random);
  return order;
}

void corrupt_table(std::string_view name, std::span<double> values, std::size_t columns,
                   std::size_t severity, std::uint64_t seed) {
  const TableEntry& entry = kTableRegistry.find(name);
  check_severity(severity);
  if (columns == 0 || values.size() % columns != 0) {
    throw DataError(
        fmt::format("{} values are no whole rows of {} columns", values.size(), columns));
  }
  if (columns < entry.least_columns) {
    throw ConfigError(fmt::format("{} needs at least {} columns, got {}", entry.name,
                                  entry.least_columns, columns));
  }
  Philox random(seed, 1 + static_cast<std::uint64_t>(&entry - kTables.data()));
  entry.apply({values, columns}, severity, random);
}

std::vector<std::size_t> label_shift(std::span<const std::uint32_t> labels, std::size_t severity,
                                     std::uint64_t seed) {
  check_severity(severity);
  if (labels.empty()) throw DataError("label shift needs at least one label");
  constexpr std::array<double, 5> kShift{.1, .25, .4, .6, .8};
  Philox random(seed, 0x6c6162656cULL);
  // A class that exists: that of a random row would favour frequent ones.
  std::vector<std::uint32_t> classes(labels.begin(), labels.end());
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  const std::uint32_t favoured = classes[random.below(static_cast<std::uint32_t>(classes.size()))];
  std::vector<std::size_t> of_class;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == favoured) of_class.push_back(i);
  }
  const auto pick = [&](std::size_t count) {
    return std::size_t{random.below(static_cast<std::uint32_t>(count))};
  };
  std::vector<std::size_t> rows(labels.size());
  for (std::size_t& row : rows) {
    row = random.uniform() < kShift[severity - 1] ? of_class[pick(of_class.size())]
                                                  : pick(labels.size());
  }
  return rows;
}

}  // namespace emdyn::provoke::corrupt
