#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/app/serve/access.hpp"
#include "emdyn/app/serve/analysis.hpp"
#include "emdyn/app/serve/event_stream.hpp"
#include "emdyn/app/serve/http.hpp"
#include "emdyn/app/serve/parameters.hpp"
#include "emdyn/app/serve/run_answers.hpp"
#include "emdyn/app/serve/run_list.hpp"

namespace emdyn::app::serve {

class Service;

/// A request that found its route: the parts of the path that stand for something, and the query.
struct Call {
  const HttpRequest& request;
  std::vector<std::string> parts;  ///< Of {…} in the pattern, in order.
  Query query;
  Permission role = Permission::none;
  double now = 0.0;  ///< Seconds since the epoch.
};

/// One thing the API can be asked. web/openapi.json describes each; a test compares the two.
struct Route {
  std::string_view method;
  std::string_view pattern;                      ///< "/api/v1/runs/{run}/events"
  std::string_view operation;                    ///< Its operationId.
  Permission role;                               ///< Needed at least.
  std::span<const std::string_view> parameters;  ///< Of the query; others are refused.
  Response (*answer)(Service&, const Call&);
};

/// Every route, in the order of the description. `stream` is among them; its body is the server's.
std::span<const Route> routes() noexcept;

/// Answers requests: no socket, no thread of its own. Thread-safe.
class Service {
 public:
  struct Options {
    std::filesystem::path store{};
    AccessControl::Options access{};
    bool read_only = false;
    double requests_per_second = 500.0;  ///< Of one client.
    double burst = 2000.0;
    std::string version{};
    /// Told one line of JSON for every write that was tried.
    std::function<void(const Json&)> audit{};
    std::vector<std::string> watched{};  ///< What is watched, for people.
  };

  explicit Service(Options options);

  /// Never throws. @param now seconds since the epoch.
  Response answer(const HttpRequest& request, double now);

  /// A request for the stream: what of it, from where; or the response that refuses it.
  struct Subscription {
    bool accepted = false;
    StreamFilter filter{};
    EventStream::Place place{};
    Response refusal{};
  };
  static bool is_stream(const HttpRequest& request);
  Subscription subscribe(const HttpRequest& request, double now);

  RunList& index() noexcept { return index_; }
  EventStream& stream() noexcept { return stream_; }
  AccessControl& access() noexcept { return access_; }
  const Options& options() const noexcept { return options_; }
  AnswerCache& analyses() noexcept { return analyses_; }
  ChunkCache& chunks() noexcept { return chunks_; }
  AnswerCache& previews() noexcept { return previews_; }
  /// What stops long answers when the server ends.
  const std::atomic<bool>* stop_flag() const noexcept { return &stopped_; }
  void stop() noexcept { stopped_ = true; }
  /// A watcher's trouble, for `health`.
  void problem(std::string_view text);
  std::vector<std::string> problems() const;

 private:
  Response dispatch(const HttpRequest& request, double now);
  Response static_file(const HttpRequest& request, double now);
  Response page(const HttpRequest& request, double now);
  void limit(const HttpRequest& request, double cost);

  Options options_;
  AccessControl access_;
  RateLimit rate_;
  RunList index_;
  EventStream stream_;
  ChunkCache chunks_;
  AnswerCache analyses_{32};
  AnswerCache previews_{4096};
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
};

}  // namespace emdyn::app::serve
