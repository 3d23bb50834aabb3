#include "emdyn/report/chart/columns.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/report/chart/pen.hpp"

namespace emdyn::report {

namespace {

using report::Bucket;

/// Adds a later bucket to an earlier one.
void merge(Bucket& into, const Bucket& later) noexcept {
  into.last_position = later.last_position;
  into.last = later.last;
  const bool lower = later.min < into.min;
  const bool higher = later.max > into.max;
  if (lower) into.min = later.min;
  if (higher) into.max = later.max;
  if (lower || higher) into.min_first = lower && higher ? later.min_first : higher;
  into.count += later.count;
  into.nonfinite += later.nonfinite;
  into.sum += later.sum;
}

/// Collects buckets in order of arrival into strokes of columns.
class Reducer {
 public:
  Reducer(const AxisMap& axis, std::size_t columns)
      : axis_(axis), columns_(std::max<std::size_t>(1, columns)) {}

  void segment(bool superseded) {
    superseded_ = superseded;
    broken_ = true;
    column_ = kNone;
  }

  void add(const Bucket& bucket) {
    if (!std::isfinite(bucket.first_position) || !std::isfinite(bucket.last_position)) return;
    out_.points += bucket.count + bucket.nonfinite;
    if (bucket.nonfinite > 0) note_nonfinite(bucket);
    if (bucket.count == 0) return;
    note_finite(bucket);
    const std::size_t column = column_of(bucket);
    if (column == column_ && !out_.strokes.empty()) {
      merge(out_.strokes.back().columns.back(), bucket);
    } else {
      if (broken_) out_.strokes.push_back({{}, superseded_});
      out_.strokes.back().columns.push_back(bucket);
      ++out_.drawn;
    }
    column_ = column;
    broken_ = false;
  }

  Columns take() { return std::move(out_); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::size_t column_of(const Bucket& bucket) const noexcept {
    const double fraction = axis_.fraction(bucket.first_position);
    return std::min(columns_ - 1,
                    static_cast<std::size_t>(fraction * static_cast<double>(columns_)));
  }

  void note_nonfinite(const Bucket& bucket) {
    out_.nonfinite += bucket.nonfinite;
    if (bucket.count == 0) broken_ = true;
    const std::size_t column = column_of(bucket);
    if (column == nonfinite_column_) return;
    nonfinite_column_ = column;
    out_.nonfinite_at.push_back(bucket.first_position);
  }

  void note_finite(const Bucket& bucket) noexcept {
    const bool is_first = out_.drawn == 0;
    if (is_first) {
      out_.first = bucket.first;
      out_.first_at = bucket.first_position;
    }
    if (is_first || bucket.min < out_.min) {
      out_.min = bucket.min;
      out_.min_at = bucket.first_position;
    }
    if (is_first || bucket.max > out_.max) {
      out_.max = bucket.max;
      out_.max_at = bucket.first_position;
    }
    out_.last = bucket.last;
    out_.last_at = bucket.last_position;
  }

  const AxisMap& axis_;
  std::size_t columns_;
  bool superseded_ = false;
  bool broken_ = true;
  std::size_t column_ = kNone;
  std::size_t nonfinite_column_ = kNone;
  Columns out_;
};

Bucket point_bucket(double position, double value) noexcept {
  Bucket bucket{position, position, value, value, value, value, true, 1, 0, value};
  if (!std::isfinite(value)) {
    bucket.count = 0;
    bucket.nonfinite = 1;
  }
  return bucket;
}

struct Place {
  const AxisMap& x_axis;
  const AxisMap& y_axis;
  int height;

