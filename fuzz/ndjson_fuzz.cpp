#include <algorithm>
#include <cstdlib>

#include "emdyn/core/error.hpp"
#include "emdyn/pipeline/detect_lines.hpp"
#include "fuzz.hpp"

// Standard input of `emdyn detect -`: whatever comes, and however it is cut, each line written is
// one JSON object, the last one counts what there was, and nothing but a ConfigError (too many
// channels for a detector of rows) ends the stream.
namespace {

using emdyn::pipeline::LineDetection;

void require(bool good) {
  if (!good) std::abort();
}

std::string judged(std::string_view text, const LineDetection::Options& options, std::size_t piece,
                   LineDetection::Counts& counts) {
  LineDetection detection(options);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += piece) detection.feed(text.substr(i, piece), out);
  detection.finish("input", out);
  counts = detection.counts();
  require(detection.first_fault().empty() == (counts.malformed == 0));
  return out;
}

void check(const std::string& out, const LineDetection::Counts& counts) {
  require(!out.empty() && out.back() == '\n');
  std::uint64_t lines = 0;
  emdyn::Json last;
  for (std::size_t begin = 0; begin < out.size();) {
    const std::size_t end = out.find('\n', begin);
    last = emdyn::Json::parse(out.substr(begin, end - begin));
    require(last.is_object());
    if (last.contains("score")) {
      const double score = last["score"].get<double>();
      require(score >= 0.0 && score <= 1.0);
    }
    ++lines;
    begin = end + 1;
  }
  require(last.contains("end") && last["samples"] == counts.samples);
  require(lines == counts.samples + 1);
  require(counts.malformed <= counts.lines);
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  std::string numbers;
  for (int i = 0; i < 60; ++i) numbers += std::to_string((i * 37) % 17) + "\n";
  std::string rows = "step,a,b\n";
  for (int i = 0; i < 50; ++i) {
    rows += std::to_string(i) + "," + std::to_string((i * 31) % 13) + ",0.5\n";
  }
  return {numbers,
          rows,
          "1;2;3\n4;;nan\n",
          "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":NaN,\"deep\":{\"er\":1}}\n",
          "{\"name\":\"a\",\"value\":1}\n{\"_emdyn\":1}\n",
          "timestamp,value\n2014-04-01 00:05:00,1\n2014-04-01 00:10:00,\n",
          "hello, world\nnoise\n7\n8\nWARN\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = emdyn::fuzz::view_of(data + 1, size - 1);
  for (const char* detector : {"ewma", "mahalanobis"}) {
    LineDetection::Options options;
    options.detect.detector = detector;
    options.lines.signals = 16;
    options.lines.columns = 64;
    options.lines.header_absent = (data[0] & 1) != 0;
    if ((data[0] & 2) != 0) options.lines.step_column = "a";
    options.line_bytes = 1 << 10;
    LineDetection::Counts whole;
    LineDetection::Counts cut;
    const std::string once = judged(text, options, std::max<std::size_t>(text.size(), 1), whole);
    check(once, whole);
    require(once == judged(text, options, 1 + data[0] % 7, cut));
  }
  return 0;
}
