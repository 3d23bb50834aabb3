#include "emdyn/model/data/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "emdyn/core/error.hpp"
#include "emdyn/core/half.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::data {
namespace {

constexpr std::size_t kLargestHeader = 65536;
constexpr std::size_t kMostAxes = 8;

template <class Stored>
float one(const char* at, bool swapped) {
  std::array<char, sizeof(Stored)> bytes;
  std::memcpy(bytes.data(), at, sizeof(Stored));
  if (swapped) std::ranges::reverse(bytes);
  return static_cast<float>(std::bit_cast<Stored>(bytes));
}

float half(const char* at, bool swapped) {
  std::array<char, 2> bytes{at[0], at[1]};
  if (swapped) std::ranges::reverse(bytes);
  return from_binary16(std::bit_cast<std::uint16_t>(bytes));
}

struct Type {
  std::string_view name;  ///< NumPy's, without the byte order.
  std::size_t size;
  float (*read)(const char* at, bool swapped);
};
constexpr std::array kTypes{Type{"f4", 4, one<float>},
                            Type{"f8", 8, one<double>},
                            Type{"f2", 2, half},
                            Type{"u1", 1, one<std::uint8_t>},
                            Type{"b1", 1, one<std::uint8_t>},
                            Type{"i1", 1, one<std::int8_t>},
                            Type{"u2", 2, one<std::uint16_t>},
                            Type{"i2", 2, one<std::int16_t>},
                            Type{"u4", 4, one<std::uint32_t>},
                            Type{"i4", 4, one<std::int32_t>},
                            Type{"u8", 8, one<std::uint64_t>},
                            Type{"i8", 8, one<std::int64_t>}};

/// The header, a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  std::string_view quoted(std::string_view key) const {
    const std::string_view rest = value(key);
    const char quote = rest.empty() ? '\0' : rest[0];
    const auto end = rest.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos)
      fail(fmt::format("its {} is no text; structured types are not read", key));
    return rest.substr(1, end - 1);
  }

  bool truth(std::string_view key) const {
    const std::string_view rest = value(key);
    if (rest.starts_with("True")) return true;
    if (!rest.starts_with("False")) fail(fmt::format("its {} is no truth value", key));
    return false;
  }

  std::vector<std::int64_t> numbers(std::string_view key) const {
    std::string_view rest = value(key);
    const auto end = rest.find(')');
    if (!rest.starts_with('(') || end == std::string_view::npos)
      fail(fmt::format("its {} is no tuple", key));
    rest = rest.substr(1, end - 1);
    std::vector<std::int64_t> found;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      std::string_view item = rest.substr(0, comma);
      while (item.starts_with(' ')) item.remove_prefix(1);
      while (item.ends_with(' ') || item.ends_with('L')) item.remove_suffix(1);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (item.empty()) continue;
      const auto number = parse_double(item);
      if (!number || *number < 1 || *number > 1e15 || *number != std::floor(*number) ||
          found.size() == kMostAxes)
        fail("its shape is no list of at most 8 whole numbers from 1 up");
      found.push_back(static_cast<std::int64_t>(*number));
    }
    return found;
  }

  [[noreturn]] void fail(std::string_view fault) const {
    throw DataError(fmt::format("{}: npy header: {}", what_, fault));
  }

 private:
  std::string_view value(std::string_view key) const {
    const auto at = text_.find(fmt::format("'{}'", key));
    if (at == std::string_view::npos) fail(fmt::format("has no {}", key));
    std::string_view rest = text_.substr(at + key.size() + 2);
    while (rest.starts_with(' ') || rest.starts_with(':')) rest.remove_prefix(1);
    return rest;
  }

  std::string_view text_;
  std::string_view what_;
};

struct Body {
  std::string_view header;
  std::string_view values;
};

Body cut(std::string_view bytes, std::string_view what) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  if (!bytes.starts_with(kMagic) || bytes.size() < 10)
    throw DataError(fmt::format("{}: no npy file", what));
  const int version = bytes[6];
  const std::size_t width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = std::min(width, bytes.size() - 8); i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(bytes[8 + i]);
  const std::size_t start = 8 + width;
  if (version < 1 || version > 3 || start > bytes.size() || length > kLargestHeader ||
      length > bytes.size() - start)
    throw DataError(
        fmt::format("{}: npy file with a header that is damaged or of a version that "
                    "is not known",
                    what));
  return {bytes.substr(start, length), bytes.substr(start + length)};
}

/// The arrays of an archive by their names without .npy.
struct Named {
  std::string_view name;
  const ZipEntry* entry;
};

/// The first of `names` the archive has.
const Named* first_of(const std::vector<Named>& arrays, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto found = std::ranges::find(arrays, std::string_view(name), &Named::name);
    if (found != arrays.end()) return &*found;
  }
  return nullptr;
}

std::vector<std::string> names_for(std::string_view split, std::vector<std::string> plain) {
  std::vector<std::string> names;
  for (const std::string& name : plain) {
    names.push_back(fmt::format("{}_{}", name, split));
    names.push_back(fmt::format("{}_{}", split, name));
  }
  names.insert(names.end(), plain.begin(), plain.end());
  return names;
}

