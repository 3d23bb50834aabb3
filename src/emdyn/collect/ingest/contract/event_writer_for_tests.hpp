#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/crc32c.hpp"

// Writes event files by hand, for tests; not installed.
namespace emdyn::collect::ingest::testing {

template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
inline std::string varint_field(std::uint64_t field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string length_delimited(std::uint64_t field, std::string_view bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

template <class T>
std::string fixed_field(std::uint64_t field, T value) {
  std::string bytes = varint(field << 3 | (sizeof(T) == 8 ? 1 : 5));
  return bytes.append(bytes_of(value));
}

inline std::string frame(std::string_view data) {
  const std::string length = bytes_of(static_cast<std::uint64_t>(data.size()));
  return length + bytes_of(masked_crc32c(length)) + std::string(data) +
         bytes_of(masked_crc32c(data));
}

inline std::string event(double seconds, std::int64_t step, std::string_view summary_value) {
  return frame(fixed_field(1, seconds) + varint_field(2, static_cast<std::uint64_t>(step)) +
               length_delimited(5, length_delimited(1, summary_value)));
}

inline std::string event_file() {
  return frame(fixed_field(1, 1.0) + length_delimited(3, "brain.Event:2"));
}
inline std::string scalar_event(double seconds, std::int64_t step, std::string_view tag,
                                float value) {
  return event(seconds, step, length_delimited(1, tag) + fixed_field(2, value));
}
inline std::string tensor_event(std::int64_t step, std::string_view tag, std::string_view tensor) {
  return event(1.0, step, length_delimited(1, tag) + length_delimited(8, tensor));
}

}  // namespace emdyn::collect::ingest::testing
