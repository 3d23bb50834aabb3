#include "emdyn/collect/ingest/tailer.hpp"

#include <algorithm>

#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/log_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

}  // namespace

class Tailer::Relay final : public Sink {
 public:
  void aim(Sink* target) noexcept { target_ = target; }
  void on_run(RunIndex run, std::string_view name, const Json& configuration) override {
    target_->on_run(run, name, configuration);
  }
  void on_signal(SignalIndex signal, RunIndex run, std::string_view name,
                 series::Axis axis) override {
    target_->on_signal(signal, run, name, axis);
  }
  void on_point(SignalIndex signal, double position, double value, double seconds) override {
    target_->on_point(signal, position, value, seconds);
  }
  void on_row(RunIndex run, double position) override { target_->on_row(run, position); }
  void on_configuration(RunIndex run, const Json& configuration) override {
    target_->on_configuration(run, configuration);
  }
  void on_warning(std::string_view text) override { target_->on_warning(text); }

 private:
  Sink* target_ = nullptr;
};

Tailer::Tailer(fs::path path, const ReadOptions& options, const Json& state, const Task& task)
    : path_(std::move(path)),
      options_(options),
      state_(state),
      relay_(std::make_unique<Relay>()),
      feed_(*relay_, options.limits, task) {
  if (state_.is_null()) return;
  const bool sound = state_.is_object() && state_.contains("files") && state_["files"].is_array() &&
                     std::ranges::all_of(state_["files"], [](const Json& file) {
                       return file.is_object() && file.contains("path") &&
                              file["path"].is_string() && file.contains("offset") &&
                              file["offset"].is_number_unsigned() && file.contains("sum") &&
                              file["sum"].is_number_unsigned();
                     });
  if (!sound) throw DataError("this is no state of a watcher; start without it");
}

Tailer::~Tailer() = default;

void Tailer::follow(const fs::path& file) {
  std::uint64_t offset = 0;
  std::uint32_t sum = 0;
  if (state_.is_object()) {
    for (const Json& known : state_["files"]) {
      if (known["path"].get<std::string>() != file.string()) continue;
      offset = known["offset"].get<std::uint64_t>();
      sum = known["sum"].get<std::uint32_t>();
    }
  }
  const std::string run = options_.run_name.empty()
                              ? run_name_of(file, is_folder_ ? path_ : fs::path())
                              : options_.run_name;
  files_.push_back(std::make_unique<FollowedFile>(file, Origin{terminal_safe(file.string()), run},
                                                  options_, offset, sum));
}

void Tailer::discover() {
  std::error_code ignored;
  is_folder_ = is_folder_ || (files_.empty() && fs::is_directory(path_, ignored));
  if (!is_folder_) {
    if (files_.empty()) follow(path_);
    return;
  }
  if (!fs::is_directory(path_, ignored)) return;
  for (const fs::path& file : log_files(path_, options_.limits)) {
    const auto followed = [&](const auto& known) { return known->path() == file; };
    if (std::ranges::any_of(files_, followed)) continue;
    const auto same = [&](const auto& known) { return known->was_read_from(file); };
    const auto alias = std::ranges::find(aliases_, file);
    if (std::ranges::any_of(files_, same)) {
      if (alias == aliases_.end()) aliases_.push_back(file);
    } else if (alias == aliases_.end()) {
      follow(file);
    }
  }
}

template <class Action>
std::uint64_t Tailer::visit(Sink& sink, Action action) {
  relay_->aim(&sink);
  const std::uint64_t before = feed_.points();
  for (const auto& file : files_) {
    try {
      action(*file);
    } catch (const DataError& error) {
      if (!is_folder_) throw;
      feed_.warn(error.what());
    }
  }
  return feed_.points() - before;
}

std::uint64_t Tailer::poll(Sink& sink, std::uint64_t most_bytes) {
  discover();
  return visit(sink, [&](FollowedFile& file) { file.poll(feed_, most_bytes); });
}

std::uint64_t Tailer::finish(Sink& sink) {
  return visit(sink, [&](FollowedFile& file) { file.finish(feed_); });
}

Json Tailer::state() const {
  Json files = Json::array();
  for (const auto& file : files_) {
    files.push_back(
        {{"path", file->path().string()}, {"offset", file->offset()}, {"sum", file->sum()}});
  }
  return {{"files", std::move(files)}};
}

}  // namespace emdyn::collect::ingest
