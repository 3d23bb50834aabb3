#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace emdyn::collect::ingest {

/// A little-endian number at the front of `bytes`, which must be long enough.
template <class T>
T little_endian(std::string_view bytes) noexcept {
  static_assert(std::endian::native == std::endian::little, "big-endian machines need a swap here");
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// Walks over the fields of one protobuf message (the wire format, encoding of the protocol
/// buffers' documentation) without ever reading beyond its end. Groups are not supported: none of
/// the messages read here has one.
///
///   for (WireReader reader(bytes); reader.next();) if (reader.field() == 1) … reader.bytes() …
///   if (!reader.ok()) the message is malformed.
class WireReader {
 public:
  enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit WireReader(std::string_view message) noexcept : rest_(message) {}

  /// Moves to the next field; false at the end or where the message is malformed.
  bool next() noexcept {
    if (rest_.empty() || !ok_) return false;
    const auto key = varint();
    if (!key || *key >> 3 == 0 || *key >> 3 > 0x1FFFFFFF) return ok_ = false;
    field_ = static_cast<std::uint32_t>(*key >> 3);
    type_ = static_cast<Type>(*key & 7);
    switch (type_) {
      case Type::varint:
        return read_varint();
      case Type::fixed64:
        return take(8);
      case Type::fixed32:
        return take(4);
      case Type::bytes: {
        const auto length = varint();
        if (!length || *length > rest_.size()) return ok_ = false;
        return take(static_cast<std::size_t>(*length));
      }
    }
    return ok_ = false;
  }

  bool ok() const noexcept { return ok_; }
  std::uint32_t field() const noexcept { return field_; }
  Type type() const noexcept { return type_; }
  bool is(std::uint32_t field, Type type) const noexcept {
    return field_ == field && type_ == type;
  }

  std::uint64_t number() const noexcept { return number_; }     ///< Of a varint.
  std::string_view bytes() const noexcept { return payload_; }  ///< Of any other type.
  double float64() const noexcept { return little_endian<double>(payload_); }  ///< Of a fixed64.
  float float32() const noexcept { return little_endian<float>(payload_); }    ///< Of a fixed32.

  /// One varint off the front of packed numbers; nothing when none is whole.
  static std::optional<std::uint64_t> take_varint(std::string_view& bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 10 && i < bytes.size(); ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) {
        bytes.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::uint64_t> varint() noexcept { return take_varint(rest_); }
  bool read_varint() noexcept {
    const auto value = varint();
    if (!value) return ok_ = false;
    number_ = *value;
    return true;
  }
  bool take(std::size_t length) noexcept {
    if (length > rest_.size()) return ok_ = false;
    payload_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  std::string_view rest_;
  std::string_view payload_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  Type type_ = Type::varint;
  bool ok_ = true;
};

}  // namespace emdyn::collect::ingest
