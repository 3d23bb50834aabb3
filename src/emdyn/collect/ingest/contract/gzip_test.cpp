#include "emdyn/collect/ingest/contract/gzip.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_text;

std::string packed(std::string text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gzip, MembersInARowAreOneFileWhateverItsName) {
  const auto read = read_text(packed("step,a\n1,2\n") + packed("2,3\n") + std::string(512, '\0'));
  EXPECT_THAT(read.signal(0, "a").values, ElementsAre(2.0, 3.0));
  EXPECT_TRUE(read.report.sources.at(0).gzip);
}

TEST(Gzip, TruncationIsAnErrorThatSkipBadRowsMends) {
  std::string text = "step,a\n";
  for (int i = 0; i < 20'000; ++i) text += fmt::format("{},{}\n", i, i * i);
  const std::string whole = packed(text);
  const std::string cut = whole.substr(0, whole.size() - whole.size() / 4);
  EXPECT_THAT(error_of(cut), HasSubstr("truncated"));
  ReadOptions options;
  options.skip_bad_rows = true;
  const auto report = read_text(cut, options).report;
  EXPECT_GT(report.points, 10'000U);
  EXPECT_LT(report.points, 20'000U);
}

TEST(Gzip, DamageIsAnError) {
  std::string data = packed("step,a\n1,2\n2,3\n");
  data[data.size() - 6] = static_cast<char>(data[data.size() - 6] ^ 1);  // Its checksum.
  EXPECT_THAT(error_of(data), HasSubstr("gzip data is damaged"));
  EXPECT_THAT(error_of("\x1f\x8bgarbage that is no gzip"), HasSubstr("gzip data is damaged"));
}

TEST(Gzip, OutputIsCapped) {
  ReadOptions options;
  options.limits.inflated_bytes = 10'000;
  const std::string text = "step,a\n" + std::string(100'000, '\n') + "1,2\n";
  EXPECT_THAT(error_of(packed(text), options), HasSubstr("unpacks to more than 10000 bytes"));
  EXPECT_EQ(read_text(packed(text)).report.points, 1U);
}

TEST(Gzip, TheRatioOfABombIsBounded) {
  std::string text;
  const std::string comment = "# " + std::string(10'000, 'x') + "\n";
  while (text.size() < std::size_t{80} << 20) text += comment;
  const std::string bomb = packed(text + "step,a\n1,2\n");
  EXPECT_THAT(error_of(bomb), HasSubstr("unpacks to more than 500 times its size"));
}

}  // namespace
}  // namespace emdyn::collect::ingest
