#pragma once
#include <chrono>
#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "emdyn/app/serve/event_stream.hpp"
#include "emdyn/app/serve/run_list.hpp"

namespace emdyn::app::serve {

/// Notices what any writer of the store does (a training, `emdyn watch`, this server) and tells the
/// stream: `run` when a run came, changed or went, `event`, `forecast` and `transition` for each new
/// record. The system says which file changed (inotify); where it cannot (network folders), the store
/// is read every two seconds.
///
/// A message `event` carries `index`, its place among the run's events: a client that sees a gap asks
/// for what lies between. Of a run that comes with more than 50 new records of a kind only the last
/// 50 are told.
class ChangeWatch {
 public:
  ChangeWatch(RunList& index, EventStream& stream);
  ~ChangeWatch();
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  /// Until it is stopped.
  void run(const std::stop_token& stop);

  /// One look: waits at most `wait` for a change, then tells what changed.
  void look(std::chrono::milliseconds wait);

 private:
  using Clock = std::chrono::steady_clock;
  void gather(std::chrono::milliseconds wait);
  void read_notices();
  void tell_due();
  void tell(const std::string& run);
  void tell_records(const RunList::Change& change);
  void refresh_all();
  void look_at_running();

  RunList& index_;
  EventStream& stream_;
  int notices_ = -1;    // inotify's descriptor; -1 where the system gives none.
  bool blind_ = false;  // The folder is on a network: nothing is noticed.
  bool overflow_ = false;
  std::set<std::string> changed_;
  std::map<std::string, Clock::time_point> not_before_;
  Clock::time_point whole_at_ = Clock::now();
  Clock::time_point running_at_ = Clock::now();
};

}  // namespace emdyn::app::serve
