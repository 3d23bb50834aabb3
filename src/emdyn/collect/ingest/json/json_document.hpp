#pragma once
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/json/jsonl.hpp"

namespace emdyn::collect::ingest {

/// One JSON document, read whole at its end: an array of objects, or an object whose "log_history"
/// is one (each object as a JSON line), or {"series": [{"label", "raw"}], "time": {"index"}}, the
/// form of the Turing Change Point Dataset (van den Burg and Williams, 2020).
class JsonDocumentParser final : public Parser {
 public:
  JsonDocumentParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  std::uint64_t consumed() const noexcept override { return consumed_; }
  void restart() override;

 private:
  void objects(std::string_view array);
  void series(std::string_view document);
  [[noreturn]] void unknown() const;

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  JsonlParser lines_;
  std::string document_;
  std::uint64_t consumed_ = 0;
};

}  // namespace emdyn::collect::ingest
