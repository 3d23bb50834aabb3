#include "emdyn/collect/ingest/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/collect/ingest/registry.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

struct Magic {
  std::string_view bytes;
  std::string_view what;
};
constexpr std::array<Magic, 14> kForeign{{
    {"SQLite format 3", "an SQLite database"},
    {"PK\x03\x04", "a zip archive (a PyTorch checkpoint or a spreadsheet?)"},
    {"\x80\x02", "a Python pickle"},
    {"\x80\x04", "a Python pickle"},
    {"\x80\x05", "a Python pickle"},
    {"\x93NUMPY", "a NumPy array"},
    {"\x89HDF", "an HDF5 file"},
    {"PAR1", "a Parquet file"},
    {":W&B", "a W&B offline log; export its history as CSV or JSON lines"},
    {"\x28\xb5\x2f\xfd", "zstd-compressed data; unpack it first"},
    {"\xfd"
     "7zXZ",
     "xz-compressed data; unpack it first"},
    {"BZh", "bzip2-compressed data; unpack it first"},
    {"\xff\xfe", "UTF-16 text; convert it: iconv -f utf-16 -t utf-8"},
    {"\xfe\xff", "UTF-16 text; convert it: iconv -f utf-16 -t utf-8"},
}};

/// The first reader that takes the bytes, or wants more of them.
Format first_reader(const FileHead& head, bool binary) {
  for (const ReaderEntry& entry : registry().entries()) {
    if (entry.binary != binary) continue;
    const Sniffed sniffed = entry.sniff(head);
    if (sniffed != Sniffed::no) return sniffed == Sniffed::yes ? entry.format : Format::automatic;
  }
  return Format::automatic;
}

}  // namespace

Format detect_format(std::string_view head, bool whole, std::string_view path) {
  const Format binary = first_reader({head, head, whole}, true);
  if (binary != Format::automatic) return binary;
  for (const Magic& magic : kForeign) {
    if (!head.starts_with(magic.bytes)) continue;
    throw DataError(fmt::format("{}: {}; read are CSV, JSON, text logs and TensorBoard event files",
                                path, magic.what));
  }
  std::string_view text = head;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(
      std::min(text.find_first_not_of(std::string_view("\0 \t\r\n", 5)), text.size()));
  if (text.find('\0') != std::string_view::npos) {
    if (head.size() < 12 && !whole) return Format::automatic;  // Half the head of an event file?
    throw DataError(
        fmt::format("{}: a binary file of no known kind; read are CSV, JSON, text logs and "
                    "TensorBoard event files",
                    path));
  }
  if (text.empty()) return Format::automatic;
  return first_reader({head, text, whole}, false);
}

std::unique_ptr<Parser> make_parser(Format format, Feed& feed, Origin origin,
                                    const ReadOptions& options, SourceInfo& info) {
  info.format = format;
  if (format == Format::automatic) {
    throw DataError(fmt::format("{}: no format was chosen", origin.path));
  }
  return find_reader(format).make(feed, std::move(origin), options, info);
}

}  // namespace emdyn::collect::ingest
