#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

/// Calls `one(red, green, blue)` with references for every pixel of a colour image.
template <class One>
void each_colour(const Image& image, One&& one) {
  const auto red = image.channel(0);
  const auto green = image.channel(1);
  const auto blue = image.channel(2);
  parallel_for(image.shape.height, [&](std::size_t y) {
    const std::size_t end = (y + 1) * image.shape.width;
    for (std::size_t i = y * image.shape.width; i < end; ++i) one(red[i], green[i], blue[i]);
  });
}

}  // namespace

// In hue, saturation and value, the value is raised: all channels keep their ratios.
void brightness(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.1, .2, .3, .4, .5};
  constexpr double kSmall[] = {.05, .1, .15, .2, .3};
  const auto more = static_cast<float>(job.pick(kImageNet, kSmall));
  if (image.shape.channels == 1) {
    for (float& value : image.values) value += more;
    return;
  }
  each_colour(image, [&](float& red, float& green, float& blue) {
    const float value = std::max({red, green, blue});
    const float raised = std::min(1.0F, value + more);
    if (value > 0.0F) {
      const float ratio = raised / value;
      red *= ratio;
      green *= ratio;
      blue *= ratio;
    } else {
      red = green = blue = raised;
    }
  });
}

// A grey image has no saturation to change and stays as it is.
void saturate(const Image& image, const Job& job) {
  constexpr std::pair<double, double> kImageNet[] = {{.3, 0}, {.1, 0}, {2, 0}, {5, .1}, {20, .2}};
  constexpr std::pair<double, double> kSmall[] = {{.3, 0}, {.1, 0}, {1.5, 0}, {2, .1}, {2.5, .2}};
  if (image.shape.channels == 1) return;
  const auto [factor, more] = job.pick(kImageNet, kSmall);
  const auto times = static_cast<float>(factor);
  const auto plus = static_cast<float>(more);
  each_colour(image, [&](float& red, float& green, float& blue) {
    const float value = std::max({red, green, blue});
    if (value <= 0.0F) return;
    const float least = std::min({red, green, blue});
    const float before = (value - least) / value;
    const float after = std::clamp(before * times + plus, 0.0F, 1.0F);
    if (before <= 0.0F) {  // Grey: hue 0, red, by convention.
      green = blue = value * (1.0F - after);
      return;
    }
    const float ratio = after / before;
    red = value - (value - red) * ratio;
    green = value - (value - green) * ratio;
    blue = value - (value - blue) * ratio;
  });
}

void contrast(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.4, .3, .2, .1, .05};
  constexpr double kSmall[] = {.75, .5, .4, .3, .15};
  const auto kept = static_cast<float>(job.pick(kImageNet, kSmall));
  for (std::size_t c = 0; c < image.shape.channels; ++c) {
    const auto values = image.channel(c);
    double sum = 0.0;
    for (const float value : values) sum += static_cast<double>(value);
    const auto mean = static_cast<float>(sum / static_cast<double>(values.size()));
    for (float& value : values) value = (value - mean) * kept + mean;
  }
}

namespace {

/// Weights of the sources of one cell of a box mean: sources `first` … over `count` cells of
/// `size`.
struct BoxCell {
  std::size_t first = 0;
  std::vector<float> weights;
};

std::vector<BoxCell> box_cells(std::size_t size, std::size_t count) {
  std::vector<BoxCell> cells(count);
  const double step = static_cast<double>(size) / static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double begin = static_cast<double>(i) * step;
    const double end = std::min(static_cast<double>(size), static_cast<double>(i + 1) * step);
    cells[i].first = static_cast<std::size_t>(begin);
    for (std::size_t at = cells[i].first; static_cast<double>(at) < end && at < size; ++at) {
      const double low = std::max(begin, static_cast<double>(at));
      const double high = std::min(end, static_cast<double>(at + 1));
      cells[i].weights.push_back(static_cast<float>((high - low) / (end - begin)));
    }
  }
  return cells;
}

}  // namespace

void pixelate(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.6, .5, .4, .3, .25};
  constexpr double kSmall[] = {.95, .9, .85, .75, .65};
  const double share = job.pick(kImageNet, kSmall);
  const auto shrunk = [share](std::size_t size) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(size) * share));
  };
  const std::size_t height = image.shape.height;
  const std::size_t width = image.shape.width;
  const auto rows = box_cells(height, shrunk(height));
  const auto columns = box_cells(width, shrunk(width));
  parallel_for(image.shape.channels, [&](std::size_t c) {
    Plane small(rows.size(), columns.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t a = 0; a < rows[i].weights.size(); ++a) {
        const float* from = image.row(c, rows[i].first + a);
        for (std::size_t j = 0; j < columns.size(); ++j) {
          float sum = 0.0F;
          for (std::size_t b = 0; b < columns[j].weights.size(); ++b) {
            sum += columns[j].weights[b] * from[columns[j].first + b];
          }
          small.row(i)[j] += rows[i].weights[a] * sum;
        }
      }
    }
    for (std::size_t y = 0; y < height; ++y) {
      const float* from = small.row((2 * y + 1) * rows.size() / (2 * height));
      for (std::size_t x = 0; x < width; ++x) {
        image.row(c, y)[x] = from[(2 * x + 1) * columns.size() / (2 * width)];
      }
    }
  });
}

