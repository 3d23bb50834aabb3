#include "emdyn/app/serve/access.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

constexpr const char* kCookie = "emdyn_session";
constexpr std::size_t kShortestSecret = 16;
constexpr std::size_t kLongestSecret = 256;

/// As long for every `given` of one length, wherever it first differs.
bool same_secret(std::string_view given, std::string_view kept) {
  if (given.size() != kept.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^
                                        static_cast<unsigned char>(kept[i]));
  }
  return difference == 0;
}

/// A host without its port and, of an IPv6 address, its brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  if (host.empty()) return false;
  const bool six = host.find(':') != std::string_view::npos;
  return std::ranges::all_of(host, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return six ? std::isxdigit(byte) != 0 || c == ':' || c == '.'
               : std::isdigit(byte) != 0 || c == '.';
  });
}

Permission role_of_word(std::string_view text) {
  if (text == word(Permission::read)) return Permission::read;
  return text == word(Permission::write) ? Permission::write : Permission::none;
}

Token parse_token(std::string_view line, const std::string& where) {
  const std::size_t space = line.find_first_of(" \t");
  Token token{std::string(line), Permission::write};
  if (space != std::string_view::npos) {
    token.role = role_of_word(line.substr(0, space));
    token.secret = line.substr(std::min(line.find_first_not_of(" \t", space), line.size()));
    if (token.role == Permission::none)
      throw ConfigError(where + ": begins with no role: write \"read SECRET\" or \"write SECRET\"");
  }
  const bool clean = std::ranges::none_of(
      token.secret, [](char c) { return std::isgraph(static_cast<unsigned char>(c)) == 0; });
  if (!clean || token.secret.size() < kShortestSecret || token.secret.size() > kLongestSecret) {
    throw ConfigError(fmt::format("{}: a secret has {} to {} visible characters", where,
                                  kShortestSecret, kLongestSecret));
  }
  return token;
}

}  // namespace

std::string_view word(Permission role) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"none", "read", "write"};
  return kWords[static_cast<std::size_t>(role)];
}

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw UnavailableError("serve: the system gives no random bytes for a token");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::vector<Token> parse_tokens(std::string_view text, std::string_view what) {
  std::vector<Token> tokens;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    tokens.push_back(parse_token(line, fmt::format("{}: line {}", what, number)));
  }
  if (tokens.empty())
    throw ConfigError(fmt::format("{}: holds no token: write a line \"write SECRET\"", what));
  return tokens;
}

bool host_allowed(std::string_view host, const std::vector<std::string>& names) {
  const std::string bare = to_lower(without_port(host));
  if (is_address(bare) || bare == "localhost") return true;
  return std::ranges::any_of(names,
                             [&](const std::string& name) { return to_lower(name) == bare; });
}

AccessControl::AccessControl(Options options) : options_(std::move(options)) {}

Permission AccessControl::limited(Permission role) const noexcept {
  return options_.read_only ? std::min(role, Permission::read) : role;
}

std::string AccessControl::new_ticket(Permission role, double now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tickets_, [&](const Grant& each) { return each.until < now; });
  if (tickets_.size() >= kMostTickets) tickets_.pop_front();
  tickets_.push_back({random_secret(), role, now + kTicketSeconds});
  return tickets_.back().secret;
}

std::optional<std::string> AccessControl::redeem(std::string_view ticket, double now) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      tickets_, [&](const Grant& each) { return same_secret(ticket, each.secret); });
  if (found == tickets_.end()) return std::nullopt;
  const Grant grant = *found;
  tickets_.erase(found);
  if (grant.until < now) return std::nullopt;
  if (sessions_.size() >= kMostSessions) sessions_.pop_front();
  sessions_.push_back({random_secret(), grant.role, now + kSessionSeconds});
  return sessions_.back().secret;
}

Permission AccessControl::judge(const HttpRequest& request, double now) {
  const std::string_view host = request.header("host");
  if (!host_allowed(host, options_.host_names)) {
    throw HttpError(421,
                    fmt::format("this server is not called \"{}\": use its address, or start it "
                                "with --host-name",
                                terminal_safe(host)));
  }
  const std::string_view origin = request.header("origin");
  if (!origin.empty() && origin != fmt::format("http://{}", host) &&
      origin != fmt::format("https://{}", host)) {
    throw HttpError(403, "pages of other sites may not ask here (Origin is another)");
  }
  if (open()) return limited(Permission::write);
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = request.header("authorization");
  if (given.starts_with(kBearer)) {
    for (const Token& token : options_.tokens)
      if (same_secret(given.substr(kBearer.size()), token.secret)) return limited(token.role);
    throw HttpError(401, "the token is wrong");
  }
  if (const auto session = cookie(request.header("cookie"), kCookie)) {
    const std::lock_guard lock(mutex_);
    for (const Grant& each : sessions_)
      if (same_secret(*session, each.secret) && each.until >= now) return limited(each.role);
  }
  throw HttpError(401,
                  "a token is needed: send Authorization: Bearer TOKEN, or open the address with "
                  "?ticket= that the server printed");
}

std::string AccessControl::session_cookie(std::string_view secret) {
  return fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={:.0f}", kCookie, secret,
                     kSessionSeconds);
}

bool RateLimit::allow(const std::string& client, double now, double cost) {
  const std::lock_guard lock(mutex_);
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostClients) {
      buckets_.erase(std::ranges::min_element(
          buckets_, {}, [](const auto& entry) { return entry.second.filled; }));
    }
    found = buckets_.emplace(client, Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.level = std::min(burst_, bucket.level + per_second_ * std::max(0.0, now - bucket.filled));
  bucket.filled = std::max(bucket.filled, now);
  if (bucket.level < cost) return false;
  bucket.level -= cost;
  return true;
}

}  // namespace emdyn::app::serve
