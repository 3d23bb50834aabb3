#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "emdyn/app/serve/service.hpp"

namespace emdyn::app::serve {

struct ServerOptions {
  std::string address = "127.0.0.1";        ///< In digits, or localhost.
  std::uint16_t port = 8377;                ///< 0: the system gives a free one.
  std::size_t workers = 4;                  ///< Threads that answer; one more moves the bytes.
  std::size_t connections = 4096;           ///< At one time, in all.
  std::size_t connections_of_client = 256;  ///< Of one address that is not this machine's own.
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = std::size_t{1} << 20;
  double request_seconds =
      20.0;  ///< From the first byte of a request, or since the last, to its end.
  double write_seconds = 20.0;  ///< A client that takes so long to read anything is let go.
};

/// Whether an address reaches this machine only.
bool is_loopback(const std::string& address);

/// Moves bytes between sockets and a Service: HTTP/1.1 and server-sent events. One thread does all
/// reading and writing, a few answer; a client that reads slowly costs its own buffer of at most 64 KB
/// and is dropped when it reads nothing for `write_seconds`.
class Server {
 public:
  /// Listens from here on. @param service outlives it.
  /// @throws ConfigError for an address that is none; UnavailableError where it is taken or not ours.
  Server(Service& service, const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const noexcept;
  /// "http://127.0.0.1:8377".
  std::string url() const;

  /// Serves until `stop` is set, and ends within two seconds.
  /// @return false where an answer could not be stopped in time and still runs on its thread.
  bool run(const std::atomic<bool>& stop);

  struct Impl;  ///< Of server.cpp, the only file that sees Boost.Beast.

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::app::serve
