#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/pipeline/event_command.hpp"
#include "emdyn/pipeline/incident_stream.hpp"

namespace emdyn::pipeline {

/// The kinds that words name; "any" is all of them. @throws ConfigError for a word that names none.
std::vector<series::EventKind> event_kinds(const std::vector<std::string>& words);

/// What a watch does with the events it tells, beside telling them: groups them into incidents, runs a command for each,
/// and remembers whether one was of a kind that must not be. That an alarm is over (detect::is_end) is a fact for the
/// command, and no failure.
class WatchReactions {
 public:
  struct Options {
    std::vector<series::EventKind> fail_on{};
    std::optional<EventCommand::Options> command{};
  };

  /// @param store outlives it; asked how far apart a run's samples are. @throws ConfigError as EventCommand.
  WatchReactions(collect::store::Store& store, const Options& options);

  /// @return incidents of more than one event that are over.
  std::vector<detect::Incident> push(const series::Event& event);
  /// The rest, once no event follows; waits for the commands, at most ten seconds.
  std::vector<detect::Incident> finish();
  /// An event was of a kind that must not be.
  bool failed() const noexcept { return failed_; }
  /// Of the command, as EventCommand::take_warning(); "" without one.
  std::string take_warning() { return command_ ? command_->take_warning() : std::string(); }
  /// "--exec ran 12 times, 3 failed, 1 event was passed over"; "" without a command.
  std::string summary() const;

 private:
  std::vector<series::EventKind> fail_on_;
  IncidentStream incidents_;
  std::optional<EventCommand> command_;
  bool failed_ = false;
};

}  // namespace emdyn::pipeline
