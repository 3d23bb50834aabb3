#include "emdyn/app/serve/parameters.hpp"

#include <gmock/gmock.h>

#include <array>

namespace emdyn::app::serve {
namespace {

constexpr std::array<std::string_view, 2> kKnown{"from", "limit"};

template <class Work>
int status_of(const Work& work) {
  try {
    work();
  } catch (const HttpError& error) {
    return error.status();
  }
  return 200;
}

TEST(Parameters, PathsAreTakenApartAndUnescaped) {
  EXPECT_THAT(path_parts("/api/v1/runs/a%20b?x=/../"),
              testing::ElementsAre("api", "v1", "runs", "a b"));
  EXPECT_THAT(path_parts("/"), testing::IsEmpty());
  EXPECT_THAT(path_parts("/%C3%A4/b"), testing::ElementsAre("ä", "b"));
}

TEST(Parameters, NoPathClimbsHoweverItIsWritten) {
  for (const char* hostile :
       {"/../etc/passwd", "/api/../../x", "/a/%2e%2e/b", "/a/%2E%2e", "/a/..%2fb", "/a/%2fetc",
        "/a/..", "/a/.", "/a%5c..%5cb", "/a%00b", "/a%0ab", "/%ff", "/%c0%ae", "/%", "/%2", "/%zz",
        "no/slash", "", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
    EXPECT_EQ(status_of([&] { path_parts(hostile); }), 400) << hostile;
  }
}

TEST(Parameters, QueriesAreUnescapedAndMayRepeatNames) {
  const Query query("/x?signal=a%2Fb&signal=c+d&from=-1.5e3&limit=7&empty=");
  EXPECT_THAT(query.all("signal"), testing::ElementsAre("a/b", "c d"));
  EXPECT_EQ(query.number("from"), -1500.0);
  EXPECT_EQ(query.integer("limit", 1, 0, 10), 7);
  EXPECT_EQ(query.integer("absent", 3, 0, 10), 3);
  EXPECT_EQ(query.text("empty"), "");
  EXPECT_EQ(query.text("absent"), std::nullopt);
}

TEST(Parameters, WhatIsOutOfRangeIsRefusedByName) {
  for (const char* hostile : {"limit=11", "limit=-1", "limit=", "limit=1.5", "limit=0x3",
                              "limit=1&limit=2", "limit=99999999999999999999", "limit=../"}) {
    const Query query(std::string("/x?") + hostile);
    EXPECT_EQ(status_of([&] { query.integer("limit", 1, 0, 10); }), 400) << hostile;
  }
  for (const char* hostile :
       {"from=nan", "from=inf", "from=1e999", "from=", "from=1,5", "from=abc"}) {
    const Query query(std::string("/x?") + hostile);
    EXPECT_EQ(status_of([&] { query.number("from"); }), 400) << hostile;
  }
  const Query query("/x?order=sideways");
  EXPECT_EQ(status_of([&] { query.word("order", kKnown); }), 400);
  EXPECT_EQ(status_of([&] { query.required("absent"); }), 400);
}

TEST(Parameters, UnknownOnesAreRefusedWithTheNearest) {
  try {
    Query("/x?form=1").only(kKnown);
    FAIL();
  } catch (const HttpError& error) {
    EXPECT_EQ(error.status(), 400);
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean from"));
  }
  EXPECT_NO_THROW(Query("/x?from=1").only(kKnown));
}

TEST(Parameters, TooManyAreRefusedBeforeTheyAreKept) {
  std::string target = "/x?";
  for (std::size_t i = 0; i <= Query::kMost; ++i) target += "a=1&";
  EXPECT_EQ(status_of([&] { Query query(target); }), 400);
}

TEST(Parameters, BodiesAreObjectsSentAsJson) {
  HttpRequest request;
  request.body = R"({"tags": ["a"]})";
  EXPECT_EQ(status_of([&] { body_object(request); }),
            415);  // What a form of another site can send.
  request.headers["content-type"] = "text/plain";
  EXPECT_EQ(status_of([&] { body_object(request); }), 415);
  request.headers["content-type"] = "application/json; charset=utf-8";
  EXPECT_EQ(body_object(request)["tags"][0], "a");
  for (const char* hostile : {"", "[1]", "{", "{\"a\":}", "nul"}) {
    request.body = hostile;
    EXPECT_EQ(status_of([&] { body_object(request); }), 400) << hostile;
  }
  request.body = std::string(200'000, '[');
  EXPECT_EQ(status_of([&] { body_object(request); }), 400);
}

}  // namespace
}  // namespace emdyn::app::serve
