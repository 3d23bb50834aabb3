#include "emdyn/model/data/moving_digits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::model::data {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;
constexpr double kJitterPixels = 2.0;

double between(Philox& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

/// Random numbers of sequence `index`: the label's come first.
Philox numbers_of(std::uint64_t seed, std::size_t index) { return Philox(seed, index + 1); }

}  // namespace

MovingDigits::MovingDigits(const Dataset& images, const Options& options)
    : images_(images), options_(options), canvas_(options.canvas) {
  if (images.shape.size() != 3 || images.shape[0] != 1 || images.size() == 0 ||
      images.labels.size() != images.size())
    throw DataError("moving digits: images of one channel with labels are needed, such as MNIST");
  if (std::ranges::any_of(images.labels, [](std::int64_t label) { return label > 9; }))
    throw DataError("moving digits: labels must be from 0 to 9");
}

std::int64_t MovingDigits::classes() const noexcept {
  return options_.task == SequenceTask::direction ? kDirections : 10;
}

std::int64_t MovingDigits::label(std::size_t index) const {
  if (options_.task == SequenceTask::digit) return images_.labels[index % images_.size()];
  Philox random = numbers_of(options_.seed, index);
  return random.below(static_cast<std::uint32_t>(classes()));
}

void MovingDigits::frames(std::size_t index, std::span<float> values) const {
  Philox random = numbers_of(options_.seed, index);
  if (options_.task == SequenceTask::noise) {
    (void)random.below(10);
    for (float& value : values) value = static_cast<float>(random.uniform());
    return;
  }
  const double way = static_cast<double>(random.below(kDirections)) * 45.0 * kDegree;
  const double speed = between(random, 0.75, 1.5);
  const double x = between(random, -kJitterPixels, kJitterPixels);
  const double y = between(random, -kJitterPixels, kJitterPixels);
  const double angle = between(random, -20.0, 20.0) * kDegree;
  const double turn = between(random, -10.0, 10.0) * kDegree;
  const float* image = images_.example(index % images_.size()).data();
  for (std::int64_t frame = 0; frame < options_.frames; ++frame) {
    const double time = static_cast<double>(frame) - static_cast<double>(options_.frames - 1) / 2.0;
    draw(image, x + speed * time * std::cos(way), y + speed * time * std::sin(way),
         angle + turn * static_cast<double>(frame), values.data() + frame * canvas_ * canvas_);
  }
}

void MovingDigits::draw(const float* image, double x, double y, double angle, float* frame) const {
  const std::int64_t height = images_.shape[1];
  const std::int64_t width = images_.shape[2];
  const double middle = static_cast<double>(canvas_ - 1) / 2.0;
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const auto pixel = [&](std::int64_t row, std::int64_t column) {
    const bool inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? static_cast<double>(image[row * width + column]) : 0.0;
  };
  for (std::int64_t row = 0; row < canvas_; ++row) {
    for (std::int64_t column = 0; column < canvas_; ++column) {
      const double dx = static_cast<double>(column) - middle - x;
      const double dy = static_cast<double>(row) - middle - y;
      const double from_x = cosine * dx + sine * dy + static_cast<double>(width - 1) / 2.0;
      const double from_y = -sine * dx + cosine * dy + static_cast<double>(height - 1) / 2.0;
      const double left = std::floor(from_x);
      const double top = std::floor(from_y);
      const auto c = static_cast<std::int64_t>(left);
      const auto r = static_cast<std::int64_t>(top);
      const double u = from_x - left;
      const double v = from_y - top;
      const double value = (1 - v) * ((1 - u) * pixel(r, c) + u * pixel(r, c + 1)) +
                           v * ((1 - u) * pixel(r + 1, c) + u * pixel(r + 1, c + 1));
      frame[row * canvas_ + column] = static_cast<float>(std::round(255.0 * value)) / 255.0F;
    }
  }
}

Dataset MovingDigits::dataset(std::size_t count) const {
  Dataset made;
  made.name = fmt::format("moving digits ({})",
                          kSequenceTaskWords[static_cast<std::size_t>(options_.task)]);
  made.shape = shape();
  count = std::min(count, size());
  const std::size_t each = made.example_size();
  made.values.resize(count * each);
  made.labels.resize(count);
  parallel_for(count, [&](std::size_t i) {
    frames(i, std::span(made.values).subspan(i * each, each));
    made.labels[i] = label(i);
  });
  return made;
}

}  // namespace emdyn::model::data
