#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string_view>
#include <vector>

#include "emdyn/model/data/dataset.hpp"

namespace emdyn::model::data {

/// An array as a file holds it.
struct Array {
  std::vector<std::int64_t> shape{};
  std::vector<float> values{};  ///< Row-major.
  bool bytes = false;           ///< Its values were unsigned bytes: pixels from 0 to 255.
};

inline constexpr std::size_t kEverything = std::numeric_limits<std::size_t>::max();

/// The IDX format of LeCun's MNIST files: two zero bytes, a type, the number of axes, big-endian
/// extents, values. At most the first `limit` entries of the first axis are read.
/// @throws DataError naming `what` when the bytes are no IDX or not as long as they claim.
Array parse_idx(std::string_view bytes, std::string_view what, std::size_t limit = kEverything);

/// Images, with their labels where `labels` is not empty; both may be gzipped.
/// @throws DataError as above, when there is not one label for each image, or when one unpacks to
/// more than 2 GiB.
Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 std::size_t limit = kEverything);

/// Examples out of an array [example, …]: bytes become numbers in [0, 1], [example, height, width]
/// one channel, a vector one feature.
/// @throws DataError naming `what` when the array has no axis or no values.
Dataset examples_of(Array array, std::string_view what);

/// Whole numbers from 0 up out of a vector. @throws DataError naming `what` and the first other.
std::vector<std::int64_t> labels_of(const Array& array, std::string_view what);

}  // namespace emdyn::model::data
