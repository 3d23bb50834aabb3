#pragma once
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/json/jsonl.hpp"

namespace emdyn::collect::ingest {

/// One JSON document, read whole at its end:
///   an array of objects, or an object whose "log_history" (or "history", "logs", "data") is one:
///     each object as a JSON line
///   {"loss": [2.5, 1.5], "epoch": [1, 2]}   an object of arrays, also within an object ("history"):
///     a signal an array, the position an array of that name or the place
///   {"loss": {"0": 2.5, "1": 1.5}}          the same as pandas writes it
///   [[1700000000.5, 1, 2.5], …]             wall time, step and value, as TensorBoard's page saves
///                                           them; of two numbers position and value
///   {"series": [{"label", "raw"}], "time": {"index"}}   the form of the Turing Change Point Dataset
///                                           (van den Burg and Williams, 2020)
class JsonDocumentParser final : public Parser {
 public:
  JsonDocumentParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  void pause() override;
  std::uint64_t consumed() const noexcept override { return consumed_; }
  void restart() override;

 private:
  void object(std::string_view document);
  void objects(std::string_view array);
  void tuples(std::string_view array);
  void series(std::string_view document);
  [[noreturn]] void unknown() const;

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  SourceInfo& info_;
  JsonlParser lines_;
  std::string document_;
  std::uint64_t consumed_ = 0;
};

}  // namespace emdyn::collect::ingest