namespace {

/// x' = a·x + b·y + c and y' = d·x + e·y + f.
struct Affine {
  double a, b, c, d, e, f;
};

/// The map that takes the three points `from` to `to`. @pre the points are not on one line.
Affine through(const std::array<std::array<double, 2>, 3>& from,
               const std::array<std::array<double, 2>, 3>& to) {
  const double x1 = from[1][0] - from[0][0];
  const double y1 = from[1][1] - from[0][1];
  const double x2 = from[2][0] - from[0][0];
  const double y2 = from[2][1] - from[0][1];
  const double area = x1 * y2 - x2 * y1;
  const auto solve = [&](std::size_t k) {
    const double u1 = to[1][k] - to[0][k];
    const double u2 = to[2][k] - to[0][k];
    const double along_x = (u1 * y2 - u2 * y1) / area;
    const double along_y = (x1 * u2 - x2 * u1) / area;
    return std::array<double, 3>{along_x, along_y,
                                 to[0][k] - along_x * from[0][0] - along_y * from[0][1]};
  };
  const auto x = solve(0);
  const auto y = solve(1);
  return {x[0], x[1], x[2], y[0], y[1], y[2]};
}

/// A smooth random displacement of one direction, in pixels.
Plane displacement(const ImageShape& shape, double sigma, double strength,
                   const RandomField& random) {
  Plane plane(shape.height, shape.width);
  parallel_for(plane.height, [&](std::size_t y) {
    const std::span<float> row(plane.row(y), plane.width);
    random.uniforms(y, row);
    for (float& value : row) value = 2.0F * value - 1.0F;
  });
  gaussian_blur(plane, sigma, Border::reflect, 3.0);
  for (float& value : plane.values) value *= static_cast<float>(strength);
  return plane;
}

}  // namespace

void elastic_transform(const Image& image, const Job& job) {
  // Strength, smoothness and affine part as shares of the shorter side: ImageNet-C's are for 244.
  constexpr std::array<double, 3> kImageNet[] = {
      {2, .7, .1}, {2, .08, .2}, {.05, .01, .02}, {.07, .01, .02}, {.12, .01, .02}};
  constexpr std::array<double, 3> kSmall[] = {
      {0, 0, .08}, {.05, .2, .07}, {.08, .06, .06}, {.1, .04, .05}, {.1, .03, .03}};
  const auto& c = job.pick(kImageNet, kSmall);
  const double side = static_cast<double>(std::min(image.shape.height, image.shape.width));
  const double centre_y = static_cast<double>(image.shape.height / 2);
  const double centre_x = static_cast<double>(image.shape.width / 2);
  const double third = side / 3.0;
  const std::array<std::array<double, 2>, 3> corners{{{centre_x + third, centre_y + third},
                                                      {centre_x + third, centre_y - third},
                                                      {centre_x - third, centre_y - third}}};
  auto moved = corners;
  Philox random = job.field(2).stream(0);
  for (auto& corner : moved) {
    for (double& at : corner) at += side * c[2] * (2.0 * random.uniform() - 1.0);
  }
  const Affine back = through(moved, corners);  // Where an output pixel comes from.
  Plane from_y(image.shape.height, image.shape.width);
  Plane from_x = from_y;
  const Plane dy = displacement(image.shape, side * c[1], side * c[0], job.field(0));
  const Plane dx = displacement(image.shape, side * c[1], side * c[0], job.field(1));
  // The affine step comes first: its result is sampled at the displaced places.
  parallel_for(image.shape.height, [&](std::size_t y) {
    for (std::size_t x = 0; x < image.shape.width; ++x) {
      const double at_x = static_cast<double>(x) + static_cast<double>(dx.row(y)[x]);
      const double at_y = static_cast<double>(y) + static_cast<double>(dy.row(y)[x]);
      from_x.row(y)[x] = static_cast<float>(back.a * at_x + back.b * at_y + back.c);
      from_y.row(y)[x] = static_cast<float>(back.d * at_x + back.e * at_y + back.f);
    }
  });
  const std::vector<Plane> all = planes(image);
  parallel_for(all.size(), [&](std::size_t channel) {
    assign(image, channel, sample(all[channel], from_y, from_x, Border::mirrored));
  });
}

}  // namespace emdyn::provoke::corrupt
