#include "emdyn/provoke/corrupt/filter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/simd.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr double kRunningMeansFrom = 16.0;  // In pixels of σ.
constexpr std::size_t kRowsATask = 16;

/// to += weight·from.
void add_row(float* to, const float* from, float weight, std::size_t count) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t x = 0; x < count; ++x) to[x] += weight * from[x];
  });
}

void blend_rows(float* to, const float* a, const float* b, float share,
                std::size_t count) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t x = 0; x < count; ++x) to[x] = a[x] + share * (b[x] - a[x]);
  });
}

/// Calls `one(y)` for every row, a few rows a task.
template <class One>
void each_row(std::size_t rows, One&& one) {
  parallel_for((rows + kRowsATask - 1) / kRowsATask, [&](std::size_t task) {
    const std::size_t end = std::min(rows, (task + 1) * kRowsATask);
    for (std::size_t y = task * kRowsATask; y < end; ++y) one(y);
  });
}

/// The row with `margin` pixels beyond either end.
void extend_row(const float* row, std::size_t width, std::size_t margin, Border border,
                std::vector<float>& out) {
  out.resize(width + 2 * margin);
  std::copy_n(row, width, out.begin() + static_cast<std::ptrdiff_t>(margin));
  for (std::size_t i = 0; i < margin; ++i) {
    const auto before = static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(margin);
    out[i] = row[border_index(before, width, border)];
    out[margin + width + i] =
        row[border_index(static_cast<std::ptrdiff_t>(width + i), width, border)];
  }
}

void convolve_rows(Plane& plane, const std::vector<double>& weights, Border border) {
  const std::size_t radius = weights.size() / 2;
  each_row(plane.height, [&](std::size_t y) {
    std::vector<float> wide;
    extend_row(plane.row(y), plane.width, radius, border, wide);
    std::fill_n(plane.row(y), plane.width, 0.0F);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      add_row(plane.row(y), wide.data() + k, static_cast<float>(weights[k]), plane.width);
    }
  });
}

void convolve_columns(Plane& plane, const std::vector<double>& weights, Border border) {
  const auto radius = static_cast<std::ptrdiff_t>(weights.size() / 2);
  const Plane source = plane;
  each_row(plane.height, [&](std::size_t y) {
    std::fill_n(plane.row(y), plane.width, 0.0F);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const auto at = static_cast<std::ptrdiff_t>(y + k) - radius;
      add_row(plane.row(y), source.row(border_index(at, plane.height, border)),
              static_cast<float>(weights[k]), plane.width);
    }
  });
}

Plane transposed(const Plane& plane) {
  Plane turned(plane.width, plane.height);
  each_row(plane.width, [&](std::size_t x) {
    for (std::size_t y = 0; y < plane.height; ++y) turned.row(x)[y] = plane.row(y)[x];
  });
  return turned;
}

/// Half-widths of four running means whose variances add up to σ² as nearly as whole numbers can.
std::array<std::size_t, 4> mean_radii(double sigma) {
  const double wanted = sigma * sigma;
  const double ideal = (std::sqrt(12.0 * wanted / 4.0 + 1.0) - 1.0) / 2.0;
  const auto low = static_cast<std::size_t>(ideal);
  const auto variance = [](double r) { return ((2.0 * r + 1.0) * (2.0 * r + 1.0) - 1.0) / 12.0; };
  const double small = variance(static_cast<double>(low));
  const double large = variance(static_cast<double>(low + 1));
  const double share = std::clamp((wanted - 4.0 * small) / (large - small), 0.0, 4.0);
  std::array<std::size_t, 4> radii{};
  for (std::size_t i = 0; i < 4; ++i) radii[i] = low + (static_cast<double>(i) + 0.5 < share);
  return radii;
}

void running_means(Plane& plane, double sigma, Border border) {
  const auto radii = mean_radii(sigma);
  const std::size_t margin = radii[0] + radii[1] + radii[2] + radii[3];
  each_row(plane.height, [&](std::size_t y) {
    std::vector<float> wide;
    extend_row(plane.row(y), plane.width, margin, border, wide);
    std::vector<double> line(wide.begin(), wide.end());
    std::size_t count = line.size();
    for (const std::size_t radius : radii) {
      const std::size_t length = 2 * radius + 1;
      double sum = 0.0;
      for (std::size_t i = 0; i < length; ++i) sum += line[i];
      count -= 2 * radius;
      for (std::size_t i = 0; i < count; ++i) {
        const double leaves = line[i];
        line[i] = sum / static_cast<double>(length);
        if (i + 1 < count) sum += line[i + length] - leaves;
      }
    }
    for (std::size_t x = 0; x < plane.width; ++x) plane.row(y)[x] = static_cast<float>(line[x]);
  });
}

}  // namespace

