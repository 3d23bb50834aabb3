#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/detect/alarm/discovery_gate.hpp"
#include "emdyn/detect/live/signal_watch.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::monitor {

using OnEvent = std::function<void(const series::Event&)>;

struct RecorderOptions {
  bool detect = true;  ///< Run detectors on every signal.
  /// > 0: of the alarms of all signals of the run together, the expected share of false ones is at
  /// most this, and alarms that are less sure are not told (detect::DiscoveryGate). Values that are
  /// not finite are facts and always told.
  double false_discovery_rate = 0.0;
  detect::SignalWatch::Config watch{};
};

/// One run on its way to disk: each point is stored, shown to its signal's detectors, and the
/// events they raise are stored beside it. Used by one thread at a time; Monitor puts rings in
/// front of it.
class RunRecorder {
 public:
  /// @param on_event called for each event after it was stored; may be empty.
  /// @throws ConfigError if an option is out of range.
  RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
              OnEvent on_event = {});

  const std::string& run_id() const noexcept { return run_id_; }

  /// Registers a signal, or finds it again by its name. Ids count from 0.
  std::uint32_t add_signal(std::string_view name, series::Axis axis);

  /// @param position finite. @param seconds wall time, or nothing. @throws StoreError, DataError
  void push(std::uint32_t signal, double position, double value, std::optional<double> seconds);

  template <class Record>
  void record(const Record& record) {
    writer_.record(record);
    unsynced_ = true;
  }
  void set_notes(const Json& notes);

  void sync();
  bool unsynced() const noexcept { return unsynced_; }
  void finish(series::RunStatus status);
  /// Lets go of the file and takes it up again: for readers of thousands of runs. Detectors are
  /// kept.
  void close();
  void reopen(collect::store::Store& store);
  bool is_open() const noexcept { return open_; }

  /// Replaces the stored configuration: some files tell it late.
  void set_configuration(const Json& configuration);

  std::size_t signals() const noexcept { return watched_.size(); }
  std::uint64_t points() const noexcept { return points_; }
  std::uint64_t nonfinite() const noexcept { return nonfinite_; }
  std::uint64_t events() const noexcept { return events_; }

 private:
  struct Watched {
    std::string name;
    series::Axis axis;
    collect::store::SignalId stored;
    std::unique_ptr<detect::SignalWatch> watch;
  };

  collect::store::RunWriter writer_;
  RecorderOptions options_;
  OnEvent on_event_;
  std::string run_id_;
  std::vector<Watched> watched_;
  std::optional<detect::DiscoveryGate> gate_;  // Absent: every alarm is told.
  std::vector<series::Event> fresh_;
  bool unsynced_ = false;
  bool open_ = true;
  std::uint64_t points_ = 0;
  std::uint64_t nonfinite_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace emdyn::collect::monitor
