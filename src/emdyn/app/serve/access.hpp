#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/app/serve/http.hpp"

namespace emdyn::app::serve {

/// What a client may do; each includes the one before.
enum class Permission { none, read, write };
std::string_view word(Permission role) noexcept;

struct Token {
  std::string secret{};
  Permission role = Permission::read;
};

/// 32 random bytes in 64 hexadecimal digits, from the system. @throws UnavailableError where it has none.
std::string random_secret();

/// Tokens of a file: a line each, "ROLE SECRET" or a bare SECRET that may write; empty lines and lines
/// that begin with # are passed over. A secret has 16 to 256 characters, none of them white space.
/// @param what names the source in errors. @throws ConfigError naming the line.
std::vector<Token> parse_tokens(std::string_view text, std::string_view what);

/// Whether `host` (of a Host header, with or without a port) can be meant for us: an address in
/// digits, localhost, or one of `names`. A page of another site that had its name resolve to this
/// machine (DNS rebinding) sends that name.
bool host_allowed(std::string_view host, const std::vector<std::string>& names);

/// Decides who may ask what. Thread-safe. Secrets are compared in constant time and never told again.
class AccessControl {
 public:
  struct Options {
    std::vector<Token> tokens{};  ///< Empty: whoever reaches the port may do everything.
    bool read_only = false;       ///< Nobody may write.
    std::vector<std::string> host_names{};
  };
  static constexpr double kTicketSeconds = 600.0;
  static constexpr double kSessionSeconds = 7.0 * 86400.0;
  static constexpr std::size_t kMostSessions = 1000;
  static constexpr std::size_t kMostTickets = 100;

  explicit AccessControl(Options options);

  bool open() const noexcept { return options_.tokens.empty(); }

  /// A word for an address that opens one session within ten minutes.
  std::string new_ticket(Permission role, double now);
  /// The secret of a session, once for every ticket. Nothing for one that is unknown, used or old.
  std::optional<std::string> redeem(std::string_view ticket, double now);

  /// The role of a request, by its bearer token or session cookie.
  /// @throws HttpError 421 or 403 for a Host or Origin that is not ours, 401 for a wrong or a missing
  /// token where one is needed.
  Permission judge(const HttpRequest& request, double now);

  /// The value of Set-Cookie that keeps a session in a browser.
  static std::string session_cookie(std::string_view secret);

 private:
  struct Grant {
    std::string secret;
    Permission role = Permission::none;
    double until = 0.0;
  };
  Permission limited(Permission role) const noexcept;

  Options options_;
  std::mutex mutex_;
  std::deque<Grant> tickets_;
  std::deque<Grant> sessions_;
};

/// How often a client may ask: a bucket of `burst` that fills by `per_second`. Thread-safe; remembers
/// at most 10,000 addresses, the ones that asked longest ago go first.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
  /// Takes `cost` from the client's bucket. @return false when it is empty.
  bool allow(const std::string& client, double now, double cost = 1.0);

 private:
  struct Bucket {
    double level = 0.0;
    double filled = 0.0;
  };
  static constexpr std::size_t kMostClients = 10'000;

  double per_second_;
  double burst_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace emdyn::app::serve
