#include "emdyn/model/data/moving_digits.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::model::data {
namespace {

/// One white square of 4 × 4 pixels in the middle of 20 × 20.
Dataset square() {
  Dataset image{.shape = {1, 20, 20}, .values = std::vector<float>(400), .labels = {7}};
  for (std::size_t row = 8; row < 12; ++row) {
    for (std::size_t column = 8; column < 12; ++column) image.values[row * 20 + column] = 1.0F;
  }
  return image;
}

struct Centre {
  double x = 0.0;
  double y = 0.0;
  double mass = 0.0;
};

Centre centre(std::span<const float> frame, std::size_t side) {
  Centre found;
  for (std::size_t i = 0; i < frame.size(); ++i) {
    const auto value = static_cast<double>(frame[i]);
    found.mass += value;
    found.x += value * static_cast<double>(i % side);
    found.y += value * static_cast<double>(i / side);
  }
  found.x /= found.mass;
  found.y /= found.mass;
  return found;
}

TEST(MovingDigits, MoveTheWayTheirLabelSays) {
  const Dataset images = square();
  const MovingDigits sequences(images, {.count = 64, .seed = 3});
  std::vector<int> seen(8);
  std::vector<float> values(5 * 32 * 32);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    sequences.frames(i, values);
    const Centre first = centre(std::span(values).first(1024), 32);
    const Centre middle = centre(std::span(values).subspan(2048, 1024), 32);
    const Centre last = centre(std::span(values).last(1024), 32);
    const double way = std::atan2(last.y - first.y, last.x - first.x) / (std::acos(-1.0) / 4.0);
    EXPECT_NEAR(std::remainder(way - static_cast<double>(sequences.label(i)), 8.0), 0.0, 0.1);
    const double length = std::hypot(last.x - first.x, last.y - first.y);
    EXPECT_GT(length, 4 * 0.75 - 0.1);
    EXPECT_LT(length, 4 * 1.5 + 0.1);
    EXPECT_NEAR(middle.x, (first.x + last.x) / 2, 0.1) << "a way and its opposite look alike";
    EXPECT_NEAR(middle.mass, 16.0, 0.5) << "bilinear sampling keeps the ink";
    ++seen[static_cast<std::size_t>(sequences.label(i))];
  }
  for (const int count : seen) EXPECT_GT(count, 0);
}

TEST(MovingDigits, DependOnSeedAndIndexOnly) {
  const Dataset images = square();
  const MovingDigits one(images, {.count = 9, .seed = 1});
  const MovingDigits longer(images, {.count = 20, .seed = 1});
  const MovingDigits other(images, {.count = 9, .seed = 2});
  EXPECT_EQ(one.dataset(9), longer.dataset(9));
  EXPECT_NE(one.dataset(9).values, other.dataset(9).values);
  EXPECT_EQ(one.dataset(3).size(), 3U);
}

TEST(MovingDigits, OtherTasksHaveOtherLabels) {
  const Dataset images = square();
  const MovingDigits digit(images, {.task = SequenceTask::digit, .count = 5});
  EXPECT_EQ(digit.label(4), 7);
  EXPECT_EQ(digit.classes(), 10);
  const MovingDigits noise(images, {.task = SequenceTask::noise, .count = 2000});
  double sum = 0.0;
  for (std::size_t i = 0; i < noise.size(); ++i) sum += static_cast<double>(noise.label(i));
  EXPECT_NEAR(sum / 2000.0, 4.5, 0.2);
  EXPECT_THROW(MovingDigits(Dataset{.shape = {4}, .values = {1, 2, 3, 4}, .labels = {0}}, {}),
               DataError);
}

}  // namespace
}  // namespace emdyn::model::data
