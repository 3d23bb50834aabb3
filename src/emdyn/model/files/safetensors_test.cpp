#include "emdyn/model/files/safetensors.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "emdyn/core/error.hpp"

namespace emdyn::model {
namespace {

using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string file(const std::string& header, const std::string& body) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + body;
}

std::string error_of(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "file");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

std::string tensor(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"("a":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}

TEST(Safetensors, ReadsByHand) {
  const auto content = parse_safetensors(
      file(R"({"__metadata__":{"k":"v"},)" + tensor("F32", "[1,2]", "[0,8]") + "}",
           "\0\0\x80\x3f\0\0\0\xc0"s),
      "file");
  EXPECT_EQ(content.metadata.at("k"), "v");
  ASSERT_EQ(content.tensors.size(), 1U);
  EXPECT_THAT(content.tensors[0].shape, ElementsAre(1, 2));
  EXPECT_THAT(content.tensors[0].values, ElementsAre(1.0F, -2.0F));
}

TEST(Safetensors, ReadsEveryWidth) {
  const auto value = [](const std::string& type, const std::string& body) {
    const std::string offsets = "[0," + std::to_string(body.size()) + "]";
    return parse_safetensors(file("{" + tensor(type, "[]", offsets) + "}", body), "file")
        .tensors[0]
        .values[0];
  };
  EXPECT_EQ(value("F64", "\0\0\0\0\0\0\xf8\xbf"s), -1.5F);
  EXPECT_EQ(value("BF16", "\x40\xc0"s), -3.0F);
  EXPECT_EQ(value("F16", "\x00\x3c"s), 1.0F);
  EXPECT_EQ(value("F16", "\x01\x80"s), -std::ldexp(1.0F, -24)) << "the least subnormal";
  EXPECT_EQ(value("F16", "\xff\x7b"s), 65504.0F) << "the greatest";
  EXPECT_TRUE(std::isinf(value("F16", "\x00\x7c"s)));
  EXPECT_EQ(value("I64", "\xff\xff\xff\xff\xff\xff\xff\xff"s), -1.0F);
  EXPECT_EQ(value("U8", "\xff"s), 255.0F);
}

TEST(Safetensors, WritesWhatItReads) {
  const Safetensors content{.metadata = {{"a", "\"quoted\""}},
                            .tensors = {{"a", {2, 2}, {1, 2, 3, NAN}}, {"b", {}, {4}}}};
  const auto back = parse_safetensors(safetensors_bytes(content), "file");
  EXPECT_EQ(back.metadata, content.metadata);
  EXPECT_EQ(back.tensors[1], content.tensors[1]);
  EXPECT_EQ(back.tensors[0].shape, content.tensors[0].shape);
  EXPECT_TRUE(std::isnan(back.tensors[0].values[3]));
  EXPECT_EQ(safetensors_bytes(back), safetensors_bytes(content));
  EXPECT_THROW(safetensors_bytes({.tensors = {{"a", {2}, {1}}}}), DataError);
  EXPECT_THROW(safetensors_bytes({.tensors = {{"a", {1}, {1}}, {"a", {1}, {1}}}}), DataError);
}

TEST(Safetensors, NamesTheFault) {
  const std::string four(4, '\0');
  EXPECT_THAT(error_of("short"), HasSubstr("too short"));
  EXPECT_THAT(error_of(std::string(8, '\xff') + "{}"), HasSubstr("header would take"));
  EXPECT_THAT(error_of(file("[]", "")), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(file("{", "")), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(file("{" + tensor("F8", "[1]", "[0,1]") + "}", "x")), HasSubstr("type F8"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[1]", "[0,8]") + "}", four + four)),
              HasSubstr("has 8 bytes"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[1]", "[0,4]") + "}", "xy")),
              HasSubstr("has no place"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[1]", "[4,0]") + "}", four)),
              HasSubstr("has no place"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[-1]", "[0,4]") + "}", four)),
              HasSubstr("no whole number"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[4294967296,4294967296]", "[0,0]") + "}", "")),
              HasSubstr("larger than the file"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[1]", "[0,4]") + "}", four + "x")),
              HasSubstr("behind the last tensor"));
  EXPECT_THAT(error_of(file("{" + tensor("F32", "[1]", "[4,8]") + "}", four + four)),
              HasSubstr("leaves a gap"));
  const std::string twice = tensor("F32", "[1]", "[0,4]");
  EXPECT_THAT(error_of(file("{" + twice + R"(,"b)" + twice.substr(2) + "}", four)),
              HasSubstr("overlaps"));
}

}  // namespace
}  // namespace emdyn::model