  int x(double position) const noexcept {
    return static_cast<int>(std::lround(kViewWidth * x_axis.fraction(position)));
  }
  int y(double value) const noexcept {
    return static_cast<int>(std::lround(height * (1.0 - y_axis.fraction(value))));
  }
  int middle(const Bucket& bucket) const noexcept {
    return (x(bucket.first_position) + x(bucket.last_position)) / 2;
  }
};

void draw_column(Pen& pen, const Bucket& column, const Place& place, bool begin) {
  const int x = place.middle(column);
  if (begin) {
    pen.move(x, place.y(column.first));
  } else {
    pen.line(x, place.y(column.first));
  }
  if (column.count < 2) return;
  pen.line(x, place.y(column.min_first ? column.min : column.max));
  pen.line(x, place.y(column.min_first ? column.max : column.min));
  pen.line(x, place.y(column.last));
}

}  // namespace

void PositionRange::add(double position) noexcept {
  if (!std::isfinite(position)) return;
  low = any ? std::min(low, position) : position;
  high = any ? std::max(high, position) : position;
  if (position > 0.0 && (smallest_positive == 0.0 || position < smallest_positive)) {
    smallest_positive = position;
  }
  any = true;
}

PositionRange extent_of(const report::ReportSignal& signal) noexcept {
  PositionRange extent;
  if (signal.overview.empty()) {
    for (const double position : signal.points.positions) extent.add(position);
  }
  for (const Bucket& bucket : signal.overview) {
    extent.add(bucket.first_position);
    extent.add(bucket.last_position);
  }
  return extent;
}

Columns reduce(const report::ReportSignal& signal, const AxisMap& axis, std::size_t columns) {
  Reducer reducer(axis, columns);
  for (const Bucket& bucket : signal.overview) reducer.add(bucket);
  if (!signal.overview.empty()) return reducer.take();
  const series::Signal& points = signal.points;
  const std::size_t size = std::min(points.positions.size(), points.values.size());
  std::size_t next_segment = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (next_segment < points.segments.size() && points.segments[next_segment] <= i) {
      ++next_segment;
      reducer.segment(next_segment < points.segments.size());
    }
    reducer.add(point_bucket(points.positions[i], points.values[i]));
  }
  return reducer.take();
}

Columns coarsen(const Columns& fine, const AxisMap& axis, std::size_t columns) {
  Reducer reducer(axis, columns);
  for (const Stroke& stroke : fine.strokes) {
    reducer.segment(stroke.superseded);
    for (const Bucket& column : stroke.columns) reducer.add(column);
  }
  return reducer.take();
}

std::string line_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                      bool superseded) {
  Pen pen;
  const Place place{x, y, height};
  for (const Stroke& stroke : columns.strokes) {
    if (stroke.superseded != superseded) continue;
    for (std::size_t i = 0; i < stroke.columns.size(); ++i) {
      draw_column(pen, stroke.columns[i], place, i == 0);
    }
  }
  return pen.take();
}

std::string dot_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                     bool lonely_only) {
  Pen pen;
  const Place place{x, y, height};
  for (const Stroke& stroke : columns.strokes) {
    const bool lonely = stroke.columns.size() == 1 && stroke.columns.front().count == 1;
    if (lonely_only && !lonely) continue;
    for (const Bucket& column : stroke.columns) pen.dot(place.middle(column), place.y(column.last));
  }
  return pen.take();
}

std::string band_path(const std::vector<double>& positions, const std::vector<double>& low,
                      const std::vector<double>& high, const AxisMap& x, const AxisMap& y,
                      int height) {
  Pen pen;
  const Place place{x, y, height};
  const std::size_t size = std::min({positions.size(), low.size(), high.size()});
  const auto finite = [&](std::size_t i) {
    return std::isfinite(positions[i]) && std::isfinite(low[i]) && std::isfinite(high[i]);
  };
  for (std::size_t begin = 0; begin < size;) {
    std::size_t end = begin;
    while (end < size && finite(end)) ++end;
    if (end - begin >= 2) {
      pen.move(place.x(positions[begin]), place.y(low[begin]));
      for (std::size_t i = begin + 1; i < end; ++i)
        pen.line(place.x(positions[i]), place.y(low[i]));
      for (std::size_t i = end; i-- > begin;) pen.line(place.x(positions[i]), place.y(high[i]));
      pen.close();
    }
    begin = std::max(end, begin + 1);
  }
  return pen.take();
}

}  // namespace emdyn::report
