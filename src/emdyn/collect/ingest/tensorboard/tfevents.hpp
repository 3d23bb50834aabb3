#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/parser.hpp"

namespace emdyn::collect::ingest {

/// TensorBoard event files: framed records (length, masked CRC-32C of the length, data, masked
/// CRC-32C of the data) of Event messages. Scalars come as simple_value or as a tensor of one
/// number; everything else (images, histograms, texts, graphs) is counted as ignored. A partial
/// record at the end is kept for more bytes; a record that fails its checksum throws, or with
/// skip_bad_rows ends the reading of the file with a warning, as TensorBoard does.
class TfEventsParser final : public Parser {
 public:
  TfEventsParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  std::uint64_t consumed() const noexcept override { return offset_; }
  void restart() override;

 private:
  /// Length of the record's data at the front of `bytes`, when it is all there.
  std::optional<std::uint64_t> whole_record(std::string_view bytes);
  void event(std::string_view message);
  void summary(std::string_view message, double step, double seconds);
  void summary_value(std::string_view message, double step, double seconds);
  void corrupt(std::string_view what);

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  std::string buffer_;
  std::uint64_t offset_ = 0;  ///< Of the next record in the file.
  bool stopped_ = false;
};

/// The number a serialized TensorProto of one element holds; nothing for any other tensor.
std::optional<double> scalar_of_tensor(std::string_view message) noexcept;

}  // namespace emdyn::collect::ingest