std::string npy_bytes(std::string_view descr, const std::vector<std::int64_t>& shape,
                      std::string_view values) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}",
                                   descr, fmt::join(shape, ", "));
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += std::string("\x01\x00", 2);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + std::string(values);
}

}  // namespace

Array parse_npy(std::string_view bytes, std::string_view what, std::size_t limit) {
  const Body body = cut(bytes, what);
  const HeaderReader header(body.header, what);
  const std::string_view descr = header.quoted("descr");
  const std::string_view name = descr.substr(std::min<std::size_t>(1, descr.size()));
  const auto type = std::ranges::find(kTypes, name, &Type::name);
  if (type == kTypes.end() || std::string_view("<>=|").find(descr[0]) == std::string_view::npos)
    header.fail(
        fmt::format("type {} is not read; save numbers", terminal_safe(std::string(descr))));
  if (header.truth("fortran_order"))
    header.fail("column-major order is not read; save numpy.ascontiguousarray(x)");
  Array array;
  array.shape = header.numbers("shape");
  array.bytes = type->name == "u1";
  std::uint64_t count = 1;
  for (const std::int64_t extent : array.shape) {
    if (count > body.values.size() / static_cast<std::uint64_t>(extent))
      header.fail("claims more values than the file holds");
    count *= static_cast<std::uint64_t>(extent);
  }
  if (count * type->size != body.values.size())
    header.fail(fmt::format("claims {} bytes of values, there are {}; truncated?",
                            count * type->size, body.values.size()));
  if (!array.shape.empty() && limit < static_cast<std::uint64_t>(array.shape[0])) {
    count = count / static_cast<std::uint64_t>(array.shape[0]) * limit;
    array.shape[0] = static_cast<std::int64_t>(limit);
  }
  const bool swapped = descr[0] == '>';
  array.values.resize(count);
  const char* at = body.values.data();
  for (float& value : array.values) {
    value = type->read(at, swapped);
    at += type->size;
  }
  return array;
}

Dataset parse_npz(std::string_view bytes, std::string_view what, std::string_view split,
                  std::size_t limit, const ZipLimits& limits) {
  const std::vector<ZipEntry> entries = zip_entries(bytes, what, limits);
  std::vector<Named> arrays;
  std::vector<std::string> names;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.ends_with(".npy")) continue;
    arrays.push_back({entry.name.substr(0, entry.name.size() - 4), &entry});
    names.push_back(terminal_safe(std::string(arrays.back().name)));
  }
  const Named* x = first_of(arrays, names_for(split, {"x", "X", "images", "data"}));
  if (x == nullptr)
    throw DataError(
        fmt::format("{}: no array x, images or data; it holds {}; save with "
                    "numpy.savez(file, x=…, y=…)",
                    what, fmt::join(names, ", ")));
  const Named* y = first_of(arrays, names_for(split, {"y", "Y", "labels", "targets"}));
  const auto read = [&](const Named& array) {
    return parse_npy(unzip(*array.entry, what, limits), fmt::format("{}: {}", what, array.name),
                     limit);
  };
  Dataset dataset = examples_of(read(*x), what);
  if (y == nullptr) return dataset;
  dataset.labels = labels_of(read(*y), what);
  if (dataset.labels.size() != dataset.size())
    throw DataError(
        fmt::format("{}: {} labels for {} examples", what, dataset.labels.size(), dataset.size()));
  return dataset;
}

namespace {

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
std::string column_bytes(std::string_view descr, const std::vector<T>& values) {
  return npy_bytes(descr, {static_cast<std::int64_t>(values.size())}, bytes_of(values));
}

/// Of an array with one entry an example.
std::vector<std::int64_t> shape_of_all(const Dataset& dataset) {
  std::vector<std::int64_t> shape = dataset.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(dataset.size()));
  return shape;
}

}  // namespace

std::string npz_of_floats(const Dataset& dataset, const ExampleNotes& notes) {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("x.npy", npy_bytes("<f4", shape_of_all(dataset), bytes_of(dataset.values)));
  if (!dataset.labels.empty()) files.emplace_back("y.npy", column_bytes("<i8", dataset.labels));
  if (!notes.index.empty()) files.emplace_back("index.npy", column_bytes("<i8", notes.index));
  if (!notes.distance.empty())
    files.emplace_back("distance.npy", column_bytes("<f8", notes.distance));
  return zip_bytes(files);
}

std::string npz_bytes(const Dataset& dataset) {
  std::string pixels;
  pixels.reserve(dataset.values.size());
  for (const float value : dataset.values)
    pixels.push_back(static_cast<char>(
        static_cast<unsigned char>(std::lround(255.0F * std::clamp(value, 0.0F, 1.0F)))));
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("x.npy", npy_bytes("|u1", shape_of_all(dataset), pixels));
  if (!dataset.labels.empty()) files.emplace_back("y.npy", column_bytes("<i8", dataset.labels));
  return zip_bytes(files);
}

}  // namespace emdyn::model::data
