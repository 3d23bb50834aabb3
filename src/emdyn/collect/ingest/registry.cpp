#include "emdyn/collect/ingest/registry.hpp"

#include <algorithm>
#include <array>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"
#include "emdyn/collect/ingest/contract/wire.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/collect/ingest/format.hpp"
#include "emdyn/collect/ingest/json/json_document.hpp"
#include "emdyn/collect/ingest/json/jsonl.hpp"
#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

template <class P>
std::unique_ptr<Parser> make(Feed& feed, Origin origin, const ReadOptions& options,
                             SourceInfo& info) {
  return std::make_unique<P>(feed, std::move(origin), options, info);
}

Sniffed told(bool yes) { return yes ? Sniffed::yes : Sniffed::no; }

Sniffed sniff_events(const FileHead& head) {
  return told(head.bytes.size() >= 12 && little_endian<std::uint32_t>(head.bytes.substr(8)) ==
                                             masked_crc32c(head.bytes.substr(0, 8)));
}

/// Whether braces hold a whole document: an object on its first line makes JSON lines, unless it holds a whole log;
/// anything else in braces is one document.
Sniffed sniff_braces(const FileHead& head) {
  const std::string_view text = head.text;
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos && !head.whole) {
    if (text.size() < kHeadBytes) return Sniffed::more;
    return told(text.find("\"log_history\"") != std::string_view::npos ||
                text.find("\"series\"") != std::string_view::npos);
  }
  std::vector<FlatEntry> entries;
  const std::string_view line = text.substr(0, newline);
  if (flatten_json(line, Limits{}.columns, entries).empty()) {
    return told(std::ranges::any_of(entries, [](const FlatEntry& entry) {
      return entry.kind == FlatEntry::Kind::other &&
             (entry.key == "log_history" || entry.key == "series");
    }));
  }
  // A brace alone on its line opens a document written over many lines.
  return told(line.find_first_not_of(" \t\r", 1) == std::string_view::npos);
}

Sniffed sniff_document(const FileHead& head) {
  if (head.text.starts_with('[')) return Sniffed::yes;
  return head.text.starts_with('{') ? sniff_braces(head) : Sniffed::no;
}

Sniffed sniff_lines(const FileHead& head) { return told(head.text.starts_with('{')); }

Sniffed sniff_table(const FileHead& head) {
  const bool line = head.text.find('\n') != std::string_view::npos;
  return line || head.whole || head.bytes.size() >= kHeadBytes ? Sniffed::yes : Sniffed::more;
}

constexpr std::array<std::string_view, 2> kTableEndings{".csv", ".tsv"};
constexpr std::array<std::string_view, 2> kLineEndings{".jsonl", ".ndjson"};
constexpr std::string_view kStreamed = "O(bytes), streamed";

// The only list of readers, in the order in which a file is asked. Add yours before csv, which takes any text.
constexpr std::array kReaders{
    ReaderEntry{{"tfevents", "TensorBoard event files",
                 "TensorFlow, tensorflow/core/lib/io/record_writer.h and event.proto", kStreamed},
                Format::tfevents,
                true,
                {},
                "tfevents",
                true,
                "the checksum in its first 12 bytes",
                &sniff_events,
                &make<TfEventsParser>},
    ReaderEntry{{"json", "JSON documents that hold a whole log: arrays, series, log_history",
                 "RFC 8259; Hugging Face transformers, trainer_state.json",
                 "O(bytes), held in memory whole"},
                Format::json,
                false,
                {},
                "",
                false,
                "[ first, or { alone on its line, or an object with series or log_history",
                &sniff_document,
                &make<JsonDocumentParser>},
    ReaderEntry{{"jsonl", "JSON lines: one object a line", "jsonlines.org; RFC 8259", kStreamed},
                Format::jsonl,
                false,
                kLineEndings,
                "",
                false,
                "a first line that is an object",
                &sniff_lines,
                &make<JsonlParser>},
    ReaderEntry{{"csv", "tables with commas, semicolons, tabs or bars, wide or long", "RFC 4180",
                 kStreamed},
                Format::csv,
                false,
                kTableEndings,
                "",
                false,
                "text that is none of the others",
                &sniff_table,
                &make<CsvParser>},
};

constexpr Registry<ReaderEntry> kRegistry{{.what = "format", .several = "formats"}, kReaders};
constexpr std::string_view kAutomatic = "automatic";

}  // namespace

const Registry<ReaderEntry>& registry() noexcept { return kRegistry; }

const ReaderEntry& find_reader(Format format) noexcept {
  return *std::ranges::find(kReaders, format, &ReaderEntry::format);
}

std::vector<Fact> facts(const ReaderEntry& entry) {
  Json names = Json::array();
  for (const std::string_view ending : entry.endings) names.push_back(ending);
  if (!entry.name_part.empty()) names.push_back(entry.name_part);
  return {{"told_by", entry.told_by},
          {"from_folders", std::move(names)},
          {"run", entry.run_is_folder ? "its folder" : "its name"}};
}

std::string_view word(Format format) noexcept {
  return format == Format::automatic ? kAutomatic : find_reader(format).name;
}

Format format_from_word(std::string_view word) {
  if (word == kAutomatic) return Format::automatic;
  if (const ReaderEntry* entry = kRegistry.find_or_null(word)) return entry->format;
  std::vector<std::string_view> known = kRegistry.names();
  known.insert(known.begin(), kAutomatic);
  unknown_entry(kRegistry.form(), word, known);
}

}  // namespace emdyn::collect::ingest
