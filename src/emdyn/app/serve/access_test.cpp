#include "emdyn/app/serve/access.hpp"

#include <gmock/gmock.h>

namespace emdyn::app::serve {
namespace {

const std::string kReader = "reader-secret-0123456789";
const std::string kWriter = "writer-secret-0123456789";

HttpRequest request_with(std::map<std::string, std::string, std::less<>> headers) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/api/v1/runs";
  request.headers = std::move(headers);
  request.headers.emplace("host", "127.0.0.1:8377");
  return request;
}

int refusal(AccessControl& access, const HttpRequest& request) {
  try {
    access.judge(request, 0.0);
  } catch (const HttpError& error) {
    return error.status();
  }
  return 200;
}

AccessControl guarded(bool read_only = false) {
  AccessControl::Options options;
  options.tokens = {{kReader, Permission::read}, {kWriter, Permission::write}};
  options.read_only = read_only;
  options.host_names = {"lab.example"};
  return AccessControl(std::move(options));
}

TEST(AccessControl, WithoutTokensWhoeverReachesThePortMayWrite) {
  AccessControl access{{}};
  EXPECT_EQ(access.judge(request_with({}), 0.0), Permission::write);
  AccessControl::Options read_only;
  read_only.read_only = true;
  AccessControl closed(read_only);
  EXPECT_EQ(closed.judge(request_with({}), 0.0), Permission::read);
}

TEST(AccessControl, TokensHaveRolesAndWrongOnesAreRefused) {
  AccessControl access = guarded();
  EXPECT_EQ(access.judge(request_with({{"authorization", "Bearer " + kReader}}), 0.0),
            Permission::read);
  EXPECT_EQ(access.judge(request_with({{"authorization", "Bearer " + kWriter}}), 0.0),
            Permission::write);
  EXPECT_EQ(refusal(access, request_with({})), 401);
  for (const std::string& wrong :
       {std::string("Bearer "), "Bearer " + kReader + "x", "Bearer " + kReader.substr(1),
        "bearer " + kReader, "Basic " + kReader, std::string("Bearer \0x", 9)}) {
    EXPECT_EQ(refusal(access, request_with({{"authorization", wrong}})), 401) << wrong;
  }
  AccessControl read_only = guarded(true);
  EXPECT_EQ(read_only.judge(request_with({{"authorization", "Bearer " + kWriter}}), 0.0),
            Permission::read);
}

TEST(AccessControl, NamesThatAreNotOursAreRefusedWhateverTheToken) {
  AccessControl access = guarded();
  const std::string token = "Bearer " + kWriter;
  for (const char* ours : {"127.0.0.1:8377", "localhost:8377", "LOCALHOST", "[::1]:8377",
                           "10.0.0.7", "lab.example:80", "Lab.Example"}) {
    EXPECT_EQ(refusal(access, request_with({{"host", ours}, {"authorization", token}})), 200)
        << ours;
  }
  for (const char* foreign :
       {"evil.example", "evil.example:8377", "127.0.0.1.evil.example", "localhost.evil.example", "",
        "xlab.example", "127.0.0.1@evil.example"}) {
    EXPECT_EQ(refusal(access, request_with({{"host", foreign}, {"authorization", token}})), 421)
        << foreign;
  }
}

TEST(AccessControl, PagesOfOtherSitesAreRefused) {
  AccessControl access{{}};
  EXPECT_EQ(refusal(access, request_with({{"origin", "http://127.0.0.1:8377"}})), 200);
  EXPECT_EQ(refusal(access, request_with({{"origin", "http://evil.example"}})), 403);
  EXPECT_EQ(refusal(access, request_with({{"origin", "http://127.0.0.1:1234"}})), 403);
  EXPECT_EQ(refusal(access, request_with({{"origin", "null"}})), 403);
}

TEST(AccessControl, ATicketOpensOneSessionOnce) {
  AccessControl access = guarded();
  const std::string ticket = access.new_ticket(Permission::read, 0.0);
  EXPECT_EQ(access.redeem("other", 1.0), std::nullopt);
  const auto session = access.redeem(ticket, 1.0);
  ASSERT_TRUE(session);
  EXPECT_NE(*session, ticket);
  EXPECT_EQ(access.redeem(ticket, 1.0), std::nullopt) << "a replayed ticket";
  const HttpRequest request = request_with({{"cookie", "x=y; emdyn_session=" + *session}});
  EXPECT_EQ(access.judge(request, 2.0), Permission::read);
  EXPECT_THROW(access.judge(request, 1e9), HttpError) << "sessions end";
  EXPECT_EQ(refusal(access, request_with({{"cookie", "emdyn_session=" + *session + "x"}})), 401);
  const std::string set = AccessControl::session_cookie(*session);
  EXPECT_THAT(set, testing::HasSubstr("HttpOnly"));
  EXPECT_THAT(set, testing::HasSubstr("SameSite=Strict"));
}

TEST(AccessControl, ATicketThatIsOldOpensNothing) {
  AccessControl access = guarded();
  const std::string ticket = access.new_ticket(Permission::write, 0.0);
  EXPECT_EQ(access.redeem(ticket, AccessControl::kTicketSeconds + 1.0), std::nullopt);
}

TEST(AccessControl, TicketsAndSessionsAreBounded) {
  AccessControl access = guarded();
  const std::string first = access.new_ticket(Permission::read, 0.0);
  for (std::size_t i = 0; i < AccessControl::kMostTickets; ++i)
    access.new_ticket(Permission::read, 0.0);
  EXPECT_EQ(access.redeem(first, 0.0), std::nullopt);
}

TEST(AccessControl, TokenFilesSayWhichLineIsWrong) {
  const auto tokens =
      parse_tokens("# ours\n\nread " + kReader + "\nwrite\t" + kWriter + "  \r\n", "tokens");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].role, Permission::read);
  EXPECT_EQ(tokens[1].secret, kWriter);
  EXPECT_EQ(tokens[1].role, Permission::write);
  EXPECT_EQ(parse_tokens(kWriter, "t")[0].role, Permission::write);
  for (const std::string& wrong :
       {std::string(), std::string("# nothing"), std::string("read short"), "admin " + kReader,
        "read " + kReader + " more", std::string(300, 'a')}) {
    EXPECT_THROW(parse_tokens(wrong, "tokens"), ConfigError) << wrong;
  }
  try {
    parse_tokens("read " + kReader + "\nread x\n", "tokens");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("tokens: line 2"));
  }
}

TEST(AccessControl, SecretsDiffer) {
  const std::string one = random_secret();
  EXPECT_EQ(one.size(), 64u);
  EXPECT_NE(one, random_secret());
}

TEST(RateLimit, ABucketEmptiesAndFillsByTheSecond) {
  RateLimit limit(10.0, 5.0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.allow("a", 100.0));
  EXPECT_FALSE(limit.allow("a", 100.0));
  EXPECT_TRUE(limit.allow("b", 100.0)) << "others are not held up";
  EXPECT_TRUE(limit.allow("a", 100.125));
  EXPECT_FALSE(limit.allow("a", 100.125));
  EXPECT_FALSE(limit.allow("a", 50.0)) << "a clock that goes back fills nothing";
}

TEST(RateLimit, ForgetsTheOldestOfTooManyClients) {
  RateLimit limit(1.0, 1.0);
  for (int i = 0; i < 10'050; ++i) EXPECT_TRUE(limit.allow(std::to_string(i), 1.0 + i));
}

}  // namespace
}  // namespace emdyn::app::serve
