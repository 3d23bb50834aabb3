#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emdyn/app/serve/http.hpp"

namespace emdyn::app::serve {

/// The bytes that %XX stand for, and in a query '+' for a space. @throws HttpError 400 for a broken
/// escape, a control character or bytes that are no UTF-8.
std::string unescaped(std::string_view text, bool query);

/// The path of a target in its parts, unescaped: "/api/v1/runs/abc" gives api, v1, runs, abc.
/// @throws HttpError 400 for a target that does not begin with '/', has more than 16 parts or a part "." or "..".
std::vector<std::string> path_parts(std::string_view target);

/// The query of a target: names may stand more than once. All of it is untrusted; each accessor says
/// what it takes, and refuses the rest with a 400 that names the parameter.
class Query {
 public:
  static constexpr std::size_t kMost = 256;  ///< Parameters of one request.

  /// @throws HttpError 400
  explicit Query(std::string_view target);

  /// @throws HttpError 400 for a parameter that is not in `known`, with the nearest one.
  void only(std::span<const std::string_view> known) const;

  std::vector<std::string> all(std::string_view name) const;
  /// @throws HttpError 400 where it stands twice.
  std::optional<std::string> text(std::string_view name) const;
  std::string required(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t low,
                       std::int64_t high) const;
  /// A finite number.
  std::optional<double> number(std::string_view name) const;
  /// One of the words of `known`; the first of them where the parameter is absent.
  std::string word(std::string_view name, std::span<const std::string_view> known) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// The JSON object of a body. @throws HttpError 415 where it is not sent as JSON, 400 where it is none.
Json body_object(const HttpRequest& request);

}  // namespace emdyn::app::serve
