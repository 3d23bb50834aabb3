#include "emdyn/model/data/idx.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::data {
namespace {

constexpr std::size_t kLargestIdx = std::size_t{2} << 30;

std::uint64_t big_endian(const char* at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

float value_at(int type, const char* at) {
  switch (type) {
    case 0x08:
      return static_cast<float>(static_cast<std::uint8_t>(*at));
    case 0x09:
      return static_cast<float>(static_cast<std::int8_t>(*at));
    case 0x0B:
      return static_cast<float>(static_cast<std::int16_t>(big_endian(at, 2)));
    case 0x0C:
      return static_cast<float>(static_cast<std::int32_t>(big_endian(at, 4)));
    case 0x0D:
      return std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(at, 4)));
    default:
      return static_cast<float>(std::bit_cast<double>(big_endian(at, 8)));
  }
}

std::size_t size_of(int type) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

Array parse_idx(std::string_view bytes, std::string_view what, std::size_t limit) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    throw DataError(fmt::format("{}: no IDX file: it does not begin with two zero bytes", what));
  const int type = static_cast<unsigned char>(bytes[2]);
  const auto axes = static_cast<std::size_t>(static_cast<unsigned char>(bytes[3]));
  const std::size_t each = size_of(type);
  if (each == 0 || axes == 0 || axes > 8)
    throw DataError(fmt::format("{}: IDX type {} with {} axes is not known", what, type, axes));
  const std::size_t start = 4 + 4 * axes;
  if (bytes.size() < start) throw DataError(fmt::format("{}: truncated IDX header", what));
  Array array;
  array.bytes = type == 0x08;
  const std::uint64_t held = (bytes.size() - start) / each;
  std::uint64_t count = 1;
  bool fits = true;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::uint64_t extent = big_endian(bytes.data() + 4 + 4 * axis, 4);
    array.shape.push_back(static_cast<std::int64_t>(extent));
    if (extent == 0) throw DataError(fmt::format("{}: holds no values", what));
    fits = fits && count <= held / extent;
    if (fits) count *= extent;
  }
  if (!fits || count * each != bytes.size() - start)
    throw DataError(fmt::format("{}: its header claims another size than its {} bytes; truncated?",
                                what, bytes.size()));
  const auto rows = static_cast<std::uint64_t>(array.shape[0]);
  if (limit < rows) {
    count = count / rows * limit;
    array.shape[0] = static_cast<std::int64_t>(limit);
  }
  array.values.resize(count);
  const char* at = bytes.data() + start;
  for (float& value : array.values) {
    value = value_at(type, at);
    at += each;
  }
  return array;
}

Dataset examples_of(Array array, std::string_view what) {
  if (array.shape.empty() || array.values.empty())
    throw DataError(fmt::format("{}: holds no examples", what));
  Dataset dataset;
  dataset.name = what;
  dataset.shape.assign(array.shape.begin() + 1, array.shape.end());
  if (dataset.shape.empty()) dataset.shape = {1};
  if (dataset.shape.size() == 2) dataset.shape.insert(dataset.shape.begin(), 1);
  dataset.values = std::move(array.values);
  if (array.bytes) {
    for (float& value : dataset.values) value /= 255.0F;
  }
  return dataset;
}

std::vector<std::int64_t> labels_of(const Array& array, std::string_view what) {
  if (array.shape.size() != 1 && !(array.shape.size() == 2 && array.shape[1] == 1))
    throw DataError(fmt::format("{}: labels must be one whole number an example", what));
  std::vector<std::int64_t> labels;
  labels.reserve(array.values.size());
  for (const float value : array.values) {
    if (!(value >= 0.0F && value < 16777216.0F && value == std::floor(value)))
      throw DataError(fmt::format("{}: label {} of example {} is no whole number from 0 up", what,
                                  value, labels.size()));
    labels.push_back(static_cast<std::int64_t>(value));
  }
  return labels;
}

Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                 std::size_t limit) {
  const std::string shown = terminal_safe(images.string());
  Dataset dataset = examples_of(parse_idx(read_gzip(images, kLargestIdx), shown, limit), shown);
  if (labels.empty()) return dataset;
  const std::string labels_shown = terminal_safe(labels.string());
  dataset.labels =
      labels_of(parse_idx(read_gzip(labels, kLargestIdx), labels_shown, limit), labels_shown);
  if (dataset.labels.size() != dataset.size())
    throw DataError(fmt::format("{}: {} labels for {} images of {}", labels_shown,
                                dataset.labels.size(), dataset.size(), shown));
  return dataset;
}

}  // namespace emdyn::model::data
