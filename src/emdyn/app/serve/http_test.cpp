#include "emdyn/app/serve/http.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <array>

namespace emdyn::app::serve {
namespace {

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

Response long_answer() {
  Response response;
  response.body = std::string(5000, 'x');
  response.headers.emplace_back("ETag", entity_tag(response.body));
  return response;
}

TEST(Http, CookiesAreFoundByTheirWholeName) {
  EXPECT_EQ(cookie("a=1; emdyn_session=abc; b=2", "emdyn_session"), "abc");
  EXPECT_EQ(cookie("xemdyn_session=abc", "emdyn_session"), std::nullopt);
  EXPECT_EQ(cookie("", "emdyn_session"), std::nullopt);
  EXPECT_EQ(cookie("a=b=c", "a"), "b=c");
}

TEST(Http, EncodingsAreAcceptedUnlessTheirWeightIsZero) {
  EXPECT_TRUE(accepts("gzip, deflate", "gzip"));
  EXPECT_TRUE(accepts("deflate , GZIP;q=0.5", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0, br", "gzip"));
  EXPECT_FALSE(accepts("xgzip", "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
}

TEST(Http, LongAnswersArePackedForThoseWhoAcceptItAndUnpackToTheSame) {
  HttpRequest request;
  request.headers["accept-encoding"] = "gzip";
  Response response = long_answer();
  finish(request, response);
  EXPECT_LT(response.body.size(), 500u);
  EXPECT_EQ(unpacked(response.body), std::string(5000, 'x'));
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Content-Encoding", "gzip")));
  Response plain = long_answer();
  finish(HttpRequest{}, plain);
  EXPECT_EQ(plain.body.size(), 5000u);
  EXPECT_THAT(plain.headers, testing::Contains(testing::Pair("Vary", "Accept-Encoding")));
}

TEST(Http, WhatTheClientHoldsIsNotSentAgain) {
  Response response = long_answer();
  HttpRequest request;
  request.headers["if-none-match"] = "\"other\", W/" + entity_tag(response.body);
  finish(request, response);
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  Response changed = long_answer();
  changed.headers.front().second = entity_tag("something else");
  finish(request, changed);
  EXPECT_EQ(changed.status, 200);
}

TEST(Http, EveryResponseForbidsInlineScriptAndFrames) {
  Response response;
  add_security_headers(response);
  for (const auto& [name, value] : response.headers) {
    if (name != "Content-Security-Policy") continue;
    EXPECT_THAT(value, testing::HasSubstr("default-src 'none'"));
    EXPECT_THAT(value, testing::HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(value, testing::Not(testing::HasSubstr("unsafe")));
    return;
  }
  FAIL() << "no policy";
}

}  // namespace
}  // namespace emdyn::app::serve
