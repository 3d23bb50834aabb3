#include "emdyn/model/data/zip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::data {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50;
constexpr std::uint32_t kCentral = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kLocator64Size = 20;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;

/// Little-endian numbers at checked places.
class Bytes {
 public:
  Bytes(std::string_view bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::uint64_t number(std::uint64_t at, std::size_t size) const {
    const std::string_view piece = part(at, size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(piece[i]);
    return value;
  }
  std::string_view part(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) fail("truncated, or an offset is wrong");
    return bytes_.substr(at, size);
  }
  [[noreturn]] void fail(std::string_view fault) const {
    throw DataError(fmt::format("{}: zip archive: {}", what_, fault));
  }

 private:
  std::string_view bytes_;
  std::string_view what_;
};

struct Directory {
  std::uint64_t count = 0;
  std::uint64_t offset = 0;
};

Directory directory_of(const Bytes& archive, std::string_view bytes) {
  // The end record is followed by a comment of at most 65,535 bytes.
  const std::size_t first = bytes.size() - std::min<std::size_t>(bytes.size(), kEndSize + 65535);
  const auto end = bytes.rfind(std::string_view("PK\x05\x06", 4));
  if (end == std::string_view::npos || end < first || bytes.size() - end < kEndSize)
    archive.fail("no end record; truncated?");
  Directory found{archive.number(end + 10, 2), archive.number(end + 16, 4)};
  if (found.count != 0xFFFF && found.offset != kIn64) return found;
  if (end < kLocator64Size) archive.fail("no 64-bit end record");
  const std::uint64_t at = archive.number(end - kLocator64Size + 8, 8);
  if (archive.number(at, 4) != kEnd64) archive.fail("no 64-bit end record");
  return {archive.number(at + 32, 8), archive.number(at + 48, 8)};
}

/// The 64-bit values that stand in the extra field in place of what did not fit.
struct Wide {
  std::uint64_t size;
  std::uint64_t packed;
  std::uint64_t offset;
};

void widen(const Bytes& archive, std::uint64_t at, std::uint64_t length, Wide& wide) {
  const std::uint64_t end = at + length;
  while (at + 4 <= end) {
    const std::uint64_t id = archive.number(at, 2);
    const std::uint64_t size = archive.number(at + 2, 2);
    if (id == 1) {
      std::uint64_t place = at + 4;
      for (std::uint64_t* value : {&wide.size, &wide.packed, &wide.offset}) {
        if (*value != kIn64) continue;
        if (place + 8 > at + 4 + size) archive.fail("a 64-bit size is missing");
        *value = archive.number(place, 8);
        place += 8;
      }
      return;
    }
    at += 4 + size;
  }
}

void put(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// What local header and directory say alike.
void put_header(std::string& out, const std::string& name, const std::string& content) {
  put(out, 20, 2);  // Version needed.
  put(out, 0, 2);   // Flags.
  put(out, 0, 2);   // Stored.
  put(out, 0, 2);   // Time and date: 1 January 1980.
  put(out, 0x21, 2);
  put(out, crc_of(content), 4);
  put(out, content.size(), 4);
  put(out, content.size(), 4);
  put(out, name.size(), 2);
  put(out, 0, 2);  // Extra field.
}

}  // namespace

std::vector<ZipEntry> zip_entries(std::string_view bytes, std::string_view what,
                                  const ZipLimits& limits) {
  const Bytes archive(bytes, what);
  const Directory directory = directory_of(archive, bytes);
  if (directory.count > limits.entries)
    archive.fail(fmt::format("more than {} files", limits.entries));
  std::vector<ZipEntry> entries;
  std::uint64_t at = directory.offset;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    if (archive.number(at, 4) != kCentral) archive.fail("its directory is damaged");
    const std::uint64_t flags = archive.number(at + 8, 2);
    const std::uint64_t method = archive.number(at + 10, 2);
    if ((flags & 1) != 0) archive.fail("is encrypted");
    if (method != 0 && method != 8) archive.fail("packed by a method other than deflate");
    Wide wide{archive.number(at + 24, 4), archive.number(at + 20, 4), archive.number(at + 42, 4)};
    const std::uint64_t name_length = archive.number(at + 28, 2);
    const std::uint64_t extra_length = archive.number(at + 30, 2);
    widen(archive, at + 46 + name_length, extra_length, wide);
    if (archive.number(wide.offset, 4) != kLocal) archive.fail("a file's header is missing");
    const std::uint64_t start = wide.offset + 30 + archive.number(wide.offset + 26, 2) +
                                archive.number(wide.offset + 28, 2);
    entries.push_back({archive.part(at + 46, name_length), archive.part(start, wide.packed),
                       wide.size, static_cast<std::uint32_t>(archive.number(at + 16, 4)),
                       method == 8});
    at += 46 + name_length + extra_length + archive.number(at + 32, 2);
  }
  return entries;
}

std::string unzip(const ZipEntry& entry, std::string_view what, const ZipLimits& limits) {
  const auto fail = [&](std::string_view fault) {
    throw DataError(fmt::format("{}: {}: {}", what, terminal_safe(std::string(entry.name)), fault));
  };
  // Deflate packs at most 1,032 to 1: a greater claim is a lie, and no memory is taken for it.
  if (entry.size > limits.entry_bytes ||
      entry.size > std::uint64_t{1032} * entry.packed.size() + 64)
    fail("claims to unpack to more than it can, or than is read");
  std::string out;
  if (!entry.deflated) {
    out = entry.packed;
  } else {
    if (entry.packed.size() > std::numeric_limits<uInt>::max()) fail("is too large");
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
      throw UnavailableError("zlib cannot start: out of memory?");
    out.resize(entry.size + 1);  // One more, to see a claim that is too small.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(entry.packed.data()));
    stream.avail_in = static_cast<uInt>(entry.packed.size());
    std::size_t made = 0;
    int status = Z_OK;
    while (status == Z_OK && made < out.size()) {
      const std::size_t room = std::min<std::size_t>(out.size() - made, std::size_t{1} << 30);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
      stream.avail_out = static_cast<uInt>(room);
      status = inflate(&stream, Z_NO_FLUSH);
      made += room - stream.avail_out;
      if (status == Z_BUF_ERROR) break;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END) fail("its data are damaged");
    out.resize(made);
  }
  if (out.size() != entry.size || crc_of(out) != entry.crc) fail("its size or checksum is wrong");
  return out;
}

std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out;
  std::string directory;
  for (const auto& [name, content] : files) {
    const std::uint64_t offset = out.size();
    if (offset + content.size() > 0xFFFF0000) throw DataError("zip archive: larger than 4 GiB");
    put(out, kLocal, 4);
    put_header(out, name, content);
    out += name + content;
    put(directory, kCentral, 4);
    put(directory, 20, 2);
    put_header(directory, name, content);
    put(directory, 0, 2);  // Comment, part, attributes.
    put(directory, 0, 2);
    put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, offset, 4);
    directory += name;
  }
  const std::uint64_t start = out.size();
  out += directory;
  put(out, kEnd, 4);
  put(out, 0, 4);
  put(out, files.size(), 2);
  put(out, files.size(), 2);
  put(out, directory.size(), 4);
  put(out, start, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace emdyn::model::data
