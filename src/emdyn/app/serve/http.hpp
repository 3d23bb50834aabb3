#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"

/// What the service knows of HTTP: values, no sockets. The server (server.hpp) makes requests of
/// bytes and bytes of responses; everything between can be tested without either.
namespace emdyn::app::serve {

/// A request as it came. Names of headers are in lower case; nothing else of it was looked at.
struct HttpRequest {
  std::string method{};  ///< "GET", "PUT", "POST", …
  std::string target{};  ///< As sent: path and query, still escaped.
  std::map<std::string, std::string, std::less<>> headers{};
  std::string body{};
  std::string client{};  ///< Address of the other end, for limits and the audit.

  /// "" where there is none.
  std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// A request that cannot be served, with what the client is told.
class HttpError final : public Error {
 public:
  HttpError(int status, const std::string& message) : Error(message), status_(status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

Response json_response(const Json& document, int status = 200);
/// {"error": {"status", "message"}}.
Response error_response(int status, std::string_view message);

/// What every response carries: no framing, no sniffing, no script that is not a file of ours.
void add_security_headers(Response& response);

/// "Not Found" of 404; "Error" of what has no name here.
std::string_view reason_of(int status) noexcept;

/// The value of one cookie of a Cookie header; nothing where it is absent.
std::optional<std::string> cookie(std::string_view header, std::string_view name);

/// Whether a header that lists tokens ("gzip, deflate;q=0.5") accepts `token`: it is listed, and not with q=0.
bool accepts(std::string_view header, std::string_view token);

/// gzip bytes of `text`. @param level 1 (quick) to 9 (small). @throws std::bad_alloc
std::string gzip_bytes(std::string_view text, int level);

/// A tag of bytes or of what they are made from, in quotes, as ETag wants it.
std::string entity_tag(std::string_view text);

/// Makes the response to a request for the same thing again: 304 without a body where the client
/// holds it, else packed where it accepts gzip and packing pays.
void finish(const HttpRequest& request, Response& response);

}  // namespace emdyn::app::serve
