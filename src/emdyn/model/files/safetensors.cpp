#include "emdyn/model/files/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "emdyn/core/error.hpp"
#include "emdyn/core/half.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"

namespace emdyn::model {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie");

constexpr std::size_t kLargestHeader = std::size_t{16} << 20;
constexpr std::uint64_t kLargestFile = std::uint64_t{4} << 30;
constexpr std::size_t kMostDimensions = 16;

template <class Stored>
float one(const char* bytes) {
  Stored value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<float>(value);
}

template <float (*kMeaning)(std::uint16_t)>
float word(const char* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return kMeaning(value);
}

struct Type {
  std::string_view name;
  std::size_t size;
  float (*read)(const char* bytes);
};
constexpr std::array kTypes{
    Type{"F32", 4, one<float>},          Type{"F64", 8, one<double>},
    Type{"F16", 2, word<from_binary16>}, Type{"BF16", 2, word<from_bfloat16>},
    Type{"I64", 8, one<std::int64_t>},   Type{"U64", 8, one<std::uint64_t>},
    Type{"I32", 4, one<std::int32_t>},   Type{"U32", 4, one<std::uint32_t>},
    Type{"I16", 2, one<std::int16_t>},   Type{"U16", 2, one<std::uint16_t>},
    Type{"I8", 1, one<std::int8_t>},     Type{"U8", 1, one<std::uint8_t>},
    Type{"BOOL", 1, one<std::uint8_t>}};

/// Where a tensor lies, checked against the file.
struct Place {
  std::string name;
  const Type* type = nullptr;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t count = 1;
};

class HeaderReader {
 public:
  HeaderReader(std::string_view what, std::uint64_t body) : what_(what), body_(body) {}

  Place place(const std::string& name, const Json& entry) {
    name_ = name;
    Place place;
    place.name = name;
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
        !entry.contains("shape") || !entry.contains("data_offsets"))
      fail("needs dtype, shape and data_offsets");
    const auto type = entry["dtype"].get<std::string>();
    place.type = std::ranges::find(kTypes, type, &Type::name);
    if (place.type == kTypes.end()) fail(fmt::format("is of type {}, not read", type));
    const std::vector<std::uint64_t> shape = whole_numbers(entry["shape"], kMostDimensions);
    for (const std::uint64_t extent : shape) {
      // At most one element per byte of the file: the product cannot overflow.
      if (extent == 0) fail("is empty");
      if (place.count > body_ / extent) fail("is larger than the file");
      place.count *= extent;
      place.shape.push_back(static_cast<std::int64_t>(extent));
    }
    const std::vector<std::uint64_t> offsets = whole_numbers(entry["data_offsets"], 2);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > body_)
      fail(fmt::format("has no place in the {} bytes behind the header", body_));
    place.begin = offsets[0];
    place.end = offsets[1];
    if (place.end - place.begin != place.count * place.type->size)
      fail(fmt::format("has {} bytes, its shape and type take {}", place.end - place.begin,
                       place.count * place.type->size));
    return place;
  }

 private:
  [[noreturn]] void fail(const std::string& fault) const {
    throw DataError(
        fmt::format("{}: tensor {} {}", what_, terminal_safe(name_), terminal_safe(fault)));
  }

  std::vector<std::uint64_t> whole_numbers(const Json& list, std::size_t most) const {
    if (!list.is_array() || list.size() > most)
      fail(fmt::format("needs lists of at most {} whole numbers", most));
    std::vector<std::uint64_t> numbers;
    for (const Json& number : list) {
      if (!number.is_number_unsigned() ||
          number.get<std::uint64_t>() > static_cast<std::uint64_t>(1) << 62)
        fail("has a shape or an offset that is no whole number from 0 up");
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  std::string_view what_;
  std::uint64_t body_;
  std::string name_;
};

void check_coverage(std::vector<Place>& places, std::uint64_t body, std::string_view what) {
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Place& place : places) {
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

std::uint64_t length_of(std::string_view bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length;
}

}  // namespace

Safetensors parse_safetensors(std::string_view bytes, std::string_view what) {
  if (bytes.size() < 8)
    throw DataError(fmt::format("{}: {} bytes, too short for safetensors", what, bytes.size()));
  const std::uint64_t length = length_of(bytes);
  if (length > bytes.size() - 8 || length > kLargestHeader)
    throw DataError(fmt::format("{}: no safetensors, or truncated: its header would take {} bytes",
                                what, length));
  const std::string_view text = bytes.substr(8, length);
  if (!text.starts_with('{'))
    throw DataError(fmt::format("{}: no safetensors: its header is no JSON object", what));
  const Json header = parse_json(text, fmt::format("{}: header", what));
  const std::string_view body = bytes.substr(8 + length);

  Safetensors content;
  std::vector<Place> places;
  HeaderReader reader(what, body.size());
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      content.metadata = metadata_of(entry, what);
    } else {
      places.push_back(reader.place(name, entry));
    }
  }
  check_coverage(places, body.size(), what);
  for (const Place& place : places) {
    StoredTensor tensor{place.name, place.shape, std::vector<float>(place.count)};
    const char* at = body.data() + place.begin;
    for (float& value : tensor.values) {
      value = place.type->read(at);
      at += place.type->size;
    }
    content.tensors.push_back(std::move(tensor));
  }
  std::ranges::sort(content.tensors, {}, &StoredTensor::name);
  return content;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_whole_file(path, kLargestFile), terminal_safe(path.string()));
}

std::string safetensors_bytes(const Safetensors& content) {
  std::map<std::string, const StoredTensor*> by_name;
  for (const StoredTensor& tensor : content.tensors) {
    if (!by_name.emplace(tensor.name, &tensor).second || tensor.name == "__metadata__")
      throw DataError(fmt::format("safetensors: two tensors are called {}", tensor.name));
  }
  Json header = Json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t at = 0;
  std::string body;
  for (const auto& [name, tensor] : by_name) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : tensor->shape) count *= static_cast<std::uint64_t>(extent);
    if (count != tensor->values.size())
      throw DataError(fmt::format("safetensors: {} holds {} values, its shape takes {}", name,
                                  tensor->values.size(), count));
    const std::uint64_t size = count * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {at, at + size}}};
    at += size;
    body.append(reinterpret_cast<const char*>(tensor->values.data()), size);
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // Tensors begin at a multiple of 8.
  const std::uint64_t length = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + text + body;
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& content) {
  replace_file(path, safetensors_bytes(content));
}

}  // namespace emdyn::model
