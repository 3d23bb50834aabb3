#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/app/serve/server.hpp"
#include "emdyn/pipeline/watch.hpp"

namespace emdyn::app::serve {

struct ServeOptions {
  std::filesystem::path store{};
  std::vector<std::filesystem::path> watch{};  ///< Files and folders followed into the store.
  pipeline::WatchOptions watch_options{};
  ServerOptions server{};
  bool read_only = false;
  std::vector<Token> tokens{};  ///< Empty: none on loopback, one is made for any other address.
  std::vector<std::string> host_names{};
  /// Told once, when the server listens.
  struct Ready {
    std::string url{};
    std::string open{};  ///< What a browser is to open: the url, with a ticket where one is needed.
    std::string new_token{};  ///< The token that was made, else "".
    std::size_t runs = 0;
    std::vector<std::string> problems{};  ///< Runs that could not be read.
  };
  std::function<void(const Ready&)> on_ready{};
  /// A line of JSON for every write that was tried; from any thread.
  std::function<void(const Json&)> audit{};
  std::function<void(std::string_view)> on_warning{};  ///< From any thread.
};

/// Serves a store, and follows files into it, until `stop` is set; ends within two seconds.
/// @return false where an answer that could not be stopped still runs: the caller ends the process without waiting.
/// @throws StoreError, ConfigError, UnavailableError as their parts, before it listens.
bool run_serve(const ServeOptions& options, const std::atomic<bool>& stop);

}  // namespace emdyn::app::serve
