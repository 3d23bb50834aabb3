#include "emdyn/pipeline/event_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookForEnds{20};

/// A descriptor that is closed.
class OpenFile {
 public:
  explicit OpenFile(int number) : number_(number) {}
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

void add_variable(std::vector<std::string>& variables, const char* name, std::string value) {
  std::erase(value, '\0');
  variables.push_back(fmt::format("EMDYN_{}={}", name, value));
}

std::vector<std::string> environment_of(const series::Event& event, const std::string& json) {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  add_variable(variables, "EVENT", json);
  add_variable(variables, "RUN", event.run);
  add_variable(variables, "SIGNAL", event.signal);
  add_variable(variables, "POSITION", shortest(event.position));
  add_variable(variables, "AXIS", std::string(word(event.axis)));
  add_variable(variables, "KIND", std::string(word(event.kind)));
  add_variable(variables, "DETECTOR", event.detector);
  add_variable(variables, "DIRECTION", std::string(word(event.direction)));
  const std::pair<const char*, const std::optional<double>*> numbers[] = {
      {"SCORE", &event.score},
      {"P_VALUE", &event.p_value},
      {"BEFORE", &event.before},
      {"AFTER", &event.after}};
  for (const auto& [name, number] : numbers)
    if (*number) add_variable(variables, name, shortest(**number));
  return variables;
}

/// A file without a name that holds the text, read from its beginning. It takes any length without anybody reading.
int file_of(const std::string& text) {
  const int number = ::memfd_create("event", MFD_CLOEXEC);
  if (number < 0) return -1;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t now = ::write(number, text.data() + written, text.size() - written);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) break;
    written += static_cast<std::size_t>(now);
  }
  ::lseek(number, 0, SEEK_SET);
  return number;
}

/// Starts the command in a process group of its own. @return its process, or minus the error.
pid_t start_command(const std::string& command, const series::Event& event) {
  const std::string json = json_text(Json(event));
  const OpenFile input(file_of(json + "\n"));
  if (input.number() < 0) return -errno;
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input.number(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::sigaddset(&handled, number);
  ::posix_spawnattr_setsigdefault(&attributes, &handled);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> variables = environment_of(event, json);
  std::vector<char*> pointers;
  for (std::string& each : variables) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  std::string shell = "/bin/sh";
  std::string option = "-c";
  std::string text = command;
  char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t process = 0;
  const int error =
      ::posix_spawn(&process, shell.c_str(), &files, &attributes, arguments, pointers.data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return error == 0 ? process : -error;
}

std::string ended_how(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

struct EventCommand::Impl {
  struct Running {
    pid_t process;
    SteadyClock::time_point until;
    bool late = false;
  };

  Options options;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<series::Event> waiting;
  std::vector<Running> running;
  std::size_t starting = 0;  // Commands that are neither waiting nor running yet.
  Counts counts;
  std::string warning;
  bool told_failure = false;
  bool told_drop = false;
  bool ending = false;
  std::thread worker;

  explicit Impl(const Options& given) : options(given) {
    worker = std::thread([this] { work(); });
  }

  void fail(const std::string& how) {
    ++counts.failed;
    if (std::exchange(told_failure, true)) return;
    warning = fmt::format("--exec: the command {}; further failures are only counted", how);
  }

  /// The lock is let go while a process is made, so that push() does not wait for it.
  void start(std::unique_lock<std::mutex>& lock) {
    while (!ending && !waiting.empty() && running.size() < options.at_once) {
      const series::Event event = std::move(waiting.front());
      waiting.pop_front();
      ++starting;
      lock.unlock();
      const pid_t process = start_command(options.command, event);
      lock.lock();
      --starting;
      ++counts.run;
      if (process > 0) {
        running.push_back({process, SteadyClock::now() + options.limit});
      } else {
        fail(fmt::format("could not be started: {}", std::strerror(-process)));
      }
    }
  }

  void reap() {
    std::erase_if(running, [this](Running& each) {
      int status = 0;
      const pid_t ended = ::waitpid(each.process, &status, WNOHANG);
      if (ended == each.process) {
        if (status != 0)
          fail(each.late
                   ? fmt::format(
                         "took longer than {} s and was ended",
                         std::chrono::duration_cast<std::chrono::seconds>(options.limit).count())
                   : ended_how(status));
        return true;
      }
      if (ended < 0) return true;
      if (!each.late && SteadyClock::now() >= each.until) {
        each.late = true;
        ::kill(-each.process, SIGKILL);
      }
      return false;
    });
  }

  void work() {
    std::unique_lock lock(mutex);
    while (!ending) {
      start(lock);
      reap();
      if (waiting.empty() && running.empty()) {
        changed.notify_all();
        changed.wait(lock, [this] { return ending || !waiting.empty(); });
      } else if (running.size() >= options.at_once || waiting.empty()) {
        changed.wait_for(lock, kLookForEnds);
      }
    }
    for (const Running& each : running) {
      ::kill(-each.process, SIGKILL);
      ::waitpid(each.process, nullptr, 0);
    }
  }
};

EventCommand::EventCommand(const Options& options) {
  if (options.command.empty()) throw ConfigError("--exec must name a command");
  if (options.at_once == 0 || options.waiting == 0)
    throw ConfigError(
        "--exec: at least one command must be allowed at once, and one event to wait");
  impl_ = std::make_unique<Impl>(options);
}

EventCommand::~EventCommand() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->changed.notify_all();
  impl_->worker.join();
}

void EventCommand::push(const series::Event& event) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->waiting.size() >= impl_->options.waiting) {
    ++impl_->counts.dropped;
    if (!std::exchange(impl_->told_drop, true) && impl_->warning.empty())
      impl_->warning = "--exec: events come faster than the command ends; some are passed over";
    return;
  }
  impl_->waiting.push_back(event);
  impl_->changed.notify_all();
}

bool EventCommand::finish(std::chrono::milliseconds most) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, most, [this] {
    return impl_->waiting.empty() && impl_->running.empty() && impl_->starting == 0;
  });
}

EventCommand::Counts EventCommand::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

std::string EventCommand::take_warning() {
  const std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->warning, {});
}

}  // namespace emdyn::pipeline
