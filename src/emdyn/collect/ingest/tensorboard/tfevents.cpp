#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"

#include <fmt/format.h>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/wire.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kFrameHead = 12;  // Length and its checksum.
constexpr std::size_t kFrameTail = 4;   // Checksum of the data.

}  // namespace

TfEventsParser::TfEventsParser(Feed& feed, Origin origin, const ReadOptions& options,
                               SourceInfo& info)
    : feed_(feed), origin_(std::move(origin)), options_(options) {
  info.position_column = "step";
  info.time_column = "wall_time";
}

void TfEventsParser::corrupt(std::string_view what) {
  const std::string text =
      fmt::format("{}: {} in the record at byte {}", origin_.path, what, offset_);
  if (!options_.skip_bad_rows) {
    throw DataError(text + "; --skip-bad-rows keeps what stands before it");
  }
  feed_.bad_row(true, text + "; the rest of the file is not read");
  stopped_ = true;
}

std::optional<std::uint64_t> TfEventsParser::whole_record(std::string_view bytes) {
  if (bytes.size() < kFrameHead) return std::nullopt;
  const auto length = little_endian<std::uint64_t>(bytes);
  if (little_endian<std::uint32_t>(bytes.substr(8)) != masked_crc32c(bytes.substr(0, 8))) {
    corrupt("wrong checksum of the length");
    return std::nullopt;
  }
  if (length > options_.limits.record_bytes) {
    corrupt(fmt::format("a length of {} bytes, more than the limit of {},", length,
                        options_.limits.record_bytes));
    return std::nullopt;
  }
  if (bytes.size() < kFrameHead + length + kFrameTail) return std::nullopt;
  return length;
}

void TfEventsParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  if (stopped_) return;
  buffer_.append(bytes);
  std::string_view rest = buffer_;
  while (const auto length = whole_record(rest)) {
    const std::string_view data = rest.substr(kFrameHead, *length);
    const auto sum = little_endian<std::uint32_t>(rest.substr(kFrameHead + *length));
    if (sum != masked_crc32c(data)) {
      corrupt("wrong checksum of the data");
      break;
    }
    event(data);
    if (stopped_) break;
    const std::size_t frame = kFrameHead + *length + kFrameTail;
    rest.remove_prefix(frame);
    offset_ += frame;
  }
  if (stopped_) rest = {};
  buffer_.erase(0, buffer_.size() - rest.size());
}

void TfEventsParser::finish() {
  if (buffer_.empty()) return;
  feed_.warn(
      fmt::format("{}: the last record, at byte {}, is cut off; what stands before it is read",
                  origin_.path, offset_));
}

void TfEventsParser::restart() {
  buffer_.clear();
  offset_ = 0;
  stopped_ = false;
}

void TfEventsParser::event(std::string_view message) {
  double seconds = kNoTime;
  double step = 0.0;
  std::string_view summaries;
  bool has_summary = false;
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(1, WireReader::Type::fixed64)) seconds = reader.float64();
    if (reader.is(2, WireReader::Type::varint)) {
      step = static_cast<double>(static_cast<std::int64_t>(reader.number()));
    }
    if (reader.is(5, WireReader::Type::bytes)) {
      summaries = reader.bytes();
      has_summary = true;
    }
  }
  if (!reader.ok()) return corrupt("malformed Event message");
  if (has_summary) summary(summaries, step, seconds);
}

void TfEventsParser::summary(std::string_view message, double step, double seconds) {
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(1, WireReader::Type::bytes)) summary_value(reader.bytes(), step, seconds);
    if (stopped_) return;
  }
  if (!reader.ok()) corrupt("malformed Summary message");
}

void TfEventsParser::summary_value(std::string_view message, double step, double seconds) {
  std::string_view tag;
  std::optional<double> value;
  WireReader reader(message);
  while (reader.next()) {
    if (reader.is(1, WireReader::Type::bytes)) tag = reader.bytes();
    if (reader.is(2, WireReader::Type::fixed32)) value = static_cast<double>(reader.float32());
    if (reader.is(8, WireReader::Type::bytes)) value = scalar_of_tensor(reader.bytes());
  }
  if (!reader.ok()) return corrupt("malformed Summary.Value message");
  if (!value) return feed_.ignored();
  if (!is_utf8(tag)) return corrupt("a tag that is no UTF-8");
  const auto axis = options_.axis.value_or(series::Axis::step);
  feed_.point(feed_.signal(feed_.run(origin_.run), tag, axis), step, *value, seconds);
}

}  // namespace emdyn::collect::ingest
