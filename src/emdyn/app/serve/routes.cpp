#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "emdyn/app/serve/assets.hpp"
#include "emdyn/app/serve/run_answers.hpp"
#include "emdyn/app/serve/service.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

using collect::store::Mode;
using collect::store::Store;

constexpr std::size_t kMostPreviews = 100;
constexpr std::size_t kMostIncidentRuns = 200;
constexpr std::size_t kMostTags = 32;
constexpr std::size_t kLongestTag = 64;

/// The run of a call, which is there. @throws HttpError 404
const std::string& run_of(Service& service, const std::string& run) {
  if (run_stamp(service.index().store(), run).empty())
    throw HttpError(
        404, fmt::format("no run has the id \"{}\": /api/v1/runs lists them", terminal_safe(run)));
  return run;
}

Store open(Service& service, Mode mode) { return Store::open(service.index().store(), mode); }

std::size_t index_of(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    throw HttpError(400,
                    fmt::format("an event is named by its index, got \"{}\"", terminal_safe(text)));
  return value;
}

/// The tag of an answer about one run; 304 before anything is read where the client holds it.
std::string run_tag(Service& service, const Call& call, const std::string& run) {
  return entity_tag(fmt::format("{} {} {}", service.options().version,
                                run_stamp(service.index().store(), run), call.request.target));
}

bool client_holds(const Call& call, const std::string& tag) {
  return call.request.header("if-none-match").find(tag) != std::string_view::npos;
}

/// Answers with `make()` unless the client holds what the run was when it asked before.
template <class Make>
Response tagged(Service& service, const Call& call, const std::string& run, const Make& make) {
  const std::string tag = run_tag(service, call, run);
  Response response = client_holds(call, tag) ? Response{} : make();
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

collect::store::Range range_of(const Query& query) {
  const collect::store::Range range{query.number("from"), query.number("to")};
  if (range.low && range.high && *range.low > *range.high)
    throw HttpError(400, "from must be at most to");
  return range;
}

Response health(Service& service, const Call& call) {
  return json_response(Json{{"status", "ok"},
                            {"version", service.options().version},
                            {"runs", service.index().runs()->size()},
                            {"role", word(call.role)},
                            {"read_only", service.options().read_only},
                            {"watched", service.options().watched},
                            {"messages", service.stream().published()},
                            {"problems", service.problems()}});
}

Response description(Service&, const Call&) {
  const auto found = std::ranges::find(assets(), std::string_view("openapi.json"), &Asset::path);
  if (found == assets().end()) throw HttpError(404, "the description was not built in");
  Response response;
  response.body = found->bytes;
  response.headers.emplace_back("ETag", entity_tag(found->bytes));
  return response;
}

Response list_runs(Service& service, const Call& call) {
  const std::string tag = entity_tag(fmt::format(
      "{} {} {}", service.stream().epoch(), service.index().generation(), call.request.target));
  Response response = client_holds(call, tag)
                          ? Response{}
                          : json_response(service.index().list(RunQuery::of(call.query)));
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

Response list_previews(Service& service, const Call& call) {
  const std::vector<std::string> runs = call.query.all("run");
  if (runs.size() > kMostPreviews)
    throw HttpError(400, fmt::format("at most {} previews at once", kMostPreviews));
  std::string text = "{\"previews\":[";
  bool first = true;
  for (const std::string& run : runs) {
    const std::string stamp = run_stamp(service.index().store(), run);
    if (stamp.empty()) continue;  // It went since the list was read.
    const auto one = service.previews().get(
        run + stamp, [&] { return preview(service.index().store(), run, service.chunks()); });
    text += (first ? "" : ",") + *one;
    first = false;
  }
  Response response;
  response.body = text + "]}";
  return response;
}

Response show_run(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    Store store = open(service, Mode::read);
    return json_response(run_detail(store, run));
  });
}

Response show_overviews(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  OverviewQuery query;
  query.signals = call.query.all("signal");
  if (query.signals.size() > OverviewQuery::kMostSignals)
    throw HttpError(400, fmt::format("at most {} signals at once", OverviewQuery::kMostSignals));
  query.columns =
      static_cast<int>(call.query.integer("columns", 800, 1, OverviewQuery::kMostColumns));
  query.range = range_of(call.query);
  return tagged(service, call, run, [&] {
    return json_response(overviews(service.index().store(), run, query, service.chunks()));
  });
}

