#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "emdyn/app/serve/service.hpp"
#include "emdyn/collect/store/store.hpp"
#include "fuzz.hpp"

// Requests of anybody against a service over a small store: an input is the lines of a request (method
// and target, headers, an empty line, the body), after its HTTP was parsed. Whatever comes, there is an
// answer of a known status that is JSON where it says so, nothing is thrown, and the store's own bytes
// and other files never stand in it.
namespace {

using namespace emdyn;
using namespace emdyn::app::serve;

constexpr std::string_view kSecret = "fuzz-secret-0123456789";

void require(bool good, std::string_view what, const Response& response) {
  if (good) return;
  std::fprintf(stderr, "%.*s: %d %s\n", static_cast<int>(what.size()), what.data(), response.status,
               response.body.c_str());
  std::abort();
}

/// A store of the process, gone with it.
class SmallStore {
 public:
  SmallStore() {
    using namespace collect::store;
    std::string pattern = (std::filesystem::temp_directory_path() / "emdyn-fuzz-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    Store store = Store::open(folder_, Mode::write);
    series::RunInfo info;
    info.name = "run";
    RunWriter writer = store.create(info);
    run_ = writer.id();
    const SignalId loss = writer.add_signal("loss");
    for (int i = 0; i < 50; ++i) writer.append(loss, i, 1.0 / (1 + i));
    series::Event event;
    event.signal = "loss";
    writer.record(event);
    writer.finish();
  }
  SmallStore(const SmallStore&) = delete;
  SmallStore& operator=(const SmallStore&) = delete;
  ~SmallStore() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::filesystem::path& folder() const { return folder_; }
  const std::string& run() const { return run_; }

 private:
  std::filesystem::path folder_;
  std::string run_;
};

const SmallStore& store() {
  static const SmallStore small;
  return small;
}

Service& service(bool guarded) {
  const auto made = [](bool tokens) {
    Service::Options options;
    options.store = store().folder();
    options.requests_per_second = options.burst = 1e12;
    if (tokens) options.access.tokens = {{std::string(kSecret), Permission::read}};
    return options;
  };
  static Service open(made(false)), closed(made(true));
  return guarded ? closed : open;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  return line;
}

HttpRequest parsed(std::string_view text) {
  HttpRequest request;
  const std::string_view first = next_line(text);
  const std::size_t space = std::min(first.find(' '), first.size());
  request.method = first.substr(0, space);
  request.target = first.substr(std::min(first.size(), space + 1));
  // The id is not known to the corpus.
  if (const std::size_t at = request.target.find("RUN"); at != std::string::npos)
    request.target.replace(at, 3, store().run());
  request.headers["host"] = "127.0.0.1";
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers[std::string(line.substr(0, colon))] =
        line.substr(std::min(line.size(), colon + 1));
  }
  request.body = text;
  return request;
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  return {
      "GET /\n",
      "GET /?ticket=abc\n",
      "GET /api/v1/runs?q=a&sort=name&order=asc&offset=1&limit=2\naccept-encoding:gzip\n",
      "GET /api/v1/runs/RUN\nif-none-match:\"x\", W/\"y\"\n",
      "GET /api/v1/runs/RUN/overviews?signal=loss&columns=7&from=1e1&to=40.5\n",
      "GET /api/v1/runs/RUN/points?signal=loss&offset=3&limit=5&format=csv\n",
      "GET /api/v1/runs/RUN/events?after=0&limit=1&kind=spike\n",
      "GET /api/v1/previews?run=RUN&run=..%2f\n",
      "GET /api/v1/stream?run=RUN&kind=event&last_event_id=abc-1\nlast-event-id:x-9\n",
      "PUT /api/v1/runs/RUN/tags\ncontent-type:application/json\n\n{\"tags\":[\"a\",\"b\"]}",
      "PUT /api/v1/runs/RUN/events/0/verdict\ncontent-type:application/json\n\n{\"verdict\":\"accept\"}",
      "POST /api/v1/tickets\nauthorization:Bearer fuzz-secret-0123456789\ncookie:a=b; emdyn_session=c\n",
      "GET /vendor/%2e%2e/%2e%2e/etc/passwd\nhost:evil.example\norigin:http://x\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const HttpRequest request = parsed(emdyn::fuzz::view_of(data, size));
  for (const bool guarded : {false, true}) {
    Service& server = service(guarded);
    if (Service::is_stream(request)) {
      auto subscription = server.subscribe(request, 1.0);
      if (subscription.accepted)
        server.stream().take(subscription.place, subscription.filter, 1000);
      continue;
    }
    const Response response = server.answer(request, 1.0);
    require(response.status >= 200 && response.status <= 507, "status", response);
    require(reason_of(response.status) != "Error", "a status without a name", response);
    require(response.status != 500, "a fault of ours", response);
    const bool packed = response.body.starts_with("\x1f\x8b");
    if (response.type == "application/json" && !packed && response.status != 304)
      require(Json::accept(response.body), "no JSON", response);
    require(response.body.find("root:") == std::string::npos, "a file of the system", response);
    require(response.body.find(kSecret) == std::string::npos, "the secret", response);
  }
  return 0;
}
