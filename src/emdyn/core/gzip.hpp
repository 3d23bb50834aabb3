#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace emdyn {

/// Reads a whole file, gzipped or not, at most `limit` bytes of it unpacked.
/// @throws DataError when it is missing, a folder, broken, truncated or longer.
std::string read_gzip(const std::filesystem::path& path, std::size_t limit);

/// @throws DataError when the file cannot be written.
void write_gzip(const std::filesystem::path& path, std::string_view text);

}  // namespace emdyn
