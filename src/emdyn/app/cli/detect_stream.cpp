#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "emdyn/app/cli/detect.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/detect_lines.hpp"

namespace emdyn::app::cli {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr int kLookMs = 200;  // Between two looks for Ctrl-C.

/// The next bytes of standard input, as soon as there are any; empty at the end or at Ctrl-C.
class StandardInput {
 public:
  explicit StandardInput(const Console& console) : console_(console) {}

  std::string_view next() {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    while (!console_.interrupted()) {
      const int polled = ::poll(&ready, 1, kLookMs);
      if (polled == 0 || (polled < 0 && errno == EINTR)) continue;
      const ssize_t got = ::read(STDIN_FILENO, block_.data(), block_.size());
      if (got >= 0) return {block_.data(), static_cast<std::size_t>(got)};
      if (errno != EINTR && errno != EAGAIN) {
        throw DataError(fmt::format("-: standard input cannot be read: {}", std::strerror(errno)));
      }
    }
    return {};
  }

 private:
  const Console& console_;
  std::array<char, kBlock> block_{};
};

pipeline::LineDetection::Options line_options(const DetectRequest& request) {
  const collect::ingest::ReadOptions read = request.source.read.get();
  pipeline::LineDetection::Options options;
  options.detect = request.options;
  options.signals = request.signals;
  options.fdr = request.fdr;
  options.alarms_only = request.alarms_only;
  options.lines.step_column = read.step_column;
  options.lines.header_absent = read.header == collect::ingest::Header::absent;
  return options;
}

void check_end(const pipeline::LineDetection& detection) {
  const auto& counts = detection.counts();
  if (counts.lines == 0) throw DataError("-: standard input is empty");
  if (counts.samples > 0) return;
  throw DataError(counts.malformed > 0
                      ? fmt::format("-: no numbers found; {}", detection.first_fault())
                      : std::string("-: no numbers found (--signal names none that came?)"));
}

}  // namespace

int detect_stream(const DetectRequest& request, Console& console) {
  pipeline::LineDetection detection(line_options(request));
  StandardInput input(console);
  std::string out;
  bool told_fault = false;
  for (std::string_view bytes = input.next(); !bytes.empty(); bytes = input.next()) {
    detection.feed(bytes, out);
    if (!out.empty()) console.raw(out);
    out.clear();
    if (const std::string warning = detection.take_warning(); !warning.empty()) {
      console.warn(warning);
    }
    if (detection.first_fault().empty() || told_fault) continue;
    if (request.strict) throw DataError(detection.first_fault());
    if (detection.counts().samples == 0) continue;  // Perhaps none will come: said at the end.
    told_fault = true;
    console.warn(
        fmt::format("{}; malformed lines are counted and passed over", detection.first_fault()));
  }
  detection.finish(console.interrupted() ? "interrupted" : "input", out);
  console.raw(out);
  const auto& counts = detection.counts();
  if (request.strict && counts.malformed > 0) throw DataError(detection.first_fault());
  if (!console.interrupted()) check_end(detection);
  if (counts.malformed > 0) {
    console.note(fmt::format("{} of {} lines malformed", counts.malformed, counts.lines));
  }
  return kFine;
}

}  // namespace emdyn::app::cli