std::vector<Plane> planes(const Image& image) {
  std::vector<Plane> all;
  for (std::size_t c = 0; c < image.shape.channels; ++c) {
    Plane plane(image.shape.height, image.shape.width);
    std::copy(image.channel(c).begin(), image.channel(c).end(), plane.values.begin());
    all.push_back(std::move(plane));
  }
  return all;
}

void assign(const Image& image, std::size_t channel, const Plane& plane) {
  std::copy(plane.values.begin(), plane.values.end(), image.channel(channel).begin());
}

std::size_t border_index(std::ptrdiff_t at, std::size_t size, Border border) noexcept {
  const auto count = static_cast<std::ptrdiff_t>(size);
  if (at >= 0 && at < count) return static_cast<std::size_t>(at);
  if (border == Border::nearest)
    return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at, 0, count - 1));
  if (border == Border::reflect) {
    at %= 2 * count;
    if (at < 0) at += 2 * count;
    return static_cast<std::size_t>(at < count ? at : 2 * count - 1 - at);
  }
  if (count == 1) return 0;
  const std::ptrdiff_t period = 2 * (count - 1);
  at %= period;
  if (at < 0) at += period;
  return static_cast<std::size_t>(at < count ? at : period - at);
}

std::vector<double> gaussian_weights(double sigma, double truncate) {
  const auto radius = static_cast<std::size_t>(truncate * sigma + 0.5);
  std::vector<double> weights(2 * radius + 1);
  double sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double x = static_cast<double>(i) - static_cast<double>(radius);
    weights[i] = radius == 0 ? 1.0 : std::exp(-0.5 * x * x / (sigma * sigma));
    sum += weights[i];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

void gaussian_blur(Plane& plane, double sigma, Border border, double truncate) {
  if (sigma >= kRunningMeansFrom) {
    running_means(plane, sigma, border);
    plane = transposed(plane);
    running_means(plane, sigma, border);
    plane = transposed(plane);
    return;
  }
  const std::vector<double> weights = gaussian_weights(sigma, truncate);
  if (weights.size() == 1) return;
  convolve_rows(plane, weights, border);
  convolve_columns(plane, weights, border);
}

Plane correlate(const Plane& plane, const Kernel& kernel, Border border) {
  const std::size_t up = kernel.height / 2;
  const std::size_t left = kernel.width / 2;
  Plane wide(plane.height, plane.width + 2 * left);
  each_row(plane.height, [&](std::size_t y) {
    std::vector<float> row;
    extend_row(plane.row(y), plane.width, left, border, row);
    std::copy(row.begin(), row.end(), wide.row(y));
  });
  Plane out(plane.height, plane.width);
  each_row(plane.height, [&](std::size_t y) {
    for (std::size_t i = 0; i < kernel.height; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(y + i) - static_cast<std::ptrdiff_t>(up);
      const float* from = wide.row(border_index(at, plane.height, border));
      for (std::size_t j = 0; j < kernel.width; ++j) {
        const float weight = kernel.weights[i * kernel.width + j];
        if (weight != 0.0F) add_row(out.row(y), from + j, weight, plane.width);
      }
    }
  });
  return out;
}

Kernel disk_kernel(double radius, double alias_blur) {
  const auto reach = radius <= 8.0 ? std::size_t{8} : static_cast<std::size_t>(radius);
  const std::size_t size = 2 * reach + 1;
  Plane disk(size, size);
  double sum = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      const double y = static_cast<double>(i) - static_cast<double>(reach);
      const double x = static_cast<double>(j) - static_cast<double>(reach);
      disk.row(i)[j] = x * x + y * y <= radius * radius ? 1.0F : 0.0F;
      sum += static_cast<double>(disk.row(i)[j]);
    }
  }
  for (float& value : disk.values) value = static_cast<float>(static_cast<double>(value) / sum);
  // The softening kernel is 3 or 5 wide, whatever its deviation.
  const double soft_radius = radius <= 8.0 ? 1.0 : 2.0;
  std::vector<double> soft;
  double soft_sum = 0.0;
  for (double x = -soft_radius; x <= soft_radius; x += 1.0) {
    soft.push_back(std::exp(-0.5 * x * x / (alias_blur * alias_blur)));
    soft_sum += soft.back();
  }
  for (double& weight : soft) weight /= soft_sum;
  convolve_rows(disk, soft, Border::mirrored);
  convolve_columns(disk, soft, Border::mirrored);
  // Mirroring at the kernel's own border added a little where the disk touches it.
  const double total = std::accumulate(disk.values.begin(), disk.values.end(), 0.0);
  for (float& value : disk.values) value = static_cast<float>(static_cast<double>(value) / total);
  return {size, size, std::move(disk.values)};
}

