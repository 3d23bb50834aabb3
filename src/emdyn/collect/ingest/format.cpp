#include "emdyn/collect/ingest/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"
#include "emdyn/collect/ingest/contract/wire.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/collect/ingest/json/json_document.hpp"
#include "emdyn/collect/ingest/json/jsonl.hpp"
#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::array<std::string_view, 5> kFormats{"automatic", "csv", "jsonl", "tfevents", "json"};

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

bool is_event_file(std::string_view head) noexcept {
  return head.size() >= 12 &&
         little_endian<std::uint32_t>(head.substr(8)) == masked_crc32c(head.substr(0, 8));
}

/// An object on its first line makes JSON lines, unless it holds a whole log; anything else in
/// braces is one document.
Format kind_of_json(std::string_view text, bool whole) {
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos && !whole) {
    if (text.size() < kHeadBytes) return Format::automatic;
    const bool log = text.find("\"log_history\"") != std::string_view::npos ||
                     text.find("\"series\"") != std::string_view::npos;
    return log ? Format::json : Format::jsonl;
  }
  std::vector<FlatEntry> entries;
  const std::string_view line = text.substr(0, newline);
  if (flatten_json(line, Limits{}.columns, entries).empty()) {
    const bool log = std::ranges::any_of(entries, [](const FlatEntry& entry) {
      return entry.kind == FlatEntry::Kind::other &&
             (entry.key == "log_history" || entry.key == "series");
    });
    return log ? Format::json : Format::jsonl;
  }
  // A brace alone on its line opens a document written over many lines.
  const bool alone = line.find_first_not_of(" \t\r", 1) == std::string_view::npos;
  return alone ? Format::json : Format::jsonl;
}

}  // namespace

std::string_view word(Format format) noexcept { return kFormats[static_cast<std::size_t>(format)]; }

Format format_from_word(std::string_view word) {
  const auto found = std::ranges::find(kFormats, word);
  if (found != kFormats.end()) return static_cast<Format>(found - kFormats.begin());
  throw ConfigError(fmt::format(
      "unknown format \"{}\"; use automatic, csv, jsonl, tfevents or json", terminal_safe(word)));
}

Format detect_format(std::string_view head, bool whole, std::string_view path) {
  if (is_event_file(head)) return Format::tfevents;
  for (const Magic& magic : kForeign) {
    if (!head.starts_with(magic.bytes)) continue;
    throw DataError(
        fmt::format("{}: {}; read are CSV, JSON and TensorBoard event files", path, magic.what));
  }
  std::string_view text = head;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(
      std::min(text.find_first_not_of(std::string_view("\0 \t\r\n", 5)), text.size()));
  if (text.find('\0') != std::string_view::npos) {
    if (head.size() < 12 && !whole) return Format::automatic;  // Half the head of an event file?
    throw DataError(
        fmt::format("{}: a binary file of no known kind; read are CSV, JSON and "
                    "TensorBoard event files",
                    path));
  }
  if (text.empty()) return Format::automatic;
  if (text.front() == '[') return Format::json;
  if (text.front() == '{') return kind_of_json(text, whole);
  const bool line = text.find('\n') != std::string_view::npos;
  return line || whole || head.size() >= kHeadBytes ? Format::csv : Format::automatic;
}

std::unique_ptr<Parser> make_parser(Format format, Feed& feed, Origin origin,
                                    const ReadOptions& options, SourceInfo& info) {
  info.format = format;
  switch (format) {
    case Format::csv:
      return std::make_unique<CsvParser>(feed, std::move(origin), options, info);
    case Format::jsonl:
      return std::make_unique<JsonlParser>(feed, std::move(origin), options, info);
    case Format::tfevents:
      return std::make_unique<TfEventsParser>(feed, std::move(origin), options, info);
    case Format::json:
      return std::make_unique<JsonDocumentParser>(feed, std::move(origin), options, info);
    case Format::automatic:
      break;
  }
  throw DataError(fmt::format("{}: no format was chosen", origin.path));
}

}  // namespace emdyn::collect::ingest
