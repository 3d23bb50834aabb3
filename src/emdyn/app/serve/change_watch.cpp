#include "emdyn/app/serve/change_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/store.hpp"

namespace emdyn::app::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A commit writes its pages one after another: they are one change.
constexpr milliseconds kGather{15};
/// A run that changes all the time is read again no sooner, and no more than a fifth of the time.
constexpr milliseconds kLeastBetween{100};
constexpr int kReadShare = 4;
constexpr std::size_t kMostTold = 50;
/// So many runs that changed at once, as in an import of thousands, are read quicker as one list.
constexpr std::size_t kManyRuns = 500;
constexpr seconds kWholeEvery{60};
constexpr seconds kWholeEveryBlind{2};
constexpr seconds kRunningEvery{1};

/// The run of a file in runs/: "abc….db" or its log. "" for any other file.
std::string run_of_file(std::string_view name, bool& own_file) {
  const std::size_t dot = name.find('.');
  const std::string_view id = name.substr(0, dot);
  if (dot == std::string_view::npos || !collect::store::is_id(id)) return {};
  const std::string_view rest = name.substr(dot);
  own_file = rest == ".db";
  return own_file || rest == ".db-wal" ? std::string(id) : std::string();
}

template <class Record>
void publish_new(EventStream& stream, std::string_view kind, const std::string& run,
                 const std::vector<Record>& all, std::uint64_t known) {
  const std::size_t first =
      std::max<std::size_t>(static_cast<std::size_t>(std::min<std::uint64_t>(known, all.size())),
                            all.size() > kMostTold ? all.size() - kMostTold : 0);
  for (std::size_t i = first; i < all.size(); ++i) {
    Json record = all[i];
    record["run"] = run;
    stream.publish(kind, run, Json{{"run", run}, {"index", i}, {std::string(kind), record}});
  }
}

}  // namespace

ChangeWatch::ChangeWatch(RunList& index, EventStream& stream) : index_(index), stream_(stream) {
  const auto folder = collect::store::runs_folder(index.store());
  blind_ = collect::store::on_network(folder);
  notices_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  // Readers make and remove -wal and -shm files: only what writes counts.
  constexpr std::uint32_t kWanted = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM;
  if (notices_ < 0 || ::inotify_add_watch(notices_, folder.c_str(), kWanted) < 0) blind_ = true;
}

ChangeWatch::~ChangeWatch() {
  if (notices_ >= 0) ::close(notices_);
}

void ChangeWatch::read_notices() {
  alignas(inotify_event) std::array<char, 1 << 16> bytes{};
  for (;;) {
    const ssize_t got = ::read(notices_, bytes.data(), bytes.size());
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      inotify_event notice{};
      std::memcpy(&notice, bytes.data() + at, sizeof notice);
      const char* name = bytes.data() + at + sizeof notice;
      at += static_cast<ssize_t>(sizeof notice + notice.len);
      if ((notice.mask & IN_Q_OVERFLOW) != 0) overflow_ = true;
      if (notice.len == 0) continue;
      bool own_file = false;
      const std::string run =
          run_of_file(std::string_view(name, ::strnlen(name, notice.len)), own_file);
      if (!run.empty() && (own_file || (notice.mask & IN_MODIFY) != 0)) changed_.insert(run);
    }
  }
}

