#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::provoke::corrupt {

/// Planar [channel, height, width], values in [0, 1]; 1 channel (grey) or 3 (red, green, blue), at
/// least 8 pixels either way.
struct ImageShape {
  std::size_t channels = 1;
  std::size_t height = 0;
  std::size_t width = 0;

  std::size_t pixels() const noexcept { return height * width; }
  std::size_t size() const noexcept { return channels * pixels(); }
  bool operator==(const ImageShape&) const = default;
};

/// One plane of numbers, row-major.
struct Plane {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<float> values;

  Plane() = default;
  Plane(std::size_t rows, std::size_t columns, float value = 0.0F)
      : height(rows), width(columns), values(rows * columns, value) {}
  float* row(std::size_t y) noexcept { return values.data() + y * width; }
  const float* row(std::size_t y) const noexcept { return values.data() + y * width; }
};

/// An image that is being altered in place.
struct Image {
  ImageShape shape;
  std::span<float> values;

  std::span<float> channel(std::size_t c) const noexcept {
    return values.subspan(c * shape.pixels(), shape.pixels());
  }
  float* row(std::size_t c, std::size_t y) const noexcept {
    return values.data() + (c * shape.height + y) * shape.width;
  }
};

/// Copies of the channels as planes, and back.
std::vector<Plane> planes(const Image& image);
void assign(const Image& image, std::size_t channel, const Plane& plane);

}  // namespace emdyn::provoke::corrupt
