#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::bench {

/// Seconds of the clock that all processes of this machine share.
double clock_seconds();

/// A server in a process of its own, ended with this object.
class ServerProcess {
 public:
  /// Starts `program serve STORE --port 0 --json` and waits until it listens. @throws UnavailableError
  ServerProcess(const std::filesystem::path& program, const std::filesystem::path& store);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  std::uint16_t port() const noexcept { return port_; }
  double seconds_to_listen() const noexcept { return seconds_to_listen_; }
  double processor_seconds() const;
  double resident_bytes() const;

 private:
  pid_t process_ = -1;
  int output_ = -1;
  std::uint16_t port_ = 0;
  double seconds_to_listen_ = 0.0;
};

/// One connection that asks again and again, as a browser keeps it.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// The body of a 200. @throws UnavailableError for anything else.
  std::string get(const std::string& target);

 private:
  int socket_ = -1;
};

/// Clients of the event stream, all on one thread. What they hear is events whose `score` is the time
/// (clock_seconds) they were recorded at.
class StreamClients {
 public:
  StreamClients(std::uint16_t port, std::size_t clients);
  StreamClients(const StreamClients&) = delete;
  StreamClients& operator=(const StreamClients&) = delete;
  ~StreamClients();

  /// Reads for so long. Seconds from the record of an event to its arrival at each client are added to
  /// `delays`, from its arrival at the first client to that at each to `spreads`.
  void listen(double seconds, std::vector<double>& delays, std::vector<double>& spreads);
  std::size_t resyncs() const noexcept { return resyncs_; }

 private:
  struct Client {
    int socket = -1;
    std::string rest{};  // Of a line that has not ended.
  };
  void hear(Client& client, std::vector<double>& delays, std::vector<double>& spreads);

  int poll_ = -1;
  std::vector<Client> clients_;
  std::vector<std::pair<double, double>> first_;  // When an event was recorded, and first heard.
  std::size_t resyncs_ = 0;
};

}  // namespace emdyn::bench
