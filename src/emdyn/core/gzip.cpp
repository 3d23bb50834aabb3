#include "emdyn/core/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <memory>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn {

std::string read_gzip(const std::filesystem::path& path, std::size_t limit) {
  const std::string shown = terminal_safe(path.string());
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw DataError(fmt::format("{}: is a folder, a file is needed", shown));
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw DataError(fmt::format("{}: cannot be read", shown));
  std::string text;
  std::string block(1u << 16, '\0');
  for (;;) {
    const int got = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()));
    if (got < 0) throw DataError(fmt::format("{}: broken gzip data", shown));
    if (got == 0) break;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > limit)
      throw DataError(fmt::format("{}: more than {} bytes unpacked", shown, limit));
  }
  int status = Z_OK;
  gzerror(file.get(), &status);
  if (status == Z_BUF_ERROR) throw DataError(fmt::format("{}: truncated", shown));
  return text;
}

void write_gzip(const std::filesystem::path& path, std::string_view text) {
  gzFile file = gzopen(path.c_str(), "wb9");
  const bool written =
      file != nullptr && gzwrite(file, text.data(), static_cast<unsigned>(text.size())) ==
                             static_cast<int>(text.size());
  const bool closed = file != nullptr && gzclose(file) == Z_OK;
  if (!written || !closed)
    throw DataError(fmt::format("{}: cannot be written", terminal_safe(path.string())));
}

}  // namespace emdyn
