#include "emdyn/app/serve/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

constexpr std::size_t kMostParts = 16;

[[noreturn]] void bad(const std::string& message) { throw HttpError(400, message); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

std::string unescaped(std::string_view text, bool query) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        bad("the address has a broken % escape: write %25 for a percent sign");
      c = static_cast<char>(16 * high + low);
      i += 2;
    } else if (query && c == '+') {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      bad("the address has a control character in it");
    bytes += c;
  }
  if (!is_utf8(bytes)) bad("the address is no UTF-8");
  return bytes;
}

std::vector<std::string> path_parts(std::string_view target) {
  std::string_view path = path_of(target);
  if (!path.starts_with('/')) bad("the address must begin with /");
  path.remove_prefix(1);
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    std::string part = unescaped(path.substr(0, end), false);
    if (part == "." || part == ".." || part.find('/') != std::string::npos ||
        part.find('\\') != std::string::npos)
      bad("the address may not climb: no part of it is . or .. or holds a slash");
    parts.push_back(std::move(part));
    path.remove_prefix(std::min(path.size(), end + 1));
    if (parts.size() > kMostParts)
      bad(fmt::format("the address has more than {} parts", kMostParts));
  }
  return parts;
}

Query::Query(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    if (pair.empty()) continue;
    const std::size_t equal = std::min(pair.find('='), pair.size());
    values_.emplace_back(unescaped(pair.substr(0, equal), true),
                         unescaped(pair.substr(std::min(pair.size(), equal + 1)), true));
    if (values_.size() > kMost) bad(fmt::format("more than {} parameters: ask in parts", kMost));
  }
}

void Query::only(std::span<const std::string_view> known) const {
  for (const auto& [name, value] : values_) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = nearest_word(name, known);
    bad(fmt::format("unknown parameter \"{}\"{}", terminal_safe(name),
                    near            ? fmt::format(": did you mean {}?", *near)
                    : known.empty() ? std::string(": there are none here")
                                    : fmt::format(": there are {}", fmt::join(known, ", "))));
  }
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_)
    if (key == name) found.push_back(value);
  return found;
}

std::optional<std::string> Query::text(std::string_view name) const {
  std::vector<std::string> found = all(name);
  if (found.size() > 1) bad(fmt::format("{} may stand once", name));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::string Query::required(std::string_view name) const {
  auto found = text(name);
  if (!found || found->empty()) bad(fmt::format("the parameter {} is missing", name));
  return *std::move(found);
}

std::int64_t Query::integer(std::string_view name, std::int64_t fallback, std::int64_t low,
                            std::int64_t high) const {
  const auto given = text(name);
  if (!given) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size() || value < low || value > high) {
    bad(fmt::format("{} must be a whole number from {} to {}, got \"{}\"", name, low, high,
                    terminal_safe(*given)));
  }
  return value;
}

std::optional<double> Query::number(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto value = parse_double(*given);
  if (!value || !std::isfinite(*value))
    bad(fmt::format("{} must be a number, got \"{}\"", name, terminal_safe(*given)));
  return value;
}

std::string Query::word(std::string_view name, std::span<const std::string_view> known) const {
  const auto given = text(name);
  if (!given) return std::string(known.front());
  if (std::ranges::find(known, *given) == known.end()) {
    bad(fmt::format("{} must be one of {}, got \"{}\"", name, fmt::join(known, ", "),
                    terminal_safe(*given)));
  }
  return *given;
}

Json body_object(const HttpRequest& request) {
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find(';'));
  // A form on another site can send text or a form, but not this type without being asked first.
  if (to_lower(type) != "application/json")
    throw HttpError(415, "send the body as JSON, with Content-Type: application/json");
  try {
    Json body = parse_json(request.body, "the body");
    if (!body.is_object()) bad("the body must be a JSON object");
    return body;
  } catch (const DataError& error) {
    bad(error.what());
  }
}

}  // namespace emdyn::app::serve