Response show_points(Service& service, const Call& call) {
  constexpr std::array<std::string_view, 2> kFormats{"json", "csv"};
  const std::string& run = run_of(service, call.parts[0]);
  PointsQuery query;
  query.signal = call.query.required("signal");
  query.range = range_of(call.query);
  query.offset =
      static_cast<std::uint64_t>(call.query.integer("offset", 0, 0, std::int64_t{1} << 50));
  query.limit =
      static_cast<std::uint64_t>(call.query.integer("limit", 10'000, 1, PointsQuery::kMostPoints));
  query.as_table = call.query.word("format", kFormats) == kFormats[1];
  return tagged(service, call, run, [&] {
    Store store = open(service, Mode::read);
    return points(store, run, query);
  });
}

Response show_events(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  EventsQuery query;
  query.signal = call.query.text("signal").value_or("");
  query.kind = call.query.text("kind").value_or("");
  query.from = call.query.number("from");
  query.to = call.query.number("to");
  query.after = static_cast<std::size_t>(call.query.integer("after", 0, 0, 1'000'000'000));
  query.limit = static_cast<std::size_t>(call.query.integer("limit", 1000, 1, 10'000));
  return tagged(service, call, run, [&] {
    Store store = open(service, Mode::read);
    return json_response(events(store, run, query));
  });
}

Response show_transitions(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    return json_response(
        Json{{"run", run}, {"transitions", open(service, Mode::read).transitions(run)}});
  });
}

Response show_forecasts(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    return json_response(
        Json{{"run", run}, {"forecasts", open(service, Mode::read).forecasts(run)}});
  });
}

Response show_attributions(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    return json_response(
        Json{{"run", run}, {"attributions", open(service, Mode::read).attributions(run)}});
  });
}

Response show_analysis(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    Response response;
    response.body = *service.analyses().get(
        "analysis " + run + run_stamp(service.index().store(), run),
        [&] { return analysis_of(service.index().store(), run, Task(service.stop_flag())); });
    return response;
  });
}

Response show_incidents(Service& service, const Call& call) {
  const std::string signal = call.query.required("signal");
  std::vector<std::string> runs = call.query.all("run");
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  if (runs.empty() || runs.size() > kMostIncidentRuns)
    throw HttpError(400, fmt::format("name 1 to {} runs", kMostIncidentRuns));
  std::string key = "incidents " + signal;
  for (const std::string& run : runs)
    key += ' ' + run_of(service, run) + run_stamp(service.index().store(), run);
  Response response;
  response.body = *service.analyses().get(key, [&] {
    return common_incidents(service.index().store(), runs, signal, Task(service.stop_flag()));
  });
  return response;
}

Response show_labels(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  return tagged(service, call, run, [&] {
    Store store = open(service, Mode::read);
    return json_response(labels(store, run));
  });
}

Response put_verdict(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  const std::size_t index = index_of(call.parts[1]);
  const Json body = body_object(call.request);
  std::string verdict;
  if (!body.contains("verdict") || !(body["verdict"].is_string() || body["verdict"].is_null()))
    throw HttpError(400, "verdict must be \"accept\", \"reject\" or null");
  if (body["verdict"].is_string()) verdict = body["verdict"].get<std::string>();
  if (verdict != "" && verdict != "accept" && verdict != "reject")
    throw HttpError(400, "verdict must be \"accept\", \"reject\" or null");
  Store store = open(service, Mode::write);
  judge_event(store, run, index, verdict, call.now);
  return json_response(Json{{"run", run}, {"index", index}, {"verdict", body["verdict"]}});
}

