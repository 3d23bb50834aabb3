#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

/// Normal noise of the image's size.
Plane normal_plane(const ImageShape& shape, double mean, double deviation,
                   const RandomField& random) {
  Plane plane(shape.height, shape.width);
  parallel_for(plane.height, [&](std::size_t y) {
    const std::span<float> row(plane.row(y), plane.width);
    random.normals(y, row);
    for (float& value : row) {
      value = static_cast<float>(mean) + static_cast<float>(deviation) * value;
    }
  });
  return plane;
}

/// The upper left corner of a fractal cloud that covers the image.
Plane cloud(const ImageShape& shape, double decay, const RandomField& random) {
  const std::size_t side = std::bit_ceil(std::max(shape.height, shape.width));
  const Plane all = plasma(side, decay, random);
  Plane part(shape.height, shape.width);
  for (std::size_t y = 0; y < shape.height; ++y) {
    std::copy_n(all.row(y), shape.width, part.row(y));
  }
  return part;
}

}  // namespace

void fog(const Image& image, const Job& job) {
  constexpr std::pair<double, double> kImageNet[] = {
      {1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}};
  constexpr std::pair<double, double> kSmall[] = {
      {.2, 3}, {.5, 3}, {.75, 2.5}, {1, 2}, {1.5, 1.75}};
  const auto [amount, decay] = job.pick(kImageNet, kSmall);
  const Plane mist = cloud(image.shape, decay, job.field(0));
  const float most = *std::max_element(image.values.begin(), image.values.end());
  const auto weight = static_cast<float>(amount);
  const float rescale = most / (most + weight);
  for (std::size_t c = 0; c < image.shape.channels; ++c) {
    const auto channel = image.channel(c);
    for (std::size_t i = 0; i < channel.size(); ++i) {
      channel[i] = (channel[i] + weight * mist.values[i]) * rescale;
    }
  }
}

void snow(const Image& image, const Job& job) {
  struct Snow {
    double mean, deviation, zoom, threshold;
    std::size_t radius;
    double sigma, keep;
  };
  constexpr Snow kImageNet[] = {{.1, .3, 3, .5, 10, 4, .8},
                                {.2, .3, 2, .5, 12, 4, .7},
                                {.55, .3, 4, .9, 12, 8, .7},
                                {.55, .3, 4.5, .85, 12, 8, .65},
                                {.55, .3, 2.5, .85, 12, 12, .55}};
  constexpr Snow kSmall[] = {{.1, .2, 1, .6, 8, 3, .95},
                             {.1, .2, 1, .5, 10, 4, .9},
                             {.15, .3, 1.75, .55, 10, 4, .9},
                             {.25, .3, 2.25, .6, 12, 6, .85},
                             {.3, .3, 1.25, .65, 14, 12, .8}};
  const Snow& c = job.pick(kImageNet, kSmall);
  Plane flakes = centre_zoom(normal_plane(image.shape, c.mean, c.deviation, job.field(0)), c.zoom);
  for (float& value : flakes.values) {
    value = value < static_cast<float>(c.threshold) ? 0.0F : std::min(value, 1.0F);
  }
  const double angle = -135.0 + 90.0 * job.field(1).stream(0).uniform();
  flakes = blur_along(flakes, motion_line(c.radius, c.sigma, angle));
  const Plane grey = luminance(image);
  const auto keep = static_cast<float>(c.keep);
  for (std::size_t channel = 0; channel < image.shape.channels; ++channel) {
    const auto values = image.channel(channel);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float whiter = std::max(values[i], grey.values[i] * 1.5F + 0.5F);
      values[i] = keep * values[i] + (1.0F - keep) * whiter + flakes.values[i] +
                  flakes.values[values.size() - 1 - i];  // Turned by half a turn.
    }
  }
}

