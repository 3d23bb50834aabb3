#include "emdyn/app/serve/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>

#include "emdyn/app/serve/assets.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

constexpr std::string_view kStreamPath = "/api/v1/stream";
constexpr double kCostOfRefusal = 20.0;  // Guessing tokens is slow.
constexpr std::size_t kMostProblems = 20;

/// The parts of `path` that fill the {…} of `pattern`; nothing where it does not fit.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& path) {
  std::vector<std::string> filled;
  const std::vector<std::string> wanted = path_parts(pattern);
  if (wanted.size() != path.size()) return std::nullopt;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{')) {
      filled.push_back(path[i]);
    } else if (wanted[i] != path[i]) {
      return std::nullopt;
    }
  }
  return filled;
}

struct Found {
  const Route* route = nullptr;
  std::vector<std::string> parts{};
};

/// @throws HttpError 404, or 405 where another method fits.
Found find_route(const HttpRequest& request) {
  const std::vector<std::string> path = path_parts(request.target);
  std::string others;
  for (const Route& route : routes()) {
    auto parts = match(route.pattern, path);
    if (!parts) continue;
    if (route.method == request.method) return {&route, *std::move(parts)};
    others += fmt::format("{}{}", others.empty() ? "" : ", ", route.method);
  }
  if (!others.empty())
    throw HttpError(
        405, fmt::format("{} does not work here: {} does", terminal_safe(request.method), others));
  throw HttpError(404, "nothing here: /api/v1/openapi.json describes what there is");
}

/// What went wrong, as the client is told. Our own faults are not described to strangers.
Response refusal_of(std::exception_ptr fault) {
  try {
    std::rethrow_exception(std::move(fault));
  } catch (const HttpError& error) {
    return error_response(error.status(), error.what());
  } catch (const collect::store::DiskError& error) {
    return error_response(507, error.what());
  } catch (const ConfigError& error) {
    return error_response(400, error.what());
  } catch (const DataError& error) {
    return error_response(404, error.what());
  } catch (const UnavailableError& error) {
    return error_response(503, error.what());
  } catch (const StoreError& error) {
    return error_response(500, error.what());
  } catch (const Task::Stopped&) {
    return error_response(503, "the server is ending");
  } catch (const std::bad_alloc&) {
    return error_response(503, "out of memory: ask for less");
  } catch (const std::exception&) {
    return error_response(500, "internal error; please report it");
  }
}

bool writes(std::string_view method) { return method != "GET" && method != "HEAD"; }

std::string path_only(const std::string& target) { return target.substr(0, target.find('?')); }

}  // namespace

Service::Service(Options options)
    : options_(std::move(options)),
      access_([this] {
        AccessControl::Options access = options_.access;
        access.read_only = options_.read_only;
        return access;
      }()),
      rate_(options_.requests_per_second, options_.burst),
      index_(options_.store),
      stream_(random_secret().substr(0, 8)) {}

void Service::problem(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    if (problems_.size() >= kMostProblems) problems_.erase(problems_.begin());
    problems_.emplace_back(text);
  }
  stream_.publish("problem", "", Json{{"run", nullptr}, {"message", text}});
}

std::vector<std::string> Service::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

void Service::limit(const HttpRequest& request, double cost) {
  using Seconds = std::chrono::duration<double>;
  const double clock = Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (!rate_.allow(request.client, clock, cost))
    throw HttpError(429, "too many requests: wait a second");
}

Response Service::static_file(const HttpRequest& request, double now) {
  const std::vector<std::string> parts = path_parts(request.target);
  std::string name;
  for (const std::string& part : parts) name += (name.empty() ? "" : "/") + part;
  const auto found = std::ranges::find(assets(), name, &Asset::path);
  if (found == assets().end()) return dispatch(request, now);
  Response response;
  response.type = found->type;
  response.body = found->bytes;
  response.headers.emplace_back("ETag", entity_tag(found->bytes));
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

/// "/": the page, or with ?ticket= the cookie that lets a browser in.
Response Service::page(const HttpRequest& request, double now) {
  const Query query(request.target);
  if (const auto ticket = query.text("ticket")) {
    const auto session = access_.redeem(*ticket, now);
    if (!session) {
      limit(request, kCostOfRefusal);
      throw HttpError(401,
                      "this ticket was used, or is older than ten minutes: ask for a new one "
                      "(POST /api/v1/tickets), or start the server again");
    }
    Response response;
    response.status = 303;
    response.type = "text/plain";
    response.headers.emplace_back("Location", "/");
    response.headers.emplace_back("Set-Cookie", AccessControl::session_cookie(*session));
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  }
  HttpRequest same = request;
  same.target = "/index.html";
  return static_file(same, now);
}

Response Service::dispatch(const HttpRequest& request, double now) {
  const Found found = find_route(request);
  const Permission role = access_.judge(request, now);
  if (role < found.route->role) {
    throw HttpError(403, options_.read_only ? "this server is read-only"
                                            : "this token may read only: use one that may write");
  }
  Call call{request, found.parts, Query(request.target), role, now};
  call.query.only(found.route->parameters);
  return found.route->answer(*this, call);
}

Response Service::answer(const HttpRequest& request, double now) {
  Response response;
  try {
    limit(request, 1.0);
    const bool reads = !writes(request.method);
    if (path_only(request.target) == "/" && reads) {
      // Files of the page hold nothing of the store; only the name the server is called by is checked.
      if (!host_allowed(request.header("host"), options_.access.host_names))
        throw HttpError(421, "this server is not called by that name: use its address");
      response = page(request, now);
    } else if (!request.target.starts_with("/api/") && reads) {
      response = static_file(request, now);
    } else {
      response = dispatch(request, now);
    }
    finish(request, response);
  } catch (...) {
    response = refusal_of(std::current_exception());
  }
  if (response.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    try {
      limit(request, kCostOfRefusal);
    } catch (const HttpError&) {
      // Its bucket is empty: the next request is refused for that.
    }
  }
  if (writes(request.method) && options_.audit) {
    options_.audit(Json{{"at", now},
                        {"client", request.client},
                        {"method", request.method},
                        {"path", path_only(request.target)},
                        {"bytes", request.body.size()},
                        {"status", response.status}});
  }
  add_security_headers(response);
  return response;
}

bool Service::is_stream(const HttpRequest& request) {
  return request.method == "GET" && path_only(request.target) == kStreamPath;
}

Service::Subscription Service::subscribe(const HttpRequest& request, double now) {
  Subscription subscription;
  try {
    limit(request, 1.0);
    const Found found = find_route(request);
    if (access_.judge(request, now) < found.route->role)
      throw HttpError(403, "this token may not read");
    const Query query(request.target);
    query.only(found.route->parameters);
    subscription.filter = {query.all("run"), query.all("kind")};
    std::string last(request.header("last-event-id"));
    // A browser sends the header when it connects again by itself; a page that was loaded anew cannot.
    if (last.empty()) last = query.text("last_event_id").value_or("");
    subscription.place = stream_.begin(last);
    subscription.accepted = true;
  } catch (...) {
    subscription.refusal = refusal_of(std::current_exception());
    add_security_headers(subscription.refusal);
  }
  return subscription;
}

}  // namespace emdyn::app::serve
