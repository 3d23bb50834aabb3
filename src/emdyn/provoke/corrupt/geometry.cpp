#include <algorithm>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

// The kinds of MNIST-C (Mu, Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019),
// which has one severity; the five here are ours and the same for both sets of constants. What
// comes in from outside the image is black.
namespace emdyn::provoke::corrupt {
namespace {

/// Value at (y, x), black outside, bilinear.
float at_or_black(const Plane& plane, double y, double x) {
  const double floor_y = std::floor(y);
  const double floor_x = std::floor(x);
  const auto pixel = [&](double py, double px) {
    const bool inside = py >= 0.0 && px >= 0.0 && py < static_cast<double>(plane.height) &&
                        px < static_cast<double>(plane.width);
    return inside ? static_cast<double>(
                        plane.row(static_cast<std::size_t>(py))[static_cast<std::size_t>(px)])
                  : 0.0;
  };
  const double right = x - floor_x;
  const double down = y - floor_y;
  const double top =
      (1.0 - right) * pixel(floor_y, floor_x) + right * pixel(floor_y, floor_x + 1.0);
  const double bottom =
      (1.0 - right) * pixel(floor_y + 1.0, floor_x) + right * pixel(floor_y + 1.0, floor_x + 1.0);
  return static_cast<float>((1.0 - down) * top + down * bottom);
}

/// Output (y, x), about the centre, shows the input at (yy·y + yx·x, xy·y + xx·x).
struct Turn {
  double yy, yx, xy, xx;
};

void warp(const Image& image, const Turn& turn) {
  const std::vector<Plane> all = planes(image);
  const double centre_y = 0.5 * static_cast<double>(image.shape.height - 1);
  const double centre_x = 0.5 * static_cast<double>(image.shape.width - 1);
  parallel_for(image.shape.height, [&](std::size_t row) {
    const double y = static_cast<double>(row) - centre_y;
    for (std::size_t column = 0; column < image.shape.width; ++column) {
      const double x = static_cast<double>(column) - centre_x;
      for (std::size_t c = 0; c < all.size(); ++c) {
        image.row(c, row)[column] = at_or_black(all[c], centre_y + turn.yy * y + turn.yx * x,
                                                centre_x + turn.xy * y + turn.xx * x);
      }
    }
  });
}

/// −1 or 1.
double side(const Job& job, std::size_t which) {
  return job.field(0).stream(which).below(2) == 0 ? -1.0 : 1.0;
}

/// Light strokes: every pixel nearer than `thickness` to the line through `points`, and lit there.
template <class Lit>
void draw(const Image& image, const std::vector<std::pair<double, double>>& points,
          double thickness, Lit&& lit) {
  parallel_for(image.shape.height, [&](std::size_t row) {
    for (std::size_t column = 0; column < image.shape.width; ++column) {
      const double y = static_cast<double>(row);
      const double x = static_cast<double>(column);
      double ink = 0.0;
      double before = 0.0;  // Length of the line so far.
      for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        const double dy = points[i + 1].first - points[i].first;
        const double dx = points[i + 1].second - points[i].second;
        const double length = std::hypot(dy, dx);
        const double along = std::clamp(
            ((y - points[i].first) * dy + (x - points[i].second) * dx) / (length * length), 0.0,
            1.0);
        const double away =
            std::hypot(y - points[i].first - along * dy, x - points[i].second - along * dx);
        if (lit(before + along * length)) {
          ink = std::max(ink, std::clamp(thickness + 0.5 - away, 0.0, 1.0));
        }
        before += length;
      }
      for (std::size_t c = 0; c < image.shape.channels; ++c) {
        float& value = image.row(c, row)[column];
        value = std::max(value, static_cast<float>(ink));
      }
    }
  });
}

double shorter(const Image& image) {
  return static_cast<double>(std::min(image.shape.height, image.shape.width));
}

}  // namespace

void shear(const Image& image, const Job& job) {
  constexpr double kShares[] = {.1, .2, .3, .4, .5};  // Pixels to the side per pixel down.
  warp(image, {1.0, 0.0, side(job, 0) * job.pick(kShares), 1.0});
}

