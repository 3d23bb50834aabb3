#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr float kFar = 20.0F;  // Distances are cut here, in pixels.

/// Distance of every pixel to the nearest rim of a drop, by the 5 × 5 chamfer mask of Borgefors,
/// "Distance transformations in digital images" (1986), as the original's library does.
Plane rim_distance(const Plane& drops) {
  Plane far(drops.height, drops.width, 1e6F);
  const auto wet = [&](std::size_t y, std::size_t x) { return drops.row(y)[x] > 0.0F; };
  for (std::size_t y = 0; y < drops.height; ++y) {
    for (std::size_t x = 0; x < drops.width; ++x) {
      if (!wet(y, x)) continue;
      const bool inner = (y == 0 || wet(y - 1, x)) && (y + 1 == drops.height || wet(y + 1, x)) &&
                         (x == 0 || wet(y, x - 1)) && (x + 1 == drops.width || wet(y, x + 1));
      if (!inner) far.row(y)[x] = 0.0F;
    }
  }
  struct Step {
    std::ptrdiff_t dy, dx;
    float length;
  };
  constexpr std::array<Step, 8> kSteps{{{-1, 0, 1.0F},
                                        {0, -1, 1.0F},
                                        {-1, -1, 1.4F},
                                        {-1, 1, 1.4F},
                                        {-1, -2, 2.1969F},
                                        {-1, 2, 2.1969F},
                                        {-2, -1, 2.1969F},
                                        {-2, 1, 2.1969F}}};
  const auto height = static_cast<std::ptrdiff_t>(drops.height);
  const auto width = static_cast<std::ptrdiff_t>(drops.width);
  for (const std::ptrdiff_t sign : {1, -1}) {  // Down, then up again.
    for (std::ptrdiff_t i = 0; i < height; ++i) {
      const std::ptrdiff_t y = sign > 0 ? i : height - 1 - i;
      for (std::ptrdiff_t j = 0; j < width; ++j) {
        const std::ptrdiff_t x = sign > 0 ? j : width - 1 - j;
        float& here = far.values[static_cast<std::size_t>(y * width + x)];
        for (const Step& step : kSteps) {
          const std::ptrdiff_t from_y = y + sign * step.dy;
          const std::ptrdiff_t from_x = x + sign * step.dx;
          if (from_y < 0 || from_y >= height || from_x < 0 || from_x >= width) continue;
          here = std::min(
              here, far.values[static_cast<std::size_t>(from_y * width + from_x)] + step.length);
        }
      }
    }
  }
  for (float& value : far.values) value = std::min(value, kFar);
  return far;
}

/// Whole numbers 0 … 255 spread so that each is about as frequent.
void equalise(Plane& plane) {
  std::array<std::size_t, 256> counts{};
  for (const float value : plane.values) ++counts[static_cast<std::size_t>(value)];
  std::size_t first = 0;
  while (counts[first] == 0) ++first;
  const double left = static_cast<double>(plane.values.size() - counts[first]);
  std::array<float, 256> to{};
  double sum = 0.0;
  for (std::size_t i = first + 1; i < to.size(); ++i) {
    sum += static_cast<double>(counts[i]);
    to[i] = left > 0.0 ? static_cast<float>(std::round(255.0 * sum / left)) : 0.0F;
  }
  if (left == 0.0) return;
  for (float& value : plane.values) value = to[static_cast<std::size_t>(value)];
}

void to_whole(Plane& plane) {
  for (float& value : plane.values) value = std::floor(std::clamp(value, 0.0F, 255.0F));
}

Plane mean3(const Plane& plane) {
  return correlate(plane, {3, 3, std::vector<float>(9, 1.0F / 9.0F)}, Border::mirrored);
}

/// How much light a film of water adds: embossed by the distance to the rim of its drops.
Plane water_film(const Plane& liquid) {
  Plane film = mean3(rim_distance(liquid));
  to_whole(film);
  equalise(film);
  film = correlate(film, {3, 3, {-2, -1, 0, -1, 1, 1, 0, 1, 2}}, Border::mirrored);
  to_whole(film);
  film = mean3(film);
  for (std::size_t i = 0; i < film.values.size(); ++i) {
    film.values[i] *= std::floor(std::clamp(liquid.values[i], 0.0F, 1.0F) * 255.0F);
  }
  const float most = *std::max_element(film.values.begin(), film.values.end());
  for (float& value : film.values) value = most > 0.0F ? value / most : 0.0F;
  return film;
}

struct Colour {
  float red, green, blue;
  float in(std::size_t channel, std::size_t channels) const noexcept {
    if (channels == 1) return 0.299F * red + 0.587F * green + 0.114F * blue;
    return channel == 0 ? red : channel == 1 ? green : blue;
  }
};

}  // namespace

void spatter(const Image& image, const Job& job) {
  struct Spatter {
    double mean, deviation, sigma, threshold, strength;
    bool mud;
  };
  constexpr Spatter kImageNet[] = {{.65, .3, 4, .69, .6, false},
                                   {.65, .3, 3, .68, .6, false},
                                   {.65, .3, 2, .68, .5, false},
                                   {.65, .3, 1, .65, 1.5, true},
                                   {.67, .4, 1, .65, 1.5, true}};
  constexpr Spatter kSmall[] = {{.62, .1, .7, .7, .5, false},
                                {.65, .1, .8, .7, .5, false},
                                {.65, .3, 1, .69, .5, false},
                                {.65, .1, .7, .69, .6, true},
                                {.65, .1, .5, .68, .6, true}};
  constexpr Colour kWater{175.0F / 255.0F, 238.0F / 255.0F, 238.0F / 255.0F};
  constexpr Colour kMud{63.0F / 255.0F, 42.0F / 255.0F, 20.0F / 255.0F};
  const Spatter& c = job.pick(kImageNet, kSmall);
  Plane liquid(image.shape.height, image.shape.width);
  const RandomField random = job.field(0);
  parallel_for(liquid.height, [&](std::size_t y) {
    const std::span<float> row(liquid.row(y), liquid.width);
    random.normals(y, row);
    for (float& v : row) v = static_cast<float>(c.mean) + static_cast<float>(c.deviation) * v;
  });
  gaussian_blur(liquid, c.sigma);
  for (float& v : liquid.values) {
    if (v < static_cast<float>(c.threshold)) v = 0.0F;
    if (c.mud && v > 0.0F) v = 1.0F;
  }
  Plane cover = std::move(liquid);
  if (c.mud) {
    gaussian_blur(cover, c.strength);
    for (float& v : cover.values) v = v < 0.8F ? 0.0F : v;
  } else {
    cover = water_film(cover);
  }
  const std::size_t channels = image.shape.channels;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const auto values = image.channel(channel);
    const float mud = kMud.in(channel, channels);
    const float water = static_cast<float>(c.strength) * kWater.in(channel, channels);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float m = cover.values[i];
      values[i] = c.mud ? values[i] * (1.0F - m) + mud * m : values[i] + m * water;
    }
  }
}

}  // namespace emdyn::provoke::corrupt
