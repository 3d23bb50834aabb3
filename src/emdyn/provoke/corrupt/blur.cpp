#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

/// Replaces every channel by `filtered(channel)`.
template <class Filtered>
void each_channel(const Image& image, Filtered&& filtered) {
  std::vector<Plane> all = planes(image);
  parallel_for(all.size(), [&](std::size_t c) { assign(image, c, filtered(std::move(all[c]))); });
}

void blur_channels(const Image& image, double sigma) {
  each_channel(image, [&](Plane plane) {
    gaussian_blur(plane, sigma);
    return plane;
  });
}

/// Swaps every pixel with one at most `reach` away, one after the other from the bottom right, as
/// often as `rounds`: a pixel may travel far. The order is part of the definition, so this does not
/// run in parallel; it permutes places once, for all channels.
std::vector<std::uint32_t> swap_places(const ImageShape& shape, std::size_t reach,
                                       std::size_t rounds, const Job& job) {
  std::vector<std::uint32_t> places(shape.pixels());
  std::iota(places.begin(), places.end(), 0U);
  std::vector<std::uint32_t> words(shape.width);
  const auto span = static_cast<std::uint32_t>(2 * reach);  // Offsets −reach … reach − 1.
  for (std::size_t round = 0; round < rounds; ++round) {
    const RandomField random = job.field(static_cast<std::uint32_t>(round));
    for (std::size_t y = shape.height - reach; y > reach; --y) {
      if (y >= shape.height) continue;
      random.words(y, words);
      for (std::size_t x = shape.width - reach; x > reach; --x) {
        const std::uint32_t word = words[x];
        const std::size_t other_y = y + ((word >> 16) * span >> 16) - reach;
        const std::size_t other_x = x + ((word & 0xffffU) * span >> 16) - reach;
        std::swap(places[y * shape.width + x], places[other_y * shape.width + other_x]);
      }
    }
  }
  return places;
}

}  // namespace

void gaussian_blur_image(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {1, 2, 3, 4, 6};
  constexpr double kSmall[] = {.4, .6, .7, .8, 1};
  blur_channels(image, job.pick(kImageNet, kSmall));
}

void defocus_blur(const Image& image, const Job& job) {
  constexpr std::pair<double, double> kImageNet[] = {{3, .1}, {4, .5}, {6, .5}, {8, .5}, {10, .5}};
  constexpr std::pair<double, double> kSmall[] = {{.3, .4}, {.4, .5}, {.5, .6}, {1, .2}, {1.5, .1}};
  const auto [radius, alias_blur] = job.pick(kImageNet, kSmall);
  const Kernel kernel = disk_kernel(radius, alias_blur);
  each_channel(image,
               [&](const Plane& plane) { return correlate(plane, kernel, Border::mirrored); });
}

void glass_blur(const Image& image, const Job& job) {
  struct Glass {
    double sigma;
    std::size_t reach;
    std::size_t rounds;
  };
  constexpr Glass kImageNet[] = {{.7, 1, 2}, {.9, 2, 1}, {1, 2, 3}, {1.1, 3, 2}, {1.5, 4, 2}};
  constexpr Glass kSmall[] = {{.05, 1, 1}, {.25, 1, 1}, {.4, 1, 1}, {.25, 1, 2}, {.4, 1, 2}};
  const Glass& glass = job.pick(kImageNet, kSmall);
  const auto places =
      swap_places(image.shape, std::min(glass.reach, image.shape.height / 4), glass.rounds, job);
  each_channel(image, [&](Plane plane) {
    gaussian_blur(plane, glass.sigma);
    Plane swapped(plane.height, plane.width);
    for (std::size_t i = 0; i < places.size(); ++i) swapped.values[i] = plane.values[places[i]];
    gaussian_blur(swapped, glass.sigma);
    return swapped;
  });
}

void motion_blur(const Image& image, const Job& job) {
  constexpr std::pair<std::size_t, double> kImageNet[] = {
      {10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}};
  constexpr std::pair<std::size_t, double> kSmall[] = {{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}};
  const auto [radius, sigma] = job.pick(kImageNet, kSmall);
  const double angle = -45.0 + 90.0 * job.field(0).stream(0).uniform();
  const auto line = motion_line(radius, sigma, angle);
  each_channel(image, [&](const Plane& plane) { return blur_along(plane, line); });
}

void zoom_blur(const Image& image, const Job& job) {
  // Zooms 1, 1 + step, … below `end`.
  constexpr std::pair<double, double> kImageNet[] = {
      {1.11, .01}, {1.16, .01}, {1.21, .02}, {1.26, .02}, {1.31, .03}};
  constexpr std::pair<double, double> kSmall[] = {
      {1.06, .01}, {1.11, .01}, {1.16, .01}, {1.21, .01}, {1.26, .01}};
  const auto [end, step] = job.pick(kImageNet, kSmall);
  const auto steps = static_cast<std::size_t>(std::ceil((end - 1.0) / step - 1e-9));
  each_channel(image, [&](const Plane& plane) {
    Plane sum = plane;  // The image itself, and each zoom of it (the first is 1 again).
    for (std::size_t i = 0; i < steps; ++i) {
      const Plane zoomed = centre_zoom(plane, 1.0 + static_cast<double>(i) * step);
      for (std::size_t at = 0; at < sum.values.size(); ++at) sum.values[at] += zoomed.values[at];
    }
    const float share = 1.0F / static_cast<float>(steps + 1);
    for (float& value : sum.values) value *= share;
    return sum;
  });
}

}  // namespace emdyn::provoke::corrupt