std::vector<LineTap> motion_line(std::size_t radius, double sigma, double angle_degrees) {
  const double angle = angle_degrees * std::numbers::pi / 180.0;
  std::vector<LineTap> line;
  double sum = 0.0;
  for (std::size_t i = 0; i < 2 * radius + 1; ++i) {
    const double at = static_cast<double>(i);
    line.push_back({static_cast<std::ptrdiff_t>(std::ceil(at * std::sin(angle) - 0.5)),
                    static_cast<std::ptrdiff_t>(std::ceil(at * std::cos(angle) - 0.5)),
                    std::exp(-0.5 * at * at / (sigma * sigma))});
    sum += line.back().weight;
  }
  for (LineTap& tap : line) tap.weight /= sum;
  return line;
}

Plane blur_along(const Plane& plane, const std::vector<LineTap>& line) {
  std::size_t margin = 0;
  for (const LineTap& tap : line) {
    margin = std::max(margin, static_cast<std::size_t>(std::abs(tap.dx)));
  }
  Plane wide(plane.height, plane.width + 2 * margin);
  each_row(plane.height, [&](std::size_t y) {
    std::vector<float> row;
    extend_row(plane.row(y), plane.width, margin, Border::nearest, row);
    std::copy(row.begin(), row.end(), wide.row(y));
  });
  Plane out(plane.height, plane.width);
  each_row(plane.height, [&](std::size_t y) {
    for (const LineTap& tap : line) {
      const std::size_t from =
          border_index(static_cast<std::ptrdiff_t>(y) + tap.dy, plane.height, Border::nearest);
      add_row(out.row(y), wide.row(from) + (static_cast<std::ptrdiff_t>(margin) + tap.dx),
              static_cast<float>(tap.weight), plane.width);
    }
  });
  return out;
}

Plane centre_zoom(const Plane& plane, double zoom) {
  /// Where output place `i` of `count` reads: the pixel before and the share of the next.
  const auto place = [zoom](std::size_t i, std::size_t count) {
    const double centre = 0.5 * static_cast<double>(count - 1);
    const double at = std::clamp(centre + (static_cast<double>(i) - centre) / zoom, 0.0,
                                 static_cast<double>(count - 1));
    const auto before = std::min(static_cast<std::size_t>(at), count - 2);
    return std::pair(before, static_cast<float>(at - static_cast<double>(before)));
  };
  std::vector<std::pair<std::size_t, float>> columns(plane.width);
  for (std::size_t x = 0; x < plane.width; ++x) columns[x] = place(x, plane.width);
  Plane out(plane.height, plane.width);
  each_row(plane.height, [&](std::size_t y) {
    const auto [above, share] = place(y, plane.height);
    std::vector<float> row(plane.width);
    blend_rows(row.data(), plane.row(above), plane.row(above + 1), share, plane.width);
    float* to = out.row(y);
    for (std::size_t x = 0; x < plane.width; ++x) {
      const auto [before, part] = columns[x];
      to[x] = row[before] + part * (row[before + 1] - row[before]);
    }
  });
  return out;
}

Plane sample(const Plane& from, const Plane& source_y, const Plane& source_x, Border border) {
  Plane out(source_y.height, source_y.width);
  each_row(out.height, [&](std::size_t y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const float sy = source_y.row(y)[x];
      const float sx = source_x.row(y)[x];
      const float floor_y = std::floor(sy);
      const float floor_x = std::floor(sx);
      const auto iy = static_cast<std::ptrdiff_t>(floor_y);
      const auto ix = static_cast<std::ptrdiff_t>(floor_x);
      const std::size_t left = border_index(ix, from.width, border);
      const std::size_t right = border_index(ix + 1, from.width, border);
      const float* upper = from.row(border_index(iy, from.height, border));
      const float* lower = from.row(border_index(iy + 1, from.height, border));
      const float share = sx - floor_x;
      const float top = upper[left] + share * (upper[right] - upper[left]);
      const float bottom = lower[left] + share * (lower[right] - lower[left]);
      out.row(y)[x] = top + (sy - floor_y) * (bottom - top);
    }
  });
  return out;
}

}  // namespace emdyn::provoke::corrupt
