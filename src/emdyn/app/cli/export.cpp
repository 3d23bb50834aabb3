#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

using collect::store::Block;
using collect::store::SignalSummary;

/// Where the export goes: standard output, or a file that appears under its name only when it is
/// whole.
class Output {
 public:
  Output(const std::string& path, Console& console) : path_(path), console_(console) {
    if (path_.empty()) return;
    file_.reset(std::fopen((path_ + ".part").c_str(), "wb"));
    if (!file_) {
      throw DataError(
          fmt::format("{}: cannot be written: {}", terminal_safe(path_), std::strerror(errno)));
    }
  }
  ~Output() {
    if (file_) std::remove((path_ + ".part").c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() > 1 << 16) flush();
  }
  void close() {
    flush();
    if (!file_) return;
    if (std::fflush(file_.get()) != 0 ||
        std::rename((path_ + ".part").c_str(), path_.c_str()) != 0) {
      throw StoreError(fmt::format("{}: {}", terminal_safe(path_), std::strerror(errno)));
    }
    file_.reset();
  }

 private:
  void flush() {
    if (!file_) {
      console_.raw(buffer_);
    } else if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) {
      throw StoreError(
          fmt::format("{}: {}; free some space", terminal_safe(path_), std::strerror(errno)));
    }
    buffer_.clear();
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  Console& console_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
};

/// A name as a cell. Spreadsheets take a cell that begins with one of these for a formula, so an apostrophe keeps it a
/// text; numbers are never written through here.
std::string csv_cell(std::string_view name) {
  std::string text(name);
  if (text.find_first_of("=+-@\t\r") == 0) text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// JSON has no NaN: the same words that `emdyn import` reads stand as text.
Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(shortest(value));
}

}  // namespace

int run_export(Arguments arguments, Console& console) {
  CLI::App app(
      "Write the points of runs as CSV (run, signal, axis, position, value, seconds) or JSONL.",
      "export");
  StoreOption options;
  std::vector<std::string> names;
  std::vector<std::string> signals;
  std::string format = "csv";
  std::string path;
  options.add_to(app);
  app.add_option("RUN", names, "ids or names")->required();
  app.add_option("--signal", signals, "only these signals");
  app.add_option("--format", format, "csv or jsonl");
  app.add_option("--out", path, "file to write; standard output by default");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (options.json) format = "jsonl";
  if (format != "csv" && format != "jsonl") {
    throw ConfigError(
        fmt::format("export: --format must be csv or jsonl, got \"{}\"", terminal_safe(format)));
  }
  auto store = options.open(collect::store::Mode::read);
  std::vector<std::string> ids;
  for (const std::string& name : names) ids.push_back(store.find(name));
  for (const std::string& id : ids) {
    for (const std::string& signal : signals)
      (void)store.overview(id, signal, 1);  // Must be there.
  }
  Output output(path, console);
  if (format == "csv") output.write("run,signal,axis,position,value,seconds\n");
  for (const std::string& id : ids) {
    store.scan_all(id, signals, [&](const SignalSummary& summary, const Block& block) {
      for (std::size_t i = 0; i < block.positions.size(); ++i) {
        const bool timed = !block.seconds.empty() && std::isfinite(block.seconds[i]);
        if (format == "csv") {
          output.write(fmt::format("{},{},{},{},{},{}\n", id, csv_cell(summary.name),
                                   series::word(summary.axis), block.positions[i], block.values[i],
                                   timed ? shortest(block.seconds[i]) : ""));
        } else {
          output.write(
              json_text(Json{{"run", id},
                             {"signal", summary.name},
                             {"axis", series::word(summary.axis)},
                             {"position", block.positions[i]},
                             {"value", json_number(block.values[i])},
                             {"seconds", timed ? Json(block.seconds[i]) : Json(nullptr)}}) +
              "\n");
        }
      }
      if (console.interrupted()) throw StoreError("export: interrupted; nothing was kept");
    });
  }
  output.close();
  return kFine;
}

}  // namespace emdyn::app::cli
