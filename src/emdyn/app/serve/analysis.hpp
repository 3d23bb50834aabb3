#pragma once
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::app::serve {

/// What the report would say of a run, as JSON for the page: headline and the other sentences, fitted
/// transitions with their curves, forecasts with baselines and threshold, early warning, drivers,
/// order of change, interactions, ranked signals. Records that the run holds stand in for what is not
/// computed. O(points), seconds.
/// @throws Task::Stopped
Json analysis_of(const std::filesystem::path& store, const std::string& run, const Task& task);

/// Incidents that several runs share in one signal: {signal, runs, spikes, left_out, incidents}.
/// @param runs at most 200. Runs that have no such signal are passed over, longer ones than 300,000 points left out.
Json common_incidents(const std::filesystem::path& store, const std::vector<std::string>& runs,
                      const std::string& signal, const Task& task);

/// Keeps the last answers that took long, for as long as what they were made from is unchanged. The
/// same answer is made once, however many ask for it. Thread-safe.
class AnswerCache {
 public:
  explicit AnswerCache(std::size_t capacity) : capacity_(capacity) {}

  using Make = Json();
  /// @param key what is asked, with the stamps of what it is made from.
  template <class Function>
  std::shared_ptr<const std::string> get(const std::string& key, const Function& make) {
    if (auto found = wait_for(key)) return found;
    try {
      return keep(key, json_text(make()));
    } catch (...) {
      give_up(key);
      throw;
    }
  }

 private:
  struct Answer {
    std::string key;
    std::shared_ptr<const std::string> text;
  };
  /// The answer, or null where the caller is to make it.
  std::shared_ptr<const std::string> wait_for(const std::string& key);
  std::shared_ptr<const std::string> keep(const std::string& key, std::string text);
  void give_up(const std::string& key);

  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable made_;
  std::list<Answer> answers_;  // The one used last first.
  std::set<std::string> being_made_;
};

}  // namespace emdyn::app::serve
