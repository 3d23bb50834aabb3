#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emdyn/core/error.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::collect::store {

/// The disk is full or refuses for now, or another process is at the file: what was asked for may be tried again, and
/// what was acknowledged before is safe.
class DiskError final : public StoreError {
 public:
  using StoreError::StoreError;
};

/// A signal of one writer; valid for that writer only.
enum class SignalId : std::uint32_t {};

/// Writes one run; made by Store::create and Store::resume, used by one thread at a time. While it
/// lives it holds the run against other writers; readers see what was synced.
///
/// A point costs an append to memory; every 1,024th of a signal compresses a chunk (some 30 µs).
/// Memory is bounded: 24 KiB a signal plus at most 64 MiB of compressed chunks not yet on disk.
///
/// Acknowledged means `sync` returned: from then on the points and records before it survive the
/// end of the process however it comes, and the loss of power as far as the disk honours fsync.
class RunWriter {
 public:
  RunWriter(RunWriter&&) noexcept;
  RunWriter& operator=(RunWriter&&) noexcept;
  /// Syncs and closes as `interrupted` when `finish` was not called; errors are swallowed.
  ~RunWriter();

  const std::string& id() const noexcept;

  /// The signal called `name`, registered when it is new. Names may hold anything.
  /// @throws ConfigError when the name is known with another axis.
  SignalId add_signal(std::string_view name, series::Axis axis = series::Axis::step);

  /// Adds a point. A position below the one before it opens a segment.
  /// @param position finite, in units of the signal's axis.
  /// @param value anything; NaN payloads are kept.
  /// @param seconds wall time since the epoch; absent ones read back as NaN if others are given.
  /// @throws DataError when the position is not finite; StoreError when the disk refused points
  /// for so long that 64 MiB wait in memory (the point is not taken).
  void append(SignalId signal, double position, double value, std::optional<double> seconds = {});
  /// Many points at once. `seconds` is empty or as long as the others.
  void append(SignalId signal, std::span<const double> positions, std::span<const double> values,
              std::span<const double> seconds = {});

  void record(const series::Event& event);
  void record(const series::Transition& transition);
  void record(const series::Forecast& forecast);
  void record(const series::Attribution& attribution);
  void set_notes(const Json& notes);
  void set_configuration(const Json& configuration);
  /// What whoever reads files into the run needs to know to go on later (how far each was read): kept with the points
  /// that the next sync acknowledges, never without them. From the first call on nothing reaches the disk between
  /// syncs, so the caller syncs before 64 MiB wait.
  void set_progress(const Json& progress);

  /// Lets go of the run's file until the next sync, but not of the run: for those who write thousands of runs at once.
  void rest() noexcept;
  /// Of a run that is not published yet: takes what is compressed off memory. @throws StoreError
  void spill();
  /// Lets go of the run at once, without what was not synced; as if the process had been killed.
  void abandon() noexcept;
  /// Bytes of points and records that are not on disk.
  std::size_t waiting_bytes() const noexcept;
  bool has_file_open() const noexcept;

  /// Commits everything so far. @throws StoreError when the disk is full or gone: nothing is lost,
  /// what was acknowledged stays, and a later sync tries again.
  void sync();

  /// Syncs, closes the open chunks, sets the status and releases the run. The writer cannot be
  /// used afterwards. @throws StoreError as sync does; it can then be called again.
  void finish(series::RunStatus status = series::RunStatus::finished);

  struct Impl;  ///< For this folder alone (writer_state.hpp).

 private:
  friend class Store;
  explicit RunWriter(std::unique_ptr<Impl> impl);
  Impl& live() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::collect::store
