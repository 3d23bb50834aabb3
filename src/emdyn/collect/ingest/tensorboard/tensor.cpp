#include <bit>
#include <cmath>
#include <limits>

#include "emdyn/collect/ingest/contract/wire.hpp"
#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"

namespace emdyn::collect::ingest {
namespace {

// Of tensorflow/core/framework/types.proto.
enum DataType : std::uint64_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kUint16 = 17,
  kHalf = 19,
  kUint32 = 22,
  kUint64 = 23,
};

double from_half(std::uint16_t bits) noexcept {
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  double magnitude = 0.0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double from_bfloat16(std::uint16_t bits) noexcept {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

template <class T>
std::optional<double> raw(std::string_view content) noexcept {
  if (content.size() != sizeof(T)) return std::nullopt;
  return static_cast<double>(little_endian<T>(content));
}

std::optional<double> from_content(std::uint64_t type, std::string_view content) noexcept {
  switch (type) {
    case kFloat:
      return raw<float>(content);
    case kDouble:
      return raw<double>(content);
    case kInt32:
      return raw<std::int32_t>(content);
    case kUint8:
    case kBool:
      return raw<std::uint8_t>(content);
    case kInt16:
      return raw<std::int16_t>(content);
    case kInt8:
      return raw<std::int8_t>(content);
    case kInt64:
      return raw<std::int64_t>(content);
    case kUint16:
      return raw<std::uint16_t>(content);
    case kUint32:
      return raw<std::uint32_t>(content);
    case kUint64:
      return raw<std::uint64_t>(content);
    case kHalf:
    case kBfloat16: {
      if (content.size() != 2) return std::nullopt;
      const auto bits = little_endian<std::uint16_t>(content);
      return type == kHalf ? from_half(bits) : from_bfloat16(bits);
    }
    default:
      return std::nullopt;
  }
}

double from_varint(std::uint64_t type, std::uint64_t bits) noexcept {
  if (type == kHalf) return from_half(static_cast<std::uint16_t>(bits));
  if (type == kBfloat16) return from_bfloat16(static_cast<std::uint16_t>(bits));
  if (type == kUint32 || type == kUint64 || type == kBool) return static_cast<double>(bits);
  return static_cast<double>(static_cast<std::int64_t>(bits));
}

/// True when the shape has one element; a shape of no dimensions is a scalar.
bool one_element(std::string_view shape) noexcept {
  WireReader dimensions(shape);
  while (dimensions.next()) {
    if (dimensions.is(3, WireReader::Type::varint) && dimensions.number() != 0) return false;
    if (!dimensions.is(2, WireReader::Type::bytes)) continue;
    std::uint64_t size = 0;
    WireReader dimension(dimensions.bytes());
    while (dimension.next()) {
      if (dimension.is(1, WireReader::Type::varint)) size = dimension.number();
    }
    if (!dimension.ok() || size != 1) return false;
  }
  return dimensions.ok();
}

/// The first number of a typed field (packed or not).
std::optional<double> from_field(const WireReader& reader, std::uint64_t type) noexcept {
  std::string_view packed = reader.bytes();
  switch (reader.type()) {
    case WireReader::Type::varint:
      return from_varint(type, reader.number());
    case WireReader::Type::fixed32:
      return static_cast<double>(reader.float32());
    case WireReader::Type::fixed64:
      return reader.float64();
    case WireReader::Type::bytes:
      break;
  }
  if (reader.field() == 5) return raw<float>(packed);
  if (reader.field() == 6) return raw<double>(packed);
  const auto bits = WireReader::take_varint(packed);
  if (!bits || !packed.empty()) return std::nullopt;
  return from_varint(type, *bits);
}

bool holds_numbers(std::uint32_t field) noexcept {
  // half_val, float_val, double_val, int_val, int64_val, bool_val, uint32_val, uint64_val.
  return field == 13 || field == 5 || field == 6 || field == 7 || field == 10 || field == 11 ||
         field == 16 || field == 17;
}

bool is_number_type(std::uint64_t type) noexcept {
  return (type >= kFloat && type <= kInt8) || type == kInt64 || type == kBool ||
         type == kBfloat16 || type == kUint16 || type == kHalf || type == kUint32 ||
         type == kUint64;
}

}  // namespace

std::optional<double> scalar_of_tensor(std::string_view message) noexcept {
  std::uint64_t type = 0;
  std::size_t numbers = 0;
  std::optional<double> value;
  // Fields come in any order: the type first.
  for (WireReader reader(message); reader.next();) {
    if (reader.is(1, WireReader::Type::varint)) type = reader.number();
  }
  if (!is_number_type(type)) return std::nullopt;
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(2, WireReader::Type::bytes) && !one_element(reader.bytes())) return std::nullopt;
    if (reader.is(4, WireReader::Type::bytes) && !reader.bytes().empty()) {
      value = from_content(type, reader.bytes());
      ++numbers;
    } else if (holds_numbers(reader.field())) {
      value = from_field(reader, type);
      ++numbers;
    }
  }
  if (!reader.ok() || numbers > 1) return std::nullopt;
  // protobuf leaves a repeated field of default values out: an empty tensor of one element is zero.
  return numbers == 0 ? std::optional(0.0) : value;
}

}  // namespace emdyn::collect::ingest
