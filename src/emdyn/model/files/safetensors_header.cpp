#include "emdyn/model/files/safetensors_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/half.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie");

constexpr std::size_t kMostDimensions = 16;
constexpr std::uint64_t kLargestNumber = std::uint64_t{1} << 62;

template <class Stored>
void numbers(const char* bytes, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] = static_cast<float>(value);
  }
}

template <float (*kMeaning)(std::uint16_t)>
void words(const char* bytes, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t value;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] = kMeaning(value);
  }
}

using Kind = TensorType::Kind;
constexpr std::array kTypes{TensorType{"F32", 4, Kind::floating, numbers<float>},
                            TensorType{"F64", 8, Kind::floating, numbers<double>},
                            TensorType{"F16", 2, Kind::floating, words<from_binary16>},
                            TensorType{"BF16", 2, Kind::floating, words<from_bfloat16>},
                            TensorType{"I64", 8, Kind::integer, numbers<std::int64_t>},
                            TensorType{"U64", 8, Kind::integer, numbers<std::uint64_t>},
                            TensorType{"I32", 4, Kind::integer, numbers<std::int32_t>},
                            TensorType{"U32", 4, Kind::integer, numbers<std::uint32_t>},
                            TensorType{"I16", 2, Kind::integer, numbers<std::int16_t>},
                            TensorType{"U16", 2, Kind::integer, numbers<std::uint16_t>},
                            TensorType{"I8", 1, Kind::integer, numbers<std::int8_t>},
                            TensorType{"U8", 1, Kind::integer, numbers<std::uint8_t>},
                            TensorType{"BOOL", 1, Kind::integer, numbers<std::uint8_t>}};

/// Reads one entry of the header at a time.
class EntryReader {
 public:
  EntryReader(std::string_view what, std::uint64_t body) : what_(what), body_(body) {}

  TensorPlace place(const std::string& name, const Json& entry) {
    name_ = name;
    TensorPlace place;
    place.name = name;
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
        !entry.contains("shape") || !entry.contains("data_offsets"))
      fail("needs dtype, shape and data_offsets");
    place.type_name = entry["dtype"].get<std::string>();
    place.type = tensor_type(place.type_name);
    for (const std::uint64_t extent : whole_numbers(entry["shape"], kMostDimensions)) {
      // At most eight values a byte of the file: the product cannot overflow.
      if (extent != 0 && place.count > 8 * body_ / extent) fail("is larger than the file");
      place.count *= extent;
      place.shape.push_back(static_cast<std::int64_t>(extent));
    }
    const std::vector<std::uint64_t> offsets = whole_numbers(entry["data_offsets"], 2);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > body_)
      fail(fmt::format("has no place in the {} bytes behind the header", body_));
    place.begin = offsets[0];
    place.end = offsets[1];
    if (place.type != nullptr && place.end - place.begin != place.count * place.type->size)
      fail(fmt::format("has {} bytes, its shape and type take {}", place.end - place.begin,
                       place.count * place.type->size));
    return place;
  }

 private:
  [[noreturn]] void fail(const std::string& fault) const {
    throw DataError(fmt::format("{}: tensor {} {}", what_, terminal_safe(name_), fault));
  }

  std::vector<std::uint64_t> whole_numbers(const Json& list, std::size_t most) const {
    if (!list.is_array() || list.size() > most)
      fail(fmt::format("needs lists of at most {} whole numbers", most));
    std::vector<std::uint64_t> found;
    for (const Json& number : list) {
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() > kLargestNumber)
        fail("has a shape or an offset that is no whole number from 0 up");
      found.push_back(number.get<std::uint64_t>());
    }
    return found;
  }

  std::string_view what_;
  std::uint64_t body_;
  std::string name_;
};

void check_coverage(std::vector<TensorPlace>& places, std::uint64_t body, std::string_view what) {
  std::ranges::sort(places, [](const TensorPlace& a, const TensorPlace& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t at = 0;
  for (const TensorPlace& place : places) {
    if (place.begin != at)
      throw DataError(fmt::format("{}: tensor {} {} its neighbour", what, terminal_safe(place.name),
                                  place.begin < at ? "overlaps" : "leaves a gap to"));
    at = place.end;
  }
  if (at != body)
    throw DataError(fmt::format("{}: {} bytes behind the last tensor", what, body - at));
}

std::map<std::string, std::string> metadata_of(const Json& entry, std::string_view what) {
  std::map<std::string, std::string> metadata;
  if (!entry.is_object())
    throw DataError(fmt::format("{}: __metadata__ must be an object of texts", what));
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string())
      throw DataError(fmt::format("{}: __metadata__ must be an object of texts", what));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

}  // namespace

const TensorType* tensor_type(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kTypes, name, &TensorType::name);
  return found == kTypes.end() ? nullptr : found;
}

std::uint64_t header_length(std::string_view first_bytes, std::uint64_t file_bytes,
                            std::string_view what) {
  if (first_bytes.size() < 8 || file_bytes < 8)
    throw DataError(fmt::format("{}: {} bytes, too short for safetensors", what, file_bytes));
  std::uint64_t length = 0;
  std::memcpy(&length, first_bytes.data(), sizeof length);
  if (length > file_bytes - 8 || length > kLargestHeader)
    throw DataError(fmt::format("{}: no safetensors, or truncated: its header would take {} bytes",
                                what, length));
  return length;
}

SafetensorsHeader parse_header(std::string_view text, std::uint64_t body_bytes,
                               std::string_view what) {
  if (!text.starts_with('{'))
    throw DataError(fmt::format("{}: no safetensors: its header is no JSON object", what));
  const Json json = parse_json(text, fmt::format("{}: header", what));
  SafetensorsHeader header;
  EntryReader reader(what, body_bytes);
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") {
      header.metadata = metadata_of(entry, what);
    } else {
      header.tensors.push_back(reader.place(name, entry));
    }
  }
  check_coverage(header.tensors, body_bytes, what);
  return header;
}

}  // namespace emdyn::model
