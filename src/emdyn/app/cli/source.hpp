#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/terminal/console.hpp"
#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/pipeline/source.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::app::cli {

/// Options that say how to read a file: shared by import, watch and every verb that takes a FILE.
struct ReadOption {
  std::string format = "automatic";
  std::string header = "automatic";
  std::string axis;
  collect::ingest::ReadOptions options{};

  void add_to(CLI::App& app);
  /// @throws ConfigError for a word that names no format or axis.
  collect::ingest::ReadOptions get() const;
};

/// @throws ConfigError when a position is not finite.
double checked_position(double position, std::string_view option);

/// A RUN|FILE argument with the store and the reading options, and `--role`.
struct SourceOption {
  StoreOption store;
  ReadOption read;
  std::string text;
  std::vector<std::string> role_texts;
  bool raw_segments = false;

  void add_to(CLI::App& app);
  pipeline::Source source() const;
  /// The runs that the argument names; standard error says what they were read as, and read_json()
  /// holds it. @throws as pipeline::load_runs.
  std::vector<series::Run> load_runs(app::terminal::Console& console, const Task& task = {});
  series::Run load_run(app::terminal::Console& console);
  /// Says what a source was read as, in one line behind its warnings.
  void tell_reading(const pipeline::Reading& reading, app::terminal::Console& console);
  /// What the source was read as: "read" of the verb's --json.
  const Json& read_json() const noexcept { return read_json_; }
  series::RoleChoices roles() const;

 private:
  Json read_json_;
};

}  // namespace emdyn::app::cli
