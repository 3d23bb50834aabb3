#include "emdyn/provoke/guard/squeeze.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace emdyn::provoke::guard {
namespace {

constexpr std::size_t kLargestWindow = 7;

/// Index reflected into [0, size): -1 is 1, size is size - 2.
std::size_t mirrored(std::ptrdiff_t index, std::size_t size) noexcept {
  const auto last = static_cast<std::ptrdiff_t>(size) - 1;
  if (last == 0) return 0;
  while (index < 0 || index > last) index = index < 0 ? -index : 2 * last - index;
  return static_cast<std::size_t>(index);
}

void softmax(std::span<const float> logits, std::vector<double>& out) {
  out.resize(logits.size());
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0.0;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    out[k] = std::exp(static_cast<double>(logits[k]) - largest);
    sum += out[k];
  }
  for (double& value : out) value /= sum;
}

}  // namespace

std::vector<float> reduce_depth(std::span<const float> values, int bits, float low, float high) {
  const auto steps = static_cast<float>((1 << bits) - 1);
  std::vector<float> squeezed(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float share = std::clamp((values[i] - low) / (high - low), 0.0F, 1.0F);
    squeezed[i] = low + (high - low) * (std::round(share * steps) / steps);
  }
  return squeezed;
}

std::vector<float> median_filter(std::span<const float> values, std::size_t height,
                                 std::size_t width, std::size_t size) {
  std::vector<float> smooth(values.size());
  std::array<float, kLargestWindow * kLargestWindow> window{};
  const auto back = static_cast<std::ptrdiff_t>(size / 2);
  const std::size_t plane = height * width;
  for (std::size_t begin = 0; begin + plane <= values.size(); begin += plane) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        std::size_t count = 0;
        for (std::size_t dy = 0; dy < size; ++dy) {
          const std::size_t row =
              mirrored(static_cast<std::ptrdiff_t>(y + dy) - back, height) * width;
          for (std::size_t dx = 0; dx < size; ++dx) {
            const std::size_t column = mirrored(static_cast<std::ptrdiff_t>(x + dx) - back, width);
            window[count++] = values[begin + row + column];
          }
        }
        // The upper median for an even number of values, so that a value of the image comes out.
        const auto middle = window.begin() + static_cast<std::ptrdiff_t>(count / 2);
        std::nth_element(window.begin(), middle,
                         window.begin() + static_cast<std::ptrdiff_t>(count));
        smooth[begin + y * width + x] = *middle;
      }
    }
  }
  return smooth;
}

std::vector<double> squeezed_distance(std::span<const float> plain, std::span<const float> squeezed,
                                      std::size_t classes) {
  std::vector<double> distances(plain.size() / classes);
  std::vector<double> before;
  std::vector<double> after;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    softmax(plain.subspan(i * classes, classes), before);
    softmax(squeezed.subspan(i * classes, classes), after);
    for (std::size_t k = 0; k < classes; ++k) distances[i] += std::abs(before[k] - after[k]);
  }
  return distances;
}

}  // namespace emdyn::provoke::guard