Response put_tags(Service& service, const Call& call) {
  const std::string& run = run_of(service, call.parts[0]);
  const Json body = body_object(call.request);
  if (!body.contains("tags") || !body["tags"].is_array() || body["tags"].size() > kMostTags)
    throw HttpError(400, fmt::format("tags must be a list of at most {} words", kMostTags));
  std::vector<std::string> tags;
  for (const Json& tag : body["tags"]) {
    if (!tag.is_string() || tag.get<std::string>().empty() ||
        tag.get<std::string>().size() > kLongestTag)
      throw HttpError(400, fmt::format("a tag is a word of 1 to {} bytes", kLongestTag));
    tags.push_back(tag.get<std::string>());
  }
  Store store = open(service, Mode::write);
  store.tag(run, tags);
  return json_response(Json{{"run", run}, {"tags", tags}});
}

Response post_ticket(Service& service, const Call& call) {
  return json_response(
      Json{{"path", "/?ticket=" + service.access().new_ticket(call.role, call.now)},
           {"seconds", AccessControl::kTicketSeconds}},
      201);
}

Response stream_needs_server(Service&, const Call&) {
  throw HttpError(400, "the stream is read over a connection");
}

constexpr std::array<std::string_view, 0> kNone{};
constexpr std::array<std::string_view, 7> kRunsParameters{"q",     "status", "tag",  "sort",
                                                          "order", "offset", "limit"};
constexpr std::array<std::string_view, 1> kPreviewParameters{"run"};
constexpr std::array<std::string_view, 4> kOverviewParameters{"signal", "columns", "from", "to"};
constexpr std::array<std::string_view, 6> kPointsParameters{"signal", "from",  "to",
                                                            "offset", "limit", "format"};
constexpr std::array<std::string_view, 6> kEventsParameters{"signal", "kind",  "from",
                                                            "to",     "after", "limit"};
constexpr std::array<std::string_view, 2> kIncidentParameters{"signal", "run"};
constexpr std::array<std::string_view, 3> kStreamParameters{"run", "kind", "last_event_id"};

constexpr std::array kRoutes{
    Route{"GET", "/api/v1/health", "health", Permission::read, kNone, &health},
    Route{"GET", "/api/v1/openapi.json", "openapi", Permission::read, kNone, &description},
    Route{"GET", "/api/v1/runs", "listRuns", Permission::read, kRunsParameters, &list_runs},
    Route{"GET", "/api/v1/previews", "previews", Permission::read, kPreviewParameters,
          &list_previews},
    Route{"GET", "/api/v1/runs/{run}", "run", Permission::read, kNone, &show_run},
    Route{"GET", "/api/v1/runs/{run}/overviews", "overviews", Permission::read, kOverviewParameters,
          &show_overviews},
    Route{"GET", "/api/v1/runs/{run}/points", "points", Permission::read, kPointsParameters,
          &show_points},
    Route{"GET", "/api/v1/runs/{run}/events", "events", Permission::read, kEventsParameters,
          &show_events},
    Route{"GET", "/api/v1/runs/{run}/transitions", "transitions", Permission::read, kNone,
          &show_transitions},
    Route{"GET", "/api/v1/runs/{run}/forecasts", "forecasts", Permission::read, kNone,
          &show_forecasts},
    Route{"GET", "/api/v1/runs/{run}/attributions", "attributions", Permission::read, kNone,
          &show_attributions},
    Route{"GET", "/api/v1/runs/{run}/analysis", "analysis", Permission::read, kNone,
          &show_analysis},
    Route{"GET", "/api/v1/runs/{run}/labels", "labels", Permission::read, kNone, &show_labels},
    Route{"GET", "/api/v1/incidents", "incidents", Permission::read, kIncidentParameters,
          &show_incidents},
    Route{"GET", "/api/v1/stream", "stream", Permission::read, kStreamParameters,
          &stream_needs_server},
    Route{"PUT", "/api/v1/runs/{run}/tags", "setTags", Permission::write, kNone, &put_tags},
    Route{"PUT", "/api/v1/runs/{run}/events/{index}/verdict", "judgeEvent", Permission::write,
          kNone, &put_verdict},
    Route{"POST", "/api/v1/tickets", "newTicket", Permission::read, kNone, &post_ticket},
};

}  // namespace

std::span<const Route> routes() noexcept { return kRoutes; }

}  // namespace emdyn::app::serve