void rotate(const Image& image, const Job& job) {
  constexpr double kRadians[] = {.15, .3, .45, .6, .75};
  const double angle = side(job, 0) * job.pick(kRadians);
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  warp(image, {c, s, -s, c});
}

void scale(const Image& image, const Job& job) {
  constexpr double kShares[] = {.9, .8, .7, .6, .5};  // Size of the shrunk image.
  const double back = 1.0 / job.pick(kShares);
  warp(image, {back, 0.0, 0.0, back});
}

// By whole pixels: nothing is interpolated.
void translate(const Image& image, const Job& job) {
  constexpr double kShares[] = {.05, .1, .15, .2, .25};
  const auto shift = [&](std::size_t size, std::size_t which) {
    const double pixels = std::max(1.0, std::round(job.pick(kShares) * static_cast<double>(size)));
    return static_cast<std::ptrdiff_t>(side(job, which) * pixels);
  };
  const std::ptrdiff_t down = shift(image.shape.height, 0);
  const std::ptrdiff_t right = shift(image.shape.width, 1);
  const auto height = static_cast<std::ptrdiff_t>(image.shape.height);
  const auto width = static_cast<std::ptrdiff_t>(image.shape.width);
  const std::vector<Plane> all = planes(image);
  for (std::size_t c = 0; c < all.size(); ++c) {
    for (std::ptrdiff_t y = 0; y < height; ++y) {
      for (std::ptrdiff_t x = 0; x < width; ++x) {
        const bool inside = y >= down && y - down < height && x >= right && x - right < width;
        image.row(c, static_cast<std::size_t>(y))[x] =
            inside ? all[c].row(static_cast<std::size_t>(y - down))[x - right] : 0.0F;
      }
    }
  }
}

// Upright bands, evenly spaced, with light and dark exchanged.
void stripe(const Image& image, const Job& job) {
  constexpr double kShares[] = {.1, .2, .3, .4, .5};  // Of the width.
  constexpr double kBands = 4.0;
  const double share = job.pick(kShares);
  const double first = job.field(0).stream(0).uniform();
  for (std::size_t x = 0; x < image.shape.width; ++x) {
    const double place =
        kBands * (static_cast<double>(x) + 0.5) / static_cast<double>(image.shape.width) + first;
    if (place - std::floor(place) >= share) continue;
    for (std::size_t c = 0; c < image.shape.channels; ++c) {
      for (std::size_t y = 0; y < image.shape.height; ++y) {
        image.row(c, y)[x] = 1.0F - image.row(c, y)[x];
      }
    }
  }
}

void zigzag(const Image& image, const Job& job) {
  constexpr double kThickness[] = {.01, .02, .03, .045, .06};  // Half, of the shorter side.
  constexpr int kTurns = 8;
  const double height = static_cast<double>(image.shape.height);
  const double width = static_cast<double>(image.shape.width);
  Philox random = job.field(0).stream(0);
  const double middle = (0.35 + 0.3 * random.uniform()) * height;
  const double swing = 0.12 * height;
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i <= kTurns; ++i) {
    points.emplace_back(middle + (i % 2 == 0 ? -swing : swing), width * i / kTurns);
  }
  draw(image, points, job.pick(kThickness) * shorter(image), [](double) { return true; });
}

void dotted_line(const Image& image, const Job& job) {
  constexpr double kThickness[] = {.01, .02, .03, .045, .06};  // Half, of the shorter side.
  const double height = static_cast<double>(image.shape.height - 1);
  const double width = static_cast<double>(image.shape.width - 1);
  Philox random = job.field(0).stream(0);
  const double left = random.uniform();
  const double right = random.uniform();
  const double dot = std::max(1.0, 0.06 * shorter(image));
  draw(image, {{left * height, 0.0}, {right * height, width}},
       job.pick(kThickness) * shorter(image),
       [dot](double along) { return std::fmod(along, 2.0 * dot) < dot; });
}

}  // namespace emdyn::provoke::corrupt