void ChangeWatch::gather(milliseconds wait) {
  if (notices_ < 0) {
    std::this_thread::sleep_for(wait);
    return;
  }
  pollfd waiting{notices_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return;
  std::this_thread::sleep_for(kGather);
  read_notices();
}

void ChangeWatch::tell_records(const RunList::Change& change) {
  const RunSummary& now = *change.now;
  const std::uint64_t events = change.before ? change.before->events : 0;
  const std::uint64_t forecasts = change.before ? change.before->forecasts : 0;
  const std::uint64_t transitions = change.before ? change.before->transitions : 0;
  if (now.events <= events && now.forecasts <= forecasts && now.transitions <= transitions) return;
  auto store = collect::store::Store::open(index_.store(), collect::store::Mode::read);
  const std::string& run = now.info.id;
  if (now.events > events) publish_new(stream_, "event", run, store.events(run), events);
  if (now.forecasts > forecasts)
    publish_new(stream_, "forecast", run, store.forecasts(run), forecasts);
  if (now.transitions > transitions)
    publish_new(stream_, "transition", run, store.transitions(run), transitions);
}

void ChangeWatch::tell(const std::string& run) {
  RunList::Change change;
  try {
    change = index_.refresh(run);
    if (!change.now) {
      if (change.before) stream_.publish("gone", run, Json{{"run", run}});
      return;
    }
    const Json row = run_row(*change.now);
    if (change.before && run_row(*change.before) == row) return;
    stream_.publish("run", run, Json{{"run", run}, {"summary", row}});
    tell_records(change);
  } catch (const Error& error) {
    // A run that is damaged, or just being removed: the others go on.
    stream_.publish("problem", run, Json{{"run", run}, {"message", error.what()}});
  }
}

void ChangeWatch::tell_due() {
  const auto start = Clock::now();
  for (auto next = changed_.begin(); next != changed_.end();) {
    const auto wait = not_before_.find(*next);
    if (wait != not_before_.end() && wait->second > start) {
      ++next;
      continue;
    }
    const std::string run = *next;
    next = changed_.erase(next);
    const auto began = Clock::now();
    tell(run);
    const auto took = Clock::now() - began;
    not_before_[run] = Clock::now() + std::max<Clock::duration>(kLeastBetween, kReadShare * took);
  }
  if (changed_.empty())
    std::erase_if(not_before_, [&](const auto& entry) { return entry.second < start; });
}

/// A writer that is killed changes nothing on disk, but lets go of its run.
void ChangeWatch::look_at_running() {
  for (const RunList::Run& run : *index_.runs()) {
    if (run->info.status == series::RunStatus::running &&
        !collect::store::RunLock::held(index_.store(), run->info.id))
      changed_.insert(run->info.id);
  }
}

void ChangeWatch::refresh_all() {
  const auto before = index_.runs();
  try {
    index_.refresh();
  } catch (const Error& error) {
    stream_.publish("problem", "", Json{{"run", nullptr}, {"message", error.what()}});
    return;
  }
  const auto now = index_.runs();
  const auto known = [](const RunList::Runs& runs, const std::string& id) -> RunList::Run {
    const auto place = std::ranges::lower_bound(
        runs, id, {}, [](const RunList::Run& each) { return each->info.id; });
    return place != runs.end() && (*place)->info.id == id ? *place : nullptr;
  };
  for (const RunList::Run& run : *now) {
    const RunList::Run old = known(*before, run->info.id);
    if (old && run_row(*old) == run_row(*run)) continue;
    stream_.publish("run", run->info.id, Json{{"run", run->info.id}, {"summary", run_row(*run)}});
    try {
      tell_records({old, run});
    } catch (const Error& error) {
      stream_.publish("problem", run->info.id,
                      Json{{"run", run->info.id}, {"message", error.what()}});
    }
  }
  for (const RunList::Run& run : *before) {
    if (!known(*now, run->info.id))
      stream_.publish("gone", run->info.id, Json{{"run", run->info.id}});
  }
}

void ChangeWatch::look(milliseconds wait) {
  gather(changed_.empty() ? wait : std::min(wait, milliseconds{20}));
  const auto now = Clock::now();
  if (changed_.size() > kManyRuns) {
    changed_.clear();
    overflow_ = true;
  }
  if (overflow_ || now - whole_at_ > (blind_ ? kWholeEveryBlind : kWholeEvery)) {
    overflow_ = false;
    refresh_all();
    whole_at_ = Clock::now();
  }
  if (now - running_at_ > kRunningEvery) {
    look_at_running();
    running_at_ = now;
  }
  tell_due();
}

void ChangeWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) look(milliseconds{100});
}

}  // namespace emdyn::app::serve