namespace {

/// Ice crystals: needles grown from scattered seeds along six directions, dense where a fractal
/// cloud is. Stands for the photographs of frost that ImageNet-C uses.
Plane frost_texture(const ImageShape& shape, const Job& job) {
  const auto reach = std::clamp<std::size_t>(std::min(shape.height, shape.width) / 16, 2, 24);
  // So many seeds that needles, however long, cover half of the image: with more it is a flat sheet.
  const double covered = 6.0 * (2.0 * static_cast<double>(reach) + 1.0);
  const auto rare = static_cast<float>(math::normal_isf(0.5 / covered));
  Plane seeds = normal_plane(shape, 0.0, 1.0, job.field(0));
  for (float& value : seeds.values) value = value > rare ? 1.0F : 0.0F;
  const Plane density = cloud(shape, 1.8, job.field(1));
  const double turn = 60.0 * job.field(4).stream(0).uniform();
  std::array<Plane, 6> needles;
  parallel_for(needles.size(), [&](std::size_t i) {
    needles[i] = blur_along(seeds, motion_line(reach, static_cast<double>(reach),
                                               turn + 60.0 * static_cast<double>(i)));
  });
  Plane ice(shape.height, shape.width);
  const auto gain = static_cast<float>(reach) * 0.8F;
  for (std::size_t i = 0; i < ice.values.size(); ++i) {
    float needle = 0.0F;
    for (const Plane& each : needles) needle = std::max(needle, each.values[i]);
    const float cover = density.values[i];
    ice.values[i] = std::min(1.0F, 0.25F + 0.5F * cover + std::min(1.0F, gain * needle) * cover);
  }
  return ice;
}

}  // namespace

void frost(const Image& image, const Job& job) {
  constexpr std::pair<double, double> kImageNet[] = {
      {1, .4}, {.8, .6}, {.7, .7}, {.65, .7}, {.6, .75}};
  constexpr std::pair<double, double> kSmall[] = {
      {1, .2}, {1, .3}, {.9, .4}, {.85, .4}, {.75, .45}};
  constexpr float kTint[] = {0.90F, 0.96F, 1.0F};  // Ice is slightly blue.
  const auto [keep, amount] = job.pick(kImageNet, kSmall);
  const Plane ice = frost_texture(image.shape, job);
  for (std::size_t c = 0; c < image.shape.channels; ++c) {
    const auto values = image.channel(c);
    const float weight = static_cast<float>(amount) * (image.shape.channels == 1 ? 1.0F : kTint[c]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(keep) * values[i] + weight * ice.values[i];
    }
  }
}

Plane luminance(const Image& image) {
  std::vector<Plane> all = planes(image);
  if (all.size() == 1) return std::move(all[0]);
  Plane grey = std::move(all[0]);
  for (std::size_t i = 0; i < grey.values.size(); ++i) {
    grey.values[i] =
        0.299F * grey.values[i] + 0.587F * all[1].values[i] + 0.114F * all[2].values[i];
  }
  return grey;
}

Plane plasma(std::size_t side, double decay, const RandomField& random) {
  Plane map(side, side);
  double wibble = 100.0;
  std::size_t level = 0;
  const std::size_t mask = side - 1;  // A torus.
  // Every `step`-th place of a row from `first`: the mean of four neighbours and a random part.
  const auto fill = [&](std::size_t phase, std::size_t step, std::size_t first_y,
                        std::size_t first_x, auto&& four) {
    const auto most = static_cast<float>(wibble * wibble);
    parallel_for(side / step, [&](std::size_t i) {
      const std::size_t y = first_y + i * step;
      std::vector<float> uniform(side / step);
      random.uniforms((level * 3 + phase) * side + y, uniform);
      for (std::size_t j = 0; j < uniform.size(); ++j) {
        const std::size_t x = first_x + j * step;
        map.row(y)[x] = 0.25F * four(y, x) + most * (2.0F * uniform[j] - 1.0F);
      }
    });
  };
  for (std::size_t step = side; step >= 2; step /= 2, wibble /= decay, ++level) {
    const std::size_t half = step / 2;
    const auto cross = [&](std::size_t y, std::size_t x) {
      return map.row((y - half) & mask)[x] + map.row((y + half) & mask)[x] +
             map.row(y)[(x - half) & mask] + map.row(y)[(x + half) & mask];
    };
    fill(0, step, half, half, [&](std::size_t y, std::size_t x) {
      return map.row(y - half)[x - half] + map.row(y - half)[(x + half) & mask] +
             map.row((y + half) & mask)[x - half] + map.row((y + half) & mask)[(x + half) & mask];
    });
    fill(1, step, 0, half, cross);
    fill(2, step, half, 0, cross);
  }
  const auto [low, high] = std::minmax_element(map.values.begin(), map.values.end());
  const float least = *low;
  const float range = *high - least;
  for (float& value : map.values) value = range > 0.0F ? (value - least) / range : 0.0F;
  return map;
}

}  // namespace emdyn::provoke::corrupt
