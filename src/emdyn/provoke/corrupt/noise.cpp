#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

/// Calls `one(row of pixels, row number)` for every row of every channel.
template <class One>
void each_image_row(const Image& image, One&& one) {
  constexpr std::size_t kRowsATask = 8;
  const std::size_t rows = image.shape.channels * image.shape.height;
  parallel_for((rows + kRowsATask - 1) / kRowsATask, [&](std::size_t task) {
    const std::size_t end = std::min(rows, (task + 1) * kRowsATask);
    for (std::size_t r = task * kRowsATask; r < end; ++r) {
      one(image.values.subspan(r * image.shape.width, image.shape.width), r);
    }
  });
}

}  // namespace

void gaussian_noise(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.08, .12, .18, .26, .38};
  constexpr double kSmall[] = {.04, .06, .08, .09, .10};
  const auto deviation = static_cast<float>(job.pick(kImageNet, kSmall));
  each_image_row(image, [&](std::span<float> row, std::size_t r) {
    std::vector<float> noise(row.size());
    job.field(0).normals(r, noise);
    for (std::size_t x = 0; x < row.size(); ++x) row[x] += deviation * noise[x];
  });
}

void speckle_noise(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.15, .2, .35, .45, .6};
  constexpr double kSmall[] = {.06, .1, .12, .16, .2};
  const auto deviation = static_cast<float>(job.pick(kImageNet, kSmall));
  each_image_row(image, [&](std::span<float> row, std::size_t r) {
    std::vector<float> noise(row.size());
    job.field(0).normals(r, noise);
    for (std::size_t x = 0; x < row.size(); ++x) row[x] += row[x] * deviation * noise[x];
  });
}

void shot_noise(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {60, 25, 12, 5, 3};
  constexpr double kSmall[] = {500, 250, 100, 75, 50};
  const double photons = job.pick(kImageNet, kSmall);
  each_image_row(image, [&](std::span<float> row, std::size_t r) {
    Philox random = job.field(0).stream(r);
    for (float& value : row) {
      value = static_cast<float>(poisson(random, static_cast<double>(value) * photons) / photons);
    }
  });
}

void impulse_noise(const Image& image, const Job& job) {
  constexpr double kImageNet[] = {.03, .06, .09, .17, .27};
  constexpr double kSmall[] = {.01, .02, .03, .05, .07};
  // The words below the share are hit, the lower half of them black.
  const auto hit = static_cast<std::uint32_t>(job.pick(kImageNet, kSmall) * 0x1.0p32);
  each_image_row(image, [&](std::span<float> row, std::size_t r) {
    std::vector<std::uint32_t> words(row.size());
    job.field(0).words(r, words);
    for (std::size_t x = 0; x < row.size(); ++x) {
      if (words[x] < hit) row[x] = words[x] < hit / 2 ? 0.0F : 1.0F;
    }
  });
}

}  // namespace emdyn::provoke::corrupt
