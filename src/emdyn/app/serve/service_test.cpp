#include "emdyn/app/serve/service.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "emdyn/app/serve/assets.hpp"
#include "emdyn/app/serve/run_answers.hpp"
#include "emdyn/app/serve/store_test_fixture.hpp"

namespace emdyn::app::serve {
namespace {

using testing::HasSubstr;

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() : service_(options()) { service_.index().refresh(); }

  Service::Options options() {
    Service::Options options;
    options.store = store_.path();
    options.version = "test";
    options.audit = [this](const Json& line) { audited_.push_back(line); };
    return options;
  }

  static HttpRequest request(const std::string& method, const std::string& target,
                             const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.client = "127.0.0.1";
    request.headers["host"] = "127.0.0.1:8377";
    if (!body.empty()) request.headers["content-type"] = "application/json";
    request.body = body;
    return request;
  }

  Response get(const std::string& target) { return service_.answer(request("GET", target), 1.0); }
  Json json(const std::string& target) {
    const Response response = get(target);
    EXPECT_EQ(response.status, 200) << target << ": " << response.body;
    return Json::parse(response.body);
  }
  std::string of_long(const std::string& rest) const {
    return "/api/v1/runs/" + store_.long_run + rest;
  }

  TestStore store_;
  std::vector<Json> audited_;
  Service service_;
};

TEST_F(ServiceTest, ListsRunsFilteredAndSorted) {
  const Json all = json("/api/v1/runs");
  EXPECT_EQ(all["total"], 2);
  EXPECT_EQ(all["runs"][0]["name"], "short") << "the newest first";
  EXPECT_EQ(json("/api/v1/runs?sort=points&order=desc")["runs"][0]["id"], store_.long_run);
  EXPECT_EQ(json("/api/v1/runs?sort=name&order=asc")["runs"][0]["name"], "long <run>");
  const Json found = json("/api/v1/runs?q=LONG");
  EXPECT_EQ(found["matching"], 1);
  EXPECT_EQ(found["runs"][0]["events"], 3);
  EXPECT_EQ(json("/api/v1/runs?status=failed")["runs"][0]["id"], store_.short_run);
  EXPECT_EQ(json("/api/v1/runs?tag=sweep")["matching"], 1);
  EXPECT_EQ(json("/api/v1/runs?q=nothing")["runs"].size(), 0u);
  const Json second = json("/api/v1/runs?offset=1&limit=1");
  EXPECT_EQ(second["runs"].size(), 1u);
  EXPECT_EQ(second["runs"][0]["id"], store_.long_run);
  EXPECT_EQ(json("/api/v1/runs?offset=99")["runs"].size(), 0u);
}

TEST_F(ServiceTest, ARunTellsItsSignalsWithRolesAndFamilies) {
  const Json run = json(of_long(""));
  EXPECT_EQ(run["name"], "long <run>");
  EXPECT_EQ(run["configuration"]["lr"], 0.1);
  EXPECT_EQ(run["signals"][1]["name"], "val/acc");
  EXPECT_EQ(run["signals"][1]["role"], "test_accuracy");
  EXPECT_EQ(run["signals"][0]["family"], "loss");
  EXPECT_EQ(run["signals"][0]["nonfinite"], 1);
}

TEST_F(ServiceTest, OverviewsKeepTheSpikeAndNeverSendThePoints) {
  const Json answer = json(of_long("/overviews?signal=train/loss&columns=50"));
  const Json& signal = answer["signals"][0];
  EXPECT_EQ(signal["exact"], false);
  EXPECT_LE(signal["position"].size(), 50u);
  EXPECT_EQ(signal["points"], 5001);
  EXPECT_EQ(signal["nonfinite"], 1);
  double largest = 0.0;
  for (const Json& value : signal["max"])
    largest = std::max(largest, value.is_null() ? 0.0 : value.get<double>());
  EXPECT_EQ(largest, 99.0);
  const Json near =
      json(of_long("/overviews?signal=train/loss&columns=50&from=2340&to=2349"))["signals"][0];
  EXPECT_EQ(near["exact"], true);
  EXPECT_EQ(near["position"].size(), 10u);
  EXPECT_EQ(near["max"][5], 99.0);
  EXPECT_EQ(json(of_long("/overviews"))["signals"].size(), 2u);
}

TEST_F(ServiceTest, ColumnsOfChunksSayTheSameAsColumnsOfPoints) {
  {
    auto store = store_.open(collect::store::Mode::write);
    auto writer = store.resume(store_.long_run);
    const auto many = writer.add_signal("many");
    for (int i = 0; i < 40'000; ++i)
      writer.append(many, i, std::sin(i * 0.001) + (i == 17'123 ? 50.0 : 0.0));
    writer.finish();
  }
  // 39 chunks in 10 columns are joined; of 200 columns each is a step.
  for (const char* range : {"", "&from=2000.5&to=33333", "&from=17000&to=30000"}) {
    const std::string asked = of_long("/overviews?signal=many") + range;
    const Json coarse = json(asked + "&columns=10")["signals"][0];
    const Json fine = json(asked + "&columns=200")["signals"][0];
    EXPECT_LE(coarse["position"].size(), 10u);
    EXPECT_EQ(coarse["points"], fine["points"]) << range;
    const auto largest = [](const Json& signal) {
      double value = -1e9;
      for (const Json& each : signal["max"]) value = std::max(value, each.get<double>());
      return value;
    };
    const auto least = [](const Json& signal) {
      double value = 1e9;
      for (const Json& each : signal["min"]) value = std::min(value, each.get<double>());
      return value;
    };
    EXPECT_EQ(largest(coarse), largest(fine)) << range;
    EXPECT_GT(largest(coarse), 40.0) << range;
    EXPECT_EQ(least(coarse), least(fine)) << range;
    EXPECT_EQ(coarse["last"].back(), fine["last"].back()) << range;
    for (std::size_t i = 1; i < coarse["position"].size(); ++i)
      EXPECT_LT(coarse["position"][i - 1].get<double>(), coarse["position"][i].get<double>());
  }
}

TEST_F(ServiceTest, ARunThatWentBackIsDrawnInSteps) {
  {
    auto store = store_.open(collect::store::Mode::write);
    auto writer = store.resume(store_.long_run);
    const auto again = writer.add_signal("again");
    for (int i = 0; i < 6000; ++i) writer.append(again, i % 3000, i);
    writer.finish();
  }
  const Json signal = json(of_long("/overviews?signal=again&columns=4"))["signals"][0];
  EXPECT_EQ(signal["points"], 6000);
  EXPECT_EQ(signal["position"].size(), 4u);
  EXPECT_EQ(signal["min"][0], 0.0);
  EXPECT_EQ(signal["max"][3], 5999.0);
}

TEST_F(ServiceTest, PointsComeInPagesThatJoinWithoutGap) {
  const Json first = json(of_long("/points?signal=train/loss&limit=3000"));
  EXPECT_EQ(first["next"], 3000);
  const Json second = json(of_long("/points?signal=train/loss&limit=3000&offset=3000"));
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(first["values"].size() + second["values"].size(), 5001u);
  EXPECT_EQ(second["positions"][0], 3000.0);
  EXPECT_EQ(second["nonfinite"][0][1], "nan");
  const Response csv = get(of_long("/points?signal=val/acc&format=csv&from=2400&to=2500"));
  EXPECT_EQ(csv.body, "position,val/acc\n2400,0.1\n2500,0.9\n");
}

TEST_F(ServiceTest, EventsComeFromAnyIndexOn) {
  const Json all = json(of_long("/events"));
  EXPECT_EQ(all["total"], 3);
  EXPECT_EQ(all["events"][2]["index"], 2);
  const Json rest = json(of_long("/events?after=1&limit=1"));
  EXPECT_EQ(rest["events"][0]["index"], 1);
  EXPECT_EQ(rest["next"], 2);
  EXPECT_EQ(json(of_long("/events?from=150"))["events"].size(), 1u);
  EXPECT_EQ(json(of_long("/events?kind=shift"))["events"].size(), 0u);
}

TEST_F(ServiceTest, PreviewsShowTheMainSignalAndTheLastEvent) {
  const Json answer = json("/api/v1/previews?run=" + store_.long_run + "&run=0000000000000000");
  ASSERT_EQ(answer["previews"].size(), 1u) << "runs that are gone are left out";
  EXPECT_EQ(answer["previews"][0]["signal"], "val/acc");
  EXPECT_EQ(answer["previews"][0]["last_event"]["position"], 200.0);
}

TEST_F(ServiceTest, VerdictsAreKeptAndExportedAsLabels) {
  const std::string target = of_long("/events/1/verdict");
  EXPECT_EQ(service_.answer(request("PUT", target, R"({"verdict":"reject"})"), 5.0).status, 200);
  EXPECT_EQ(json(of_long("/events"))["events"][1]["verdict"], "reject");
  const Json labels = json(of_long("/labels"))["labels"];
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(labels[0]["index"], 1);
  EXPECT_EQ(labels[0]["event"]["position"], 100.0);
  EXPECT_EQ(service_.answer(request("PUT", target, R"({"verdict":null})"), 6.0).status, 200);
  EXPECT_EQ(json(of_long("/labels"))["labels"].size(), 0u);
  EXPECT_EQ(
      service_.answer(request("PUT", of_long("/events/99/verdict"), R"({"verdict":"accept"})"), 7.0)
          .status,
      404);
  for (const char* hostile : {R"({"verdict":"maybe"})", R"({"verdict":7})", R"({})", "[]", "{"})
    EXPECT_EQ(service_.answer(request("PUT", target, hostile), 8.0).status, 400) << hostile;
  EXPECT_EQ(service_.answer(request("PUT", of_long("/events/..%2f1/verdict"), "{}"), 8.0).status,
            400);
  ASSERT_GE(audited_.size(), 3u);
  EXPECT_EQ(audited_[0]["method"], "PUT");
  EXPECT_EQ(audited_[0]["path"], target);
  EXPECT_EQ(audited_[0]["status"], 200);
}

TEST_F(ServiceTest, ARunThatIsWrittenIsNotJudged) {
  auto store = store_.open(collect::store::Mode::write);
  auto writer = store.resume(store_.long_run);
  EXPECT_EQ(
      service_.answer(request("PUT", of_long("/events/1/verdict"), R"({"verdict":"accept"})"), 1.0)
          .status,
      409);
}

TEST_F(ServiceTest, TagsAreReplacedAndBounded) {
  const auto put = [&](const std::string& body) {
    return service_.answer(request("PUT", of_long("/tags"), body), 1.0).status;
  };
  EXPECT_EQ(put(R"({"tags":["kept","../x"]})"), 200);
  EXPECT_EQ(json(of_long(""))["tags"], Json({"kept", "../x"}));
  EXPECT_EQ(put(R"({"tags":[""]})"), 400);
  EXPECT_EQ(put(R"({"tags":[1]})"), 400);
  EXPECT_EQ(put(R"({"tags":")" + std::string(70, 'a') + R"("})"), 400);
  EXPECT_EQ(put(R"({"tags":[")" + std::string(70, 'a') + R"("]})"), 400);
}

TEST_F(ServiceTest, AnswersCarryTagsThatChangeWithTheRun) {
  const Response first = get(of_long("/overviews?columns=10"));
  const auto tag = std::ranges::find(first.headers, std::string("ETag"),
                                     &std::pair<std::string, std::string>::first);
  ASSERT_NE(tag, first.headers.end());
  HttpRequest again = request("GET", of_long("/overviews?columns=10"));
  again.headers["if-none-match"] = tag->second;
  EXPECT_EQ(service_.answer(again, 1.0).status, 304);
  {
    auto store = store_.open(collect::store::Mode::write);
    auto writer = store.resume(store_.long_run);
    writer.append(writer.add_signal("train/loss"), 5001, 1.0);
    writer.finish();
  }
  const Response changed = service_.answer(again, 1.0);
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(Json::parse(changed.body)["signals"][0]["points"], 5002);
}

TEST_F(ServiceTest, NothingHostileReachesAFile) {
  for (const std::string part :
       {"..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a/b", "ABCDEFGHIJKLMNOP",
        "000000000000000", "00000000000000000", "0000000000000000", "catalog", "*", "%2e"}) {
    const int status = get("/api/v1/runs/" + part + "/events").status;
    EXPECT_TRUE(status == 404 || status == 400) << part << ' ' << status;
  }
  for (const char* parameter :
       {"signal=../../etc/passwd", "signal=%2e%2e%2f", "signal=", "signal=%00"}) {
    const int status = get(of_long("/points?") + parameter).status;
    EXPECT_TRUE(status == 404 || status == 400) << parameter << ' ' << status;
  }
  for (const char* target : {"/../service.cpp", "/vendor/../../CMakeLists.txt", "/etc/passwd",
                             "/index.html/..", "//etc/passwd", "/vendor/%2e%2e/index.html"}) {
    const int status = get(target).status;
    EXPECT_TRUE(status == 404 || status == 400) << target << ' ' << status;
  }
  EXPECT_EQ(get("/api/v1/incidents?signal=loss&run=../x").status, 404);
  EXPECT_EQ(get("/api/v1/previews?run=../x").body, R"({"previews":[]})");
  EXPECT_EQ(get("/api/v1/runs?sort=../x").status, 400);
  EXPECT_EQ(get("/api/v1/runs?unknown=1").status, 400);
}

TEST_F(ServiceTest, WrongMethodsSayWhichOneWorks) {
  const Response response = service_.answer(request("DELETE", "/api/v1/runs"), 1.0);
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.body, HasSubstr("GET"));
  EXPECT_EQ(service_.answer(request("POST", "/index.html"), 1.0).status, 404);
}

TEST_F(ServiceTest, CommonIncidentsOfRunsAreFound) {
  const Json found = json("/api/v1/incidents?signal=train/loss&run=" + store_.long_run);
  EXPECT_EQ(found["signal"], "train/loss");
  EXPECT_EQ(found["incidents"].size(), 0u) << "one run shares nothing";
  EXPECT_EQ(get("/api/v1/incidents?signal=loss").status, 400);
}

TEST_F(ServiceTest, AnAnalysisHasWordsAndIsMadeOnce) {
  const Json answer = json(of_long("/analysis"));
  EXPECT_EQ(answer["absence"], "");
  EXPECT_EQ(answer["order_parameter"], "val/acc");
  EXPECT_THAT(answer["headline"].get<std::string>(), HasSubstr("jumped"));
  EXPECT_FALSE(answer["transitions"].empty());
  EXPECT_EQ(json(of_long("/analysis")), answer);
}

TEST_F(ServiceTest, TokensGuardTheApiAndATicketLetsABrowserIn) {
  Service::Options closed = options();
  closed.access.tokens = {{"reader-secret-0123456789", Permission::read}};
  Service service(closed);
  service.index().refresh();
  EXPECT_EQ(service.answer(request("GET", "/api/v1/runs"), 1.0).status, 401);
  EXPECT_EQ(service.answer(request("GET", "/"), 1.0).status, 200)
      << "the page itself tells nothing";
  HttpRequest bearer = request("GET", "/api/v1/runs");
  bearer.headers["authorization"] = "Bearer reader-secret-0123456789";
  EXPECT_EQ(service.answer(bearer, 1.0).status, 200);
  HttpRequest write = request("PUT", of_long("/tags"), R"({"tags":[]})");
  write.headers["authorization"] = "Bearer reader-secret-0123456789";
  EXPECT_EQ(service.answer(write, 1.0).status, 403);
  HttpRequest ask = request("POST", "/api/v1/tickets");
  ask.headers["authorization"] = "Bearer reader-secret-0123456789";
  const std::string path = Json::parse(service.answer(ask, 1.0).body)["path"].get<std::string>();
  const Response let_in = service.answer(request("GET", path), 2.0);
  EXPECT_EQ(let_in.status, 303);
  EXPECT_EQ(service.answer(request("GET", path), 2.0).status, 401) << "a replayed ticket";
}

TEST_F(ServiceTest, ManyRequestsOfOneClientAreHeldUp) {
  Service::Options few = options();
  few.requests_per_second = 0.001;
  few.burst = 3.0;
  Service service(few);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(service.answer(request("GET", "/api/v1/health"), 1.0).status, 200);
  EXPECT_EQ(service.answer(request("GET", "/api/v1/health"), 1.0).status, 429);
}

TEST_F(ServiceTest, TheDescriptionNamesEveryRouteAndNoOther) {
  const auto file = std::ranges::find(assets(), std::string_view("openapi.json"), &Asset::path);
  ASSERT_NE(file, assets().end());
  const Json description = Json::parse(file->bytes);
  std::set<std::string> described;
  for (const auto& [path, operations] : description["paths"].items())
    for (const auto& [method, operation] : operations.items())
      described.insert(method + " " + path);
  for (const Route& route : routes()) {
    std::string method(route.method);
    std::ranges::transform(method, method.begin(),
                           [](char c) { return static_cast<char>(c | 0x20); });
    const std::string pattern(route.pattern);
    ASSERT_EQ(described.erase(method + " " + pattern), 1u) << method << ' ' << pattern;
    const Json& operation = description["paths"][pattern][method];
    EXPECT_EQ(operation["operationId"], route.operation);
    EXPECT_EQ(operation["x-role"], word(route.role)) << pattern;
    std::set<std::string> parameters;
    for (const Json& parameter : operation["parameters"])
      if (parameter["in"] == "query") parameters.insert(parameter["name"].get<std::string>());
    EXPECT_EQ(parameters, std::set<std::string>(route.parameters.begin(), route.parameters.end()))
        << pattern;
  }
  EXPECT_THAT(described, testing::IsEmpty());
}

TEST_F(ServiceTest, AnswersHaveTheMembersThatTheDescriptionRequires) {
  const auto file = std::ranges::find(assets(), std::string_view("openapi.json"), &Asset::path);
  const Json description = Json::parse(file->bytes);
  const auto schema_of = [&](const std::string& path) {
    Json schema = description["paths"][path]["get"]["responses"]["200"]["content"]
                             ["application/json"]["schema"];
    if (schema.contains("$ref")) {
      const std::string ref = schema["$ref"].get<std::string>();
      schema = description["components"]["schemas"][ref.substr(ref.rfind('/') + 1)];
    }
    return schema;
  };
  const std::map<std::string, std::string> asked{
      {"/api/v1/health", "/api/v1/health"},
      {"/api/v1/runs", "/api/v1/runs"},
      {"/api/v1/runs/{run}", of_long("")},
      {"/api/v1/runs/{run}/overviews", of_long("/overviews")},
      {"/api/v1/runs/{run}/points", of_long("/points?signal=val/acc")},
      {"/api/v1/runs/{run}/events", of_long("/events")},
      {"/api/v1/runs/{run}/transitions", of_long("/transitions")},
      {"/api/v1/runs/{run}/forecasts", of_long("/forecasts")},
      {"/api/v1/runs/{run}/attributions", of_long("/attributions")},
      {"/api/v1/runs/{run}/labels", of_long("/labels")},
      {"/api/v1/previews", "/api/v1/previews"}};
  for (const auto& [path, target] : asked) {
    const Json answer = json(target);
    const Json schema = schema_of(path);
    ASSERT_TRUE(schema.contains("required")) << path;
    for (const Json& name : schema["required"])
      EXPECT_TRUE(answer.contains(name.get<std::string>())) << path << ' ' << name;
  }
}

TEST(Assets, ThePageIsSmallAndHasNoInlineScript) {
  std::size_t packed = 0;
  for (const Asset& asset : assets()) {
    if (!asset.path.ends_with(".json")) packed += gzip_bytes(asset.bytes, 6).size();
    if (!asset.path.ends_with(".html")) continue;
    EXPECT_THAT(asset.bytes, testing::Not(HasSubstr(" style="))) << asset.path;
    EXPECT_THAT(asset.bytes, testing::Not(HasSubstr(" onclick="))) << asset.path;
    EXPECT_THAT(asset.bytes, testing::Not(HasSubstr("http://"))) << asset.path;
  }
  EXPECT_GT(packed, 10'000u);
  EXPECT_LE(packed, 150'000u);
}

}  // namespace
}  // namespace emdyn::app::serve
