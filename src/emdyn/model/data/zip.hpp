#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::model::data {

/// Bounds against archives that unpack to more than memory holds.
struct ZipLimits {
  std::uint64_t entry_bytes = std::uint64_t{4} << 30;  ///< Most bytes out of one entry.
  std::size_t entries = 10'000;
};

/// One file of a zip archive. The views point into the archive.
struct ZipEntry {
  std::string_view name;
  std::string_view packed;
  std::uint64_t size = 0;  ///< Unpacked, as claimed; checked when it is read.
  std::uint32_t crc = 0;
  bool deflated = false;
};

/// The directory of an archive (PKWARE APPNOTE 6.3): stored and deflated entries, also with 64-bit
/// sizes; no encryption, no parts. Every offset is checked against the file.
/// @throws DataError naming `what`.
std::vector<ZipEntry> zip_entries(std::string_view bytes, std::string_view what,
                                  const ZipLimits& limits = {});

/// Unpacks one entry; its claimed size bounds the memory, and it and the checksum must be right.
/// @throws DataError naming `what`.
std::string unzip(const ZipEntry& entry, std::string_view what, const ZipLimits& limits = {});

/// An archive of stored entries without dates: equal contents give equal bytes.
/// @throws DataError when it would be larger than 4 GiB.
std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace emdyn::model::data
