#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace emdyn {

/// Reads a whole file; its size is known before anything is allocated.
/// @throws DataError when it is missing, no regular file, or longer than `limit` bytes.
std::string read_whole_file(const std::filesystem::path& path, std::uint64_t limit);

/// Replaces a file as a whole: written beside it, synced and renamed, so that an interruption
/// leaves the old file or the new one.
/// @throws DataError when it cannot be written.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace emdyn
