#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "emdyn/collect/ingest/format.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "fuzz.hpp"

namespace emdyn::fuzz {
namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

/// A sum over all that arrives, in order.
class Sum final : public collect::ingest::Sink {
 public:
  void on_run(collect::ingest::RunIndex run, std::string_view name, const Json&) override {
    if (run != runs_++) fail("runs are not numbered in order");
    add(name);
  }
  void on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                 std::string_view name, series::Axis) override {
    if (signal != signals_++ || run >= runs_) fail("signals are not numbered in order");
    add(name);
  }
  void on_point(collect::ingest::SignalIndex signal, double position, double value,
                double) override {
    if (signal >= signals_) fail("a point of no signal");
    if (!std::isfinite(position)) fail("a position is not finite");
    add(std::bit_cast<std::uint64_t>(position));
    if (!std::isnan(value)) add(std::bit_cast<std::uint64_t>(value));
    add(signal);
  }
  std::uint64_t sum() const { return sum_; }

 private:
  void add(std::uint64_t value) { sum_ = (sum_ ^ value) * 0x100000001B3U + 1; }
  void add(std::string_view name) {
    if (!is_utf8(name)) fail("a name is no UTF-8");
    for (const char c : name) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
  std::uint64_t sum_ = 0;
  collect::ingest::RunIndex runs_ = 0;
  collect::ingest::SignalIndex signals_ = 0;
};

std::uint64_t read_in_pieces(std::string_view bytes, collect::ingest::Format format,
                             std::size_t piece, bool skip_bad_rows) {
  collect::ingest::ReadOptions options;
  options.skip_bad_rows = skip_bad_rows;
  options.limits.line_bytes = 1 << 16;
  options.limits.columns = 200;
  options.limits.names = 1000;
  options.limits.record_bytes = 1 << 16;
  Sum sum;
  collect::ingest::Feed feed(sum, options.limits);
  bool threw = false;
  try {
    const auto parser =
        collect::ingest::make_parser(format, feed, {"fuzz", "fuzz"}, options, feed.source("fuzz"));
    for (std::size_t at = 0; at < bytes.size(); at += piece) parser->feed(bytes.substr(at, piece));
    parser->finish();
    if (parser->consumed() > bytes.size()) fail("more consumed than there was");
  } catch (const Error&) {
    threw = true;
  }
  return sum.sum() * 2 + (threw ? 1 : 0);
}

}  // namespace

void check_parser(std::string_view bytes, collect::ingest::Format format) {
  for (const bool skip_bad_rows : {false, true}) {
    const std::uint64_t whole = read_in_pieces(bytes, format, bytes.size() + 1, skip_bad_rows);
    for (const std::size_t piece : {1U, 7U}) {
      if (read_in_pieces(bytes, format, piece, skip_bad_rows) != whole) {
        fail("where the bytes are cut changes what is read");
      }
    }
  }
}

}  // namespace emdyn::fuzz
