#include "emdyn/app/serve/http.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>

#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

/// Shorter bodies grow by packing, or hardly shrink.
constexpr std::size_t kWorthPacking = 1024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts `rest` at the first `mark` and returns what stood before it.
std::string_view next_part(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return trimmed(part);
}

const std::string* header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return &value;
  return nullptr;
}

bool held_by_client(const HttpRequest& request, std::string_view tag) {
  std::string_view rest = request.header("if-none-match");
  while (!rest.empty()) {
    std::string_view one = next_part(rest, ',');
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

bool worth_packing(const Response& response) {
  return response.body.size() >= kWorthPacking &&
         (response.type.starts_with("text/") || response.type.starts_with("application/json") ||
          response.type == "image/svg+xml");
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Response json_response(const Json& document, int status) {
  Response response;
  response.status = status;
  response.body = json_text(document);
  return response;
}

Response error_response(int status, std::string_view message) {
  return json_response(Json{{"error", {{"status", status}, {"message", message}}}}, status);
}

void add_security_headers(Response& response) {
  constexpr std::array<std::pair<const char*, const char*>, 6> kHeaders{{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
       "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  }};
  for (const auto& [name, value] : kHeaders) response.headers.emplace_back(name, value);
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

std::optional<std::string> cookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    std::string_view pair = next_part(header, ';');
    const std::string_view key = next_part(pair, '=');
    if (key == name) return std::string(pair);
  }
  return std::nullopt;
}

bool accepts(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    std::string_view rest = next_part(header, ',');
    const std::string_view name = next_part(rest, ';');
    if (to_lower(name) != token) continue;
    if (!rest.starts_with("q=")) return true;
    const auto weight = parse_double(rest.substr(2));
    return weight && *weight > 0.0;
  }
  return false;
}

std::string gzip_bytes(std::string_view text, int level) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;  // zlib's way to say: with gzip's header.
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  // zlib reads through a pointer it was never given const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int done = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) throw std::bad_alloc();
  return packed;
}

std::string entity_tag(std::string_view text) {
  // FNV-1a, 64 bits: a tag tells versions of one thing apart, it guards nothing.
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return fmt::format("\"{:016x}-{:x}\"", hash, text.size());
}

void finish(const HttpRequest& request, Response& response) {
  if (response.status != 200) return;
  const std::string* tag = header_of(response, "ETag");
  if (tag != nullptr && held_by_client(request, *tag)) {
    response.status = 304;
    response.body.clear();
    return;
  }
  if (!worth_packing(response) || header_of(response, "Content-Encoding") != nullptr) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts(request.header("accept-encoding"), "gzip")) return;
  response.body = gzip_bytes(response.body, 1);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace emdyn::app::serve
