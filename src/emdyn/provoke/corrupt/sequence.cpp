#include "emdyn/provoke/corrupt/sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr std::array<double, 5> kShares{.05, .1, .2, .3, .5};
constexpr std::array kSequence{
    SequenceEntry{"dropped", "frames are lost, later ones move up"},
    SequenceEntry{"repeated", "frames show the one before"},
    SequenceEntry{"reversed", "a stretch runs backwards"},
};
constexpr std::array kTable{
    TableEntry{"missing", "cells become NaN"},
    TableEntry{"scaled", "columns in another unit"},
    TableEntry{"stale", "columns lag behind"},
    TableEntry{"swapped", "pairs of columns exchanged"},
};

void check_severity(std::size_t severity) {
  if (severity < 1 || severity > 5) {
    throw ConfigError(fmt::format("severity must lie in 1 to 5, got {}", severity));
  }
}

template <class Entries>
std::size_t find(const Entries& entries, std::string_view name, std::string_view what) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].name == name) return i;
    known.push_back(entries[i].name);
  }
  throw ConfigError(fmt::format("unknown corruption of {} \"{}\"; known: {}", what,
                                terminal_safe(name), fmt::join(known, ", ")));
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

}  // namespace

std::span<const SequenceEntry> sequence_entries() noexcept { return kSequence; }
std::span<const TableEntry> table_entries() noexcept { return kTable; }

std::vector<std::size_t> frame_order(std::string_view name, std::size_t frames,
                                     std::size_t severity, std::uint64_t seed,
                                     std::uint64_t sequence) {
  const std::size_t kind = find(kSequence, name, "sequences");
  check_severity(severity);
  std::vector<std::size_t> order(frames);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (frames < 2) return order;
  Philox random(seed, sequence);
  const double share = kShares[severity - 1];
  if (kind == 2) {
    const std::size_t length = std::clamp<std::size_t>(portion(share, frames, frames), 2, frames);
    const std::size_t first = random.below(static_cast<std::uint32_t>(frames - length + 1));
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
    std::reverse(begin, begin + static_cast<std::ptrdiff_t>(length));
    return order;
  }
  // The first frame is always there: something must come before a repeated one.
  std::vector<bool> hit(frames, false);
  for (const std::size_t i : draw(frames - 1, portion(share, frames, frames - 1), random)) {
    hit[i + 1] = true;
  }
  if (kind == 1) {
    for (std::size_t i = 1; i < frames; ++i) {
      if (hit[i]) order[i] = order[i - 1];
    }
    return order;
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < frames; ++i) {
    if (!hit[i]) kept.push_back(i);
  }
  kept.resize(frames, kept.back());
  return kept;
}

void corrupt_table(std::string_view name, std::span<double> values, std::size_t columns,
                   std::size_t severity, std::uint64_t seed) {
  const std::size_t kind = find(kTable, name, "tables");
  check_severity(severity);
  if (columns == 0 || values.size() % columns != 0) {
    throw DataError(
        fmt::format("{} values are no whole rows of {} columns", values.size(), columns));
  }
  const std::size_t rows = values.size() / columns;
  const double share = kShares[severity - 1];
  Philox random(seed, 1 + kind);
  if (kind == 0) {
    for (double& value : values) {
      if (random.uniform() < share) value = std::numeric_limits<double>::quiet_NaN();
    }
    return;
  }
  if (kind == 3) {
    if (columns < 2) throw ConfigError("swapped needs at least two columns");
    const std::size_t pairs = portion(share, columns / 2, columns / 2);
    const auto chosen = draw(columns, 2 * pairs, random);
    for (std::size_t p = 0; p < pairs; ++p) {
      for (std::size_t r = 0; r < rows; ++r) {
        std::swap(values[r * columns + chosen[2 * p]], values[r * columns + chosen[2 * p + 1]]);
      }
    }
    return;
  }
  constexpr std::array<double, 5> kFactors{2.0, 5.0, 10.0, 100.0, 1000.0};
  for (const std::size_t column : draw(columns, portion(share, columns, columns), random)) {
    if (kind == 1) {
      for (std::size_t r = 0; r < rows; ++r) values[r * columns + column] *= kFactors[severity - 1];
    } else if (rows > 1) {
      const std::size_t lag = portion(share, rows, rows - 1);
      for (std::size_t r = rows; r-- > 0;) {  // Before anything is known, the first value stands.
        values[r * columns + column] = values[(r >= lag ? r - lag : 0) * columns + column];
      }
    }
  }
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
