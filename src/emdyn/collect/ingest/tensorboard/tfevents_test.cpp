#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/event_writer_for_tests.hpp"
#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::error_of;
using testing::event_file;
using testing::frame;
using ::testing::HasSubstr;
using testing::length_delimited;
using testing::read_text;
using testing::scalar_event;
using ::testing::SizeIs;
using testing::tensor_event;
using testing::varint_field;

TEST(Crc32c, VectorsOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // The check value of the CRC catalogue.
  EXPECT_EQ(crc32c("56789", crc32c("1234")), crc32c("123456789"));
}

TEST(TfEvents, SimpleValues) {
  const auto read =
      read_text(event_file() + scalar_event(1.5, 10, "loss", 2.5F) +
                scalar_event(2.5, 20, "loss", 1.5F) + scalar_event(2.5, -1, "odd", std::nanf("")));
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(10, 20));
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.5));
  EXPECT_THAT(read.signal(0, "loss").seconds, ElementsAre(1.5, 2.5));
  EXPECT_THAT(read.signal(0, "odd").positions, ElementsAre(-1));
  EXPECT_EQ(read.report.nonfinite, 1U);
}

TEST(TfEvents, TensorScalarsOfEveryNumberType) {
  const auto content = [](std::uint64_t type, const std::string& bytes) {
    return varint_field(1, type) + length_delimited(2, "") + length_delimited(4, bytes);
  };
  std::string file = event_file();
  file += tensor_event(1, "f32", content(1, bytes_of(0.5F)));
  file += tensor_event(1, "f64", content(2, bytes_of(0.1)));
  file += tensor_event(1, "i32", content(3, bytes_of(std::int32_t{-7})));
  file += tensor_event(1, "i64", content(9, bytes_of(std::int64_t{-1} << 40)));
  file += tensor_event(1, "f16", content(19, bytes_of(std::uint16_t{0xC500})));   // -5
  file += tensor_event(1, "bf16", content(14, bytes_of(std::uint16_t{0x3FC0})));  // 1.5
  file += tensor_event(1, "float_val", varint_field(1, 1) + length_delimited(5, bytes_of(0.25F)));
  file += tensor_event(1, "double_val", varint_field(1, 2) + length_delimited(6, bytes_of(3.0)));
  file += tensor_event(1, "int64_val", varint_field(1, 9) + varint_field(10, ~std::uint64_t{0}));
  file += tensor_event(1, "zero", varint_field(1, 1) + length_delimited(2, ""));
  const auto read = read_text(file);
  const auto value = [&](std::string_view name) { return read.signal(0, name).values.at(0); };
  EXPECT_EQ(value("f32"), 0.5);
  EXPECT_EQ(value("f64"), 0.1);
  EXPECT_EQ(value("i32"), -7.0);
  EXPECT_EQ(value("i64"), -std::ldexp(1.0, 40));
  EXPECT_EQ(value("f16"), -5.0);
  EXPECT_EQ(value("bf16"), 1.5);
  EXPECT_EQ(value("float_val"), 0.25);
  EXPECT_EQ(value("double_val"), 3.0);
  EXPECT_EQ(value("int64_val"), -1.0);
  EXPECT_EQ(value("zero"), 0.0);
}

TEST(TfEvents, OtherTensorsAreIgnoredAndCounted) {
  const std::string shape3 = length_delimited(2, length_delimited(2, varint_field(1, 3)));
  std::string file = event_file() + scalar_event(1, 1, "loss", 1.0F);
  file += tensor_event(1, "vector",
                       varint_field(1, 1) + shape3 + length_delimited(4, std::string(12, 'a')));
  file += tensor_event(1, "text", varint_field(1, 7) + length_delimited(8, "hello"));
  file += tensor_event(1, "short", varint_field(1, 2) + length_delimited(4, "abc"));
  const auto read = read_text(file);
  EXPECT_EQ(read.report.points, 1U);
  EXPECT_EQ(read.report.ignored_values, 3U);
}

TEST(TfEvents, ATruncatedTailIsToleratedWithAWarning) {
  const std::string whole = event_file() + scalar_event(1, 1, "loss", 1.0F);
  const std::string last = scalar_event(1, 2, "loss", 2.0F);
  for (std::size_t kept = 1; kept < last.size(); ++kept) {
    const auto read = read_text(whole + last.substr(0, kept));
    EXPECT_EQ(read.report.points, 1U);
    ASSERT_THAT(read.report.warnings, SizeIs(1));
    EXPECT_THAT(read.report.warnings[0], HasSubstr(fmt::format("at byte {}", whole.size())));
  }
}

TEST(TfEvents, ACorruptRecordNamesItsByte) {
  const std::string first = event_file() + scalar_event(1, 1, "loss", 1.0F);
  const std::string bad = scalar_event(1, 2, "loss", 2.0F);
  const std::string after = scalar_event(1, 3, "loss", 3.0F);
  ReadOptions skip;
  skip.skip_bad_rows = true;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    std::string damaged = bad;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_THAT(error_of(first + damaged + after),
                HasSubstr(fmt::format("at byte {}", first.size())));
    EXPECT_EQ(read_text(first + damaged + after, skip).report.points, 1U);
  }
}

TEST(TfEvents, MalformedMessagesWithSoundChecksumsAreErrors) {
  const std::string first = event_file() + scalar_event(1, 1, "loss", 1.0F);
  for (const std::string& message :
       {std::string("\x2a\x7f"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        std::string("\x09\x01"), length_delimited(5, "\x0a\x05zz"), std::string("\x0b"),
        length_delimited(5, length_delimited(1, "\x0a\x7f"))}) {
    EXPECT_THAT(error_of(first + frame(message)), HasSubstr("malformed"));
  }
  ReadOptions options;
  options.limits.record_bytes = 100;
  EXPECT_THAT(error_of(first + frame(std::string(200, 'a')), options), HasSubstr("limit of 100"));
}

}  // namespace
}  // namespace emdyn::collect::ingest
