#include "emdyn/collect/ingest/reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/contract/file_progress.hpp"
#include "emdyn/collect/ingest/contract/gzip.hpp"
#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/format.hpp"
#include "emdyn/collect/ingest/log_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBlock = std::size_t{256} << 10;
constexpr std::size_t kShownBeginning = 80;

/// One source from first to last byte: unpack, tell the format, parse.
class Reading {
 public:
  Reading(Feed& feed, Origin origin, const ReadOptions& options)
      : feed_(feed),
        origin_(std::move(origin)),
        options_(options),
        info_(feed.source(origin_.path)),
        points_before_(feed.points()) {}

  void push(std::string_view bytes) {
    if (!began_) {
      raw_head_.append(bytes);
      if (raw_head_.size() < 2) return;
      began_ = true;
      info_.gzip = Inflater::is_gzip(raw_head_);
      if (info_.gzip) inflater_ = std::make_unique<Inflater>(origin_.path, options_.limits);
      return unpack(std::exchange(raw_head_, {}));
    }
    unpack(bytes);
  }

  void finish() {
    if (!began_ && !raw_head_.empty()) unpack(raw_head_);
    if (inflater_ && !inflater_->complete()) {
      const std::string text = origin_.path + ": the gzip data ends early, the file is truncated";
      if (!options_.skip_bad_rows) {
        throw DataError(text + "; --skip-bad-rows keeps what can be read");
      }
      feed_.bad_row(true, text);
    }
    if (!parser_ && head_.empty()) throw DataError(origin_.path + ": the file is empty");
    if (!parser_) start(true);

    parser_->finish();
    if (feed_.points() == points_before_) {
      throw DataError(fmt::format("{}: no numbers found{}", origin_.path, what_was_seen()));
    }
  }

 private:
  void unpack(std::string_view bytes) {
    if (!inflater_) return parse(bytes);
    inflater_->push(bytes, [this](std::string_view block) {
      if (!feed_.stopped()) parse(block);
    });
  }

  void parse(std::string_view bytes) {
    if (parser_) return parser_->feed(bytes);
    head_.append(bytes);
    if (head_.size() >= kHeadBytes) start(false);
  }

  void start(bool whole) {
    Format format = options_.format;
    if (format == Format::automatic) format = detect_format(head_, whole, origin_.path);
    if (format == Format::automatic) {
      if (whole) throw DataError(origin_.path + ": nothing but blanks");
      if (head_.size() < 16 * kHeadBytes) return;
      format = Format::csv;
    }
    beginning_ = head_.substr(0, kShownBeginning);
    parser_ = make_parser(format, feed_, origin_, options_, info_);
    parser_->feed(std::exchange(head_, {}));
  }

  std::string what_was_seen() const {
    std::string seen = fmt::format("; read as {}", word(info_.format));
    if (!info_.seen.empty()) seen += ", it has " + info_.seen;
    if (info_.rows > 0) seen += fmt::format(" and {} rows", info_.rows);
    const std::string_view line = std::string_view(beginning_).substr(0, beginning_.find('\n'));
    return seen + fmt::format("; it begins \"{}\"", terminal_safe(trim(line)));
  }

  Feed& feed_;
  Origin origin_;
  const ReadOptions& options_;
  SourceInfo& info_;
  std::uint64_t points_before_;
  bool began_ = false;
  std::string raw_head_;
  std::string head_;
  std::string beginning_;  ///< For the error that nothing is in it.
  std::unique_ptr<Inflater> inflater_;
  std::unique_ptr<Parser> parser_;
};

std::string run_of(const fs::path& path, const fs::path& root, const ReadOptions& options) {
  return options.run_name.empty() ? run_name_of(path, root) : options.run_name;
}

void read_file(const fs::path& path, const fs::path& root, Feed& feed, const ReadOptions& options) {
  File file(path);
  FileProgress progress;
  progress.begin(feed, file, path);
  Reading reading(feed, {terminal_safe(path.string()), run_of(path, root, options)}, options);
  for (std::string_view bytes = file.read(kReadBlock); !bytes.empty() && !feed.stopped();
       bytes = file.read(kReadBlock)) {
    progress.take(feed, bytes);
    reading.push(bytes);
  }
  feed.mute(false);
  if (!feed.stopped()) reading.finish();
}

void read_folder(const fs::path& folder, Feed& feed, const ReadOptions& options) {
  const auto files = log_files(folder, options.limits);
  const std::uint64_t before = feed.points();
  std::string first_error;
  for (const fs::path& file : files) {
    if (feed.stopped()) return;
    try {
      read_file(file, folder, feed, options);
      feed.tell_warnings();
    } catch (const DataError& error) {
      feed.drop_warnings();
      if (first_error.empty()) first_error = error.what();
      feed.warn_of("unreadable", error.what());
    }
  }
  if (feed.points() > before || feed.stopped()) return;
  const std::string shown = terminal_safe(folder.string());
  throw DataError(files.empty()
                      ? fmt::format("{}: no log in this folder (looked for {}, also with .gz)",
                                    shown, log_names())
                      : fmt::format("{}: nothing could be read; {}", shown, first_error));
}

}  // namespace

ReadReport read(std::span<const fs::path> paths, Sink& sink, const ReadOptions& options,
                const Task& task) {
  Feed feed(sink, options.limits, task);
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      read_folder(path, feed, options);
    } else {
      read_file(path, {}, feed, options);
    }
  }
  feed.tell_warnings();
  return feed.report();
}

ReadReport read(const fs::path& path, Sink& sink, const ReadOptions& options, const Task& task) {
  return read(std::span(&path, 1), sink, options, task);
}

ReadReport read_bytes(std::string_view bytes, std::string_view name, Sink& sink,
                      const ReadOptions& options) {
  Feed feed(sink, options.limits);
  Reading reading(feed, {terminal_safe(name), run_of(fs::path(name), {}, options)}, options);
  if (!bytes.empty()) reading.push(bytes);
  reading.finish();
  feed.tell_warnings();
  return feed.report();
}

void Collector::on_run(RunIndex /*run*/, std::string_view name, const Json& configuration) {
  series::Run& run = runs_.emplace_back();
  run.info.name = std::string(name);
  run.info.configuration = configuration;
  run.info.status = series::RunStatus::finished;
}

void Collector::on_signal(SignalIndex /*signal*/, RunIndex run, std::string_view name,
                          series::Axis axis) {
  auto& signals = runs_[run].signals;
  places_.push_back({run, signals.size()});
  signals.push_back({.name = std::string(name), .axis = axis});
}

void Collector::on_point(SignalIndex signal, double position, double value, double seconds) {
  const Place place = places_[signal];
  series::Signal& target = runs_[place.run].signals[place.signal];
  if (!std::isnan(seconds) && target.seconds.size() == target.size()) {
    target.seconds.push_back(seconds);
  } else {
    target.seconds.clear();
  }
  target.append(position, value);
}

void Collector::on_configuration(RunIndex run, const Json& configuration) {
  runs_[run].info.configuration.update(configuration);
}

std::vector<series::Run> Collector::take() {
  places_.clear();
  return std::exchange(runs_, {});
}

std::vector<series::Run> read_runs(const fs::path& path, const ReadOptions& options,
                                   ReadReport* report, const Task& task) {
  Collector collector;
  const ReadReport read_report = read(path, collector, options, task);
  task.check();
  if (report != nullptr) *report = read_report;
  auto runs = collector.take();
  for (series::Run& run : runs) run.info.source = path.string();
  return runs;
}

}  // namespace emdyn::collect::ingest
