#include "serve_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"

extern char** environ;

namespace emdyn::bench {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  throw UnavailableError("bench serve: " + what);
}

int connected(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || ::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    give_up("cannot connect to its own server");
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) give_up("the server closed a connection");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// A thousand clients are a thousand descriptors.
void raise_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

double clock_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

ServerProcess::ServerProcess(const std::filesystem::path& program,
                             const std::filesystem::path& store) {
  raise_limit();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> words{program.string(), "serve", store.string(),
                                 "--port",         "0",     "--json"};
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const double began = clock_seconds();
  const int failed =
      ::posix_spawn(&process_, words[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output_ = ends[0];
  if (failed != 0) give_up(fmt::format("{} cannot be started", words[0]));
  std::string line;
  char c = 0;
  while (::read(output_, &c, 1) == 1 && c != '\n') line += c;
  seconds_to_listen_ = clock_seconds() - began;
  if (line.empty()) give_up("the server did not start");
  const std::string url = required_text(parse_json(line, "the server's line"), "url");
  port_ = static_cast<std::uint16_t>(std::atoi(url.c_str() + url.rfind(':') + 1));
}

ServerProcess::~ServerProcess() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(output_);
}

double ServerProcess::processor_seconds() const {
  std::ifstream file(fmt::format("/proc/{}/stat", process_));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  text.erase(0, text.rfind(')') + 2);  // The name may hold anything.
  std::array<char, 16> state{};
  unsigned long user = 0, system = 0;
  if (std::sscanf(text.c_str(), "%15s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                  state.data(), &user, &system) != 3)
    return 0.0;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double ServerProcess::resident_bytes() const {
  std::ifstream file(fmt::format("/proc/{}/statm", process_));
  double size = 0.0, resident = 0.0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

HttpClient::HttpClient(std::uint16_t port) : socket_(connected(port)) {}

HttpClient::~HttpClient() { ::close(socket_); }

std::string HttpClient::get(const std::string& target) {
  send_all(
      socket_,
      fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n", target));
  std::string answer;
  std::size_t head = std::string::npos, wanted = 0;
  std::array<char, 1 << 16> some{};
  while (head == std::string::npos || answer.size() < head + 4 + wanted) {
    const ssize_t got = ::recv(socket_, some.data(), some.size(), 0);
    if (got <= 0) give_up("the server closed a connection");
    answer.append(some.data(), static_cast<std::size_t>(got));
    if (head != std::string::npos) continue;
    head = answer.find("\r\n\r\n");
    const std::size_t length = answer.find("Content-Length: ");
    if (head != std::string::npos && length < head)
      wanted = static_cast<std::size_t>(std::atoll(answer.c_str() + length + 16));
  }
  if (!answer.starts_with("HTTP/1.1 200"))
    give_up(target + ": " + answer.substr(0, answer.find('\r')));
  return answer.substr(head + 4);
}

StreamClients::StreamClients(std::uint16_t port, std::size_t clients)
    : poll_(::epoll_create1(EPOLL_CLOEXEC)), clients_(clients) {
  raise_limit();
  for (std::size_t i = 0; i < clients; ++i) {
    clients_[i].socket = connected(port);
    send_all(clients_[i].socket,
             "GET /api/v1/stream?kind=event HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = i;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, clients_[i].socket, &wanted);
  }
}

StreamClients::~StreamClients() {
  for (const Client& client : clients_) ::close(client.socket);
  ::close(poll_);
}

void StreamClients::hear(Client& client, std::vector<double>& delays,
                         std::vector<double>& spreads) {
  std::array<char, 1 << 15> some{};
  const ssize_t got = ::recv(client.socket, some.data(), some.size(), MSG_DONTWAIT);
  const double now = clock_seconds();
  if (got <= 0) give_up("a client of the stream was dropped");
  client.rest.append(some.data(), static_cast<std::size_t>(got));
  for (std::size_t end; (end = client.rest.find('\n')) != std::string::npos;
       client.rest.erase(0, end + 1)) {
    const std::string_view line(client.rest.data(), end);
    resyncs_ += line == "event: resync";
    constexpr std::string_view kScore = "\"score\":";
    const std::size_t at = line.find(kScore);
    if (!line.starts_with("data: ") || at == std::string_view::npos) continue;
    const double recorded = std::strtod(client.rest.c_str() + at + kScore.size(), nullptr);
    auto first = std::ranges::find(first_.rbegin(), first_.rend(), recorded,
                                   &std::pair<double, double>::first);
    if (first == first_.rend()) {
      first_.emplace_back(recorded, now);
      first = first_.rbegin();
    }
    delays.push_back(now - recorded);
    spreads.push_back(now - first->second);
  }
}

void StreamClients::listen(double seconds, std::vector<double>& delays,
                           std::vector<double>& spreads) {
  std::array<epoll_event, 256> ready{};
  const double until = clock_seconds() + seconds;
  while (clock_seconds() < until) {
    const int count = ::epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 20);
    for (int i = 0; i < count; ++i)
      hear(clients_[ready[static_cast<std::size_t>(i)].data.u64], delays, spreads);
  }
}

}  // namespace emdyn::bench
