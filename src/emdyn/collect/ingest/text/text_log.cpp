#include "emdyn/collect/ingest/text/text_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kMostShapes = 10'000;
constexpr std::uint64_t kRepeated = 2;       // Lines that make a shape without signs a log's.
constexpr std::uint64_t kRepeatedPlain = 3;  // The same without a step.

}  // namespace

TextLogParser::TextLogParser(Feed& feed, Origin origin, const ReadOptions& options,
                             SourceInfo& info)
    : feed_(feed),
      origin_(std::move(origin)),
      columns_(options.limits.columns),
      splitter_(false, options.limits.line_bytes, origin_.path),
      rows_(feed, origin_, options, info) {}

void TextLogParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  splitter_.append(bytes);
  RecordSplitter::Record next;
  while (splitter_.next(next)) record(next.text, next.line);
}

void TextLogParser::finish() {
  RecordSplitter::Record last;
  if (splitter_.last(last) && !trim(last.text).empty()) {
    // Whether its last number is whole cannot be seen.
    feed_.torn();
    feed_.warn(
        fmt::format("{}:{}: the last line does not end and is left out", origin_.path, last.line));
  }
  pause();
}

void TextLogParser::pause() {
  if (!positions_) {
    for (auto& [shape, one] : shapes_) {
      for (auto& [entries, line] : one.held) rows_.row(entries, line);
      one.held.clear();
    }
  }
  rows_.finish();
}

void TextLogParser::record(std::string_view text, std::uint64_t line) {
  if (!is_utf8(text)) return;
  while (!text.empty()) {
    const auto end = std::min(text.find('\r'), text.size());
    piece(text.substr(0, end), line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool TextLogParser::dictionary(std::string_view text, std::uint64_t line) {
  const auto begin = text.find('{');
  const auto end = text.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return false;
  if (!flatten_json(text.substr(begin, end - begin + 1), columns_, entries_).empty()) return false;
  const auto number = [](const FlatEntry& entry) { return entry.kind == FlatEntry::Kind::number; };
  if (std::ranges::none_of(entries_, number)) return false;
  positions_ = positions_ || std::ranges::any_of(entries_, [](const FlatEntry& entry) {
                 return position_rank(entry.key).has_value();
               });
  rows_.row(entries_, line);
  return true;
}

std::vector<FlatEntry> TextLogParser::entries_of(const LogLine& said) {
  std::vector<FlatEntry> entries;
  const auto add = [&](std::string key, double value) -> FlatEntry& {
    entries.push_back({std::move(key), FlatEntry::Kind::number, value, {}, false});
    return entries.back();
  };
  for (std::size_t i = 0; i < said.pairs.size(); ++i) {
    const LogLine::Pair& pair = said.pairs[i];
    if (i == said.step) {
      if (step_key_.empty()) {
        // "validation loss at iteration 10": the last word counts.
        step_key_ = pair.key.substr(pair.key.rfind(' ') + 1);
        if (step_key_.size() == 1) step_key_ = "step";
      }
      FlatEntry& made = add(to_lower(step_key_), pair.value);
      if (pair.total && said.epoch) {
        made.kind = FlatEntry::Kind::text;
        made.text = fmt::format("{}/{}", pair.value, *pair.total);
      }
    } else if (i == said.epoch) {
      add("epoch", pair.value);
    } else {
      add(pair.key, pair.value);
    }
  }
  if (!said.epoch && epoch_) add("epoch", *epoch_);
  if (said.seconds) add("timestamp", *said.seconds);
  return entries;
}

void TextLogParser::piece(std::string_view text, std::uint64_t line) {
  if (trim(text).empty() || dictionary(text, line)) return;
  const LogLine said = read_log_line(text);
  const std::size_t others = said.pairs.size() - (said.step ? 1U : 0U) - (said.epoch ? 1U : 0U);
  if (others == 0) {
    // "Epoch 3/30" above the lines of that epoch.
    if (said.epoch && !said.step) epoch_ = said.pairs[*said.epoch].value;
    return;
  }
  const bool positioned = said.has_position() || epoch_;
  std::vector<FlatEntry> entries = entries_of(said);
  if (positioned && said.all_told()) {
    positions_ = true;
    return rows_.row(entries, line);
  }
  if (shapes_.size() >= kMostShapes) return;
  Shape& shape = shapes_[said.shape()];
  const std::uint64_t needed = positioned ? kRepeated : kRepeatedPlain;
  if (++shape.lines < needed) {
    shape.held.emplace_back(std::move(entries), line);
    return;
  }
  positions_ = positions_ || positioned;
  for (const auto& [held, number] : std::exchange(shape.held, {})) rows_.row(held, number);
  rows_.row(entries, line);
}

}  // namespace emdyn::collect::ingest
