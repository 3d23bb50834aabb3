#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace emdyn::model::data {

/// Examples in memory, one after the other, row-major. Images hold values in [0, 1].
struct Dataset {
  std::string name{};
  /// Of one example: [channel, height, width], [frame, channel, height, width] or [feature].
  std::vector<std::int64_t> shape{};
  std::vector<float> values{};
  std::vector<std::int64_t> labels{};  ///< One per example, or none at all.
  std::vector<std::string> classes{};  ///< Names of the labels, where the source has names.

  std::size_t example_size() const noexcept {
    std::size_t size = 1;
    for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
    return shape.empty() ? 0 : size;
  }
  std::size_t size() const noexcept {
    const std::size_t each = example_size();
    return each == 0 ? 0 : values.size() / each;
  }
  std::span<const float> example(std::size_t index) const noexcept {
    return std::span(values).subspan(index * example_size(), example_size());
  }
  bool operator==(const Dataset&) const = default;
};

}  // namespace emdyn::model::data
