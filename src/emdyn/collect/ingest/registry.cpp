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
#include "emdyn/collect/ingest/text/text_log.hpp"
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

bool is_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// Whether braces hold a whole document: an object on its first line makes JSON lines, unless it holds a whole log or
/// nothing but arrays and stands alone; anything else in braces is one document.
Sniffed sniff_braces(const FileHead& head) {
  const std::string_view text = head.text;
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos && !head.whole) {
    if (text.size() < kHeadBytes) return Sniffed::more;
    // No line of JSON lines begins with an array of this length.
    const bool array_first = text.find('[') < text.find('}');
    return told(array_first || text.find("\"log_history\"") != std::string_view::npos ||
                text.find("\"series\"") != std::string_view::npos);
  }
  std::vector<FlatEntry> entries;
  const std::string_view line = text.substr(0, newline);
  if (flatten_json(line, Limits{}.columns, entries).empty()) {
    using Kind = FlatEntry::Kind;
    const auto is_array = [](const FlatEntry& entry) { return entry.kind == Kind::other; };
    const bool log = std::ranges::any_of(entries, [&](const FlatEntry& entry) {
      return is_array(entry) && (entry.key == "log_history" || entry.key == "series");
    });
    const bool alone =
        head.whole && (newline == std::string_view::npos || is_blank(text.substr(newline)));
    // {"loss": {"0": 2.5, "1": 1.5}} is a column as pandas writes it.
    const auto numbered = [](const FlatEntry& entry) {
      const auto slash = entry.key.rfind('/');
      return slash != std::string::npos && slash + 1 < entry.key.size() &&
             entry.key.find_first_not_of("0123456789", slash + 1) == std::string::npos;
    };
    const bool columns = entries.size() > 1 && std::ranges::all_of(entries, numbered);
    return told(log || (alone && (columns || std::ranges::any_of(entries, is_array))));
  }
  // A document written over many lines; one line that ends early is a torn line.
  return told(line.find_first_not_of(" \t\r", 1) == std::string_view::npos ||
              (newline != std::string_view::npos &&
               line.find_last_not_of(" \t\r") != line.rfind('}') &&
               text.find("\n{") == std::string_view::npos));
}

Sniffed sniff_document(const FileHead& head) {
  if (head.text.starts_with('[')) {
    const auto next = head.text.find_first_not_of(" \t\r\n", 1);
    if (next == std::string_view::npos) return head.whole ? Sniffed::yes : Sniffed::more;
    // "[2026-01-01 00:05:00]" begins a line of a log.
    return told(std::string_view("{[]").find(head.text[next]) != std::string_view::npos);
  }
  return head.text.starts_with('{') ? sniff_braces(head) : Sniffed::no;
}

Sniffed sniff_lines(const FileHead& head) { return told(head.text.starts_with('{')); }

Sniffed sniff_text_log(const FileHead& head) {
  if (!head.whole && head.bytes.size() < kHeadBytes && !enough_lines(head.text))
    return Sniffed::more;
  return told(is_text_log(head.text, head.whole));
}

Sniffed sniff_table(const FileHead& head) {
  const bool line = head.text.find('\n') != std::string_view::npos;
  return line || head.whole || head.bytes.size() >= kHeadBytes ? Sniffed::yes : Sniffed::more;
}

constexpr std::array<std::string_view, 2> kTableEndings{".csv", ".tsv"};
constexpr std::array<std::string_view, 2> kLineEndings{".jsonl", ".ndjson"};
// Behind a letter or digit they are no word: "catalog.json" is no log.
constexpr std::array<std::string_view, 9> kDocumentEndings{
    "trainer_state.json", "history.json", "log.json",     "logs.json",       "metrics.json",
    "progress.json",      "losses.json",  "scalars.json", "log_history.json"};
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
    ReaderEntry{
        {"json", "JSON documents that hold a whole log: arrays, objects of arrays, log_history",
         "RFC 8259; Hugging Face transformers, trainer_state.json; Keras, History.history",
         "O(bytes), held in memory whole"},
        Format::json,
        false,
        kDocumentEndings,
        "",
        false,
        "[ first, { alone on its line, or one object that holds arrays",
        &sniff_document,
        &make<JsonDocumentParser>},
    ReaderEntry{{"jsonl", "JSON lines: one object a line, also dictionaries as Python prints them",
                 "jsonlines.org; RFC 8259", kStreamed},
                Format::jsonl,
                false,
                kLineEndings,
                "",
                false,
                "a first line that is an object",
                &sniff_lines,
                &make<JsonlParser>},
    ReaderEntry{
        {"text", "logs of training for people: key: value, key=value or key value, a line a step",
         "lines of Megatron-LM, nanoGPT, llm.c, DeepSpeed, Keras and of Python's logging",
         kStreamed},
        Format::text,
        false,
        {},
        "",
        false,
        "lines that name a step and other numbers, in the same shape again",
        &sniff_text_log,
        &make<TextLogParser>},
    ReaderEntry{{"csv", "tables with commas, semicolons, tabs, bars or blanks, wide or long",
                 "RFC 4180", kStreamed},
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
