#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/corrupt/image.hpp"

namespace emdyn::provoke::corrupt::test {

/// A made-up photograph: a gradient, a few bright and dark disks, some texture.
inline std::vector<float> scene(const ImageShape& shape, std::uint64_t seed) {
  Philox random(seed, 21);
  std::vector<float> values(shape.size());
  const double slope = random.uniform();
  double disk[4][4];
  for (auto& d : disk) {
    for (double& part : d) part = random.uniform();
  }
  for (std::size_t c = 0; c < shape.channels; ++c) {
    for (std::size_t y = 0; y < shape.height; ++y) {
      for (std::size_t x = 0; x < shape.width; ++x) {
        const double v = static_cast<double>(y) / static_cast<double>(shape.height);
        const double u = static_cast<double>(x) / static_cast<double>(shape.width);
        double value = 0.3 + 0.3 * slope * v + 0.1 * u + 0.08 * static_cast<double>(c);
        for (const auto& d : disk) {
          if (std::hypot(u - d[0], v - d[1]) < 0.05 + 0.15 * d[2]) {
            value = d[3] * (1.0 - 0.2 * static_cast<double>(c));
          }
        }
        value += 0.04 * std::sin(40.0 * u) * std::cos(31.0 * v);
        values[(c * shape.height + y) * shape.width + x] =
            static_cast<float>(std::clamp(value, 0.0, 1.0));
      }
    }
  }
  return values;
}

}  // namespace emdyn::provoke::corrupt::test
