#include "emdyn/collect/store/overview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

constexpr int kMaxColumns = 100000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Bounds {
  double low;
  double high;
  bool holds(double position) const noexcept { return position >= low && position <= high; }
};

Bounds bounds_of(Range range) {
  return {range.low.value_or(-kInfinity), range.high.value_or(kInfinity)};
}

/// Keeps the points within the bounds, in place.
void cut(Points& points, Bounds bounds) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!bounds.holds(points.positions[i])) continue;
    points.positions[kept] = points.positions[i];
    points.values[kept] = points.values[i];
    if (!points.seconds.empty()) points.seconds[kept] = points.seconds[i];
    ++kept;
  }
  points.positions.resize(kept);
  points.values.resize(kept);
  if (!points.seconds.empty()) points.seconds.resize(kept);
}

void widen(Column& column, std::optional<double> min, std::optional<double> max) {
  if (min) column.min = std::min(column.min.value_or(*min), *min);
  if (max) column.max = std::max(column.max.value_or(*max), *max);
}

/// The column of a position; equal steps, so the borders come out the same for every caller.
class Grid {
 public:
  Grid(double low, double high, std::size_t columns)
      : low_(low),
        step_(high / static_cast<double>(columns) - low / static_cast<double>(columns)),
        columns_(columns) {}
  std::size_t column(double position) const noexcept {
    if (!(step_ > 0.0)) return 0;
    const double index = std::floor((position - low_) / step_);
    return std::min(columns_ - 1, static_cast<std::size_t>(std::max(0.0, std::min(index, 1e9))));
  }
  double border(std::size_t index) const noexcept {
    return low_ + step_ * static_cast<double>(index);
  }

 private:
  double low_;
  double step_;
  std::size_t columns_;
};

}  // namespace

void scan_signal(RunReader& reader, const SignalRow& signal, Range range,
                 const std::function<void(const Block&)>& visit) {
  const Bounds bounds = bounds_of(range);
  const std::vector<ChunkRow> chunks = reader.chunks(signal);
  const bool with_seconds =
      std::ranges::any_of(chunks, [](const ChunkRow& chunk) { return chunk.has_seconds; });
  Points points;
  for (const ChunkRow& chunk : chunks) {
    if (chunk.stats.high < bounds.low || chunk.stats.low > bounds.high) continue;
    points.clear();
    reader.points(signal, chunk, with_seconds, points);
    cut(points, bounds);
    if (points.size() > 0) visit({points.positions, points.values, points.seconds});
  }
}

std::vector<Column> make_overview(RunReader& reader, const SignalRow& signal, int columns,
                                  Range range) {
  if (columns < 1 || columns > kMaxColumns) {
    throw ConfigError(
        fmt::format("overview.columns must be in [1, {}], got {}", kMaxColumns, columns));
  }
  const Bounds asked = bounds_of(range);
  std::vector<ChunkRow> chunks = reader.chunks(signal);
  std::erase_if(chunks, [&](const ChunkRow& chunk) {
    return chunk.stats.high < asked.low || chunk.stats.low > asked.high;
  });
  Bounds span{kInfinity, -kInfinity};
  for (const ChunkRow& chunk : chunks) {
    span.low = std::min(span.low, std::max(chunk.stats.low, asked.low));
    span.high = std::max(span.high, std::min(chunk.stats.high, asked.high));
  }
  if (chunks.empty()) return {};
  const auto count = static_cast<std::size_t>(columns);
  const Grid grid(span.low, span.high, count);
  std::vector<Column> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i].from = grid.border(i);
    result[i].to = i + 1 == count ? span.high : grid.border(i + 1);
  }
  Points points;
  for (const ChunkRow& chunk : chunks) {
    const ChunkStats& stats = chunk.stats;
    const bool inside = asked.holds(stats.low) && asked.holds(stats.high);
    if (inside && grid.column(stats.low) == grid.column(stats.high)) {
      Column& column = result[grid.column(stats.low)];
      column.points += stats.count;
      column.nonfinite += stats.nonfinite;
      column.last = stats.last_value;
      widen(column, stats.min, stats.max);
      continue;
    }
    points.clear();
    reader.points(signal, chunk, false, points);
    cut(points, asked);
    for (std::size_t i = 0; i < points.size(); ++i) {
      Column& column = result[grid.column(points.positions[i])];
      const double value = points.values[i];
      ++column.points;
      column.last = value;
      if (std::isfinite(value)) {
        widen(column, value, value);
      } else {
        ++column.nonfinite;
      }
    }
  }
  return result;
}

}  // namespace emdyn::collect::store
