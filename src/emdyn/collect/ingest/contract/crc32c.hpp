#pragma once
#include <cstdint>
#include <string_view>

namespace emdyn::collect::ingest {

/// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4 has test vectors),
/// eight bytes a step by tables. `crc` continues an earlier sum.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

/// The form event files store, rotated and shifted so that a sum over bytes that hold sums is
/// sound.
inline std::uint32_t masked_crc32c(std::string_view bytes) noexcept {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

}  // namespace emdyn::collect::ingest
