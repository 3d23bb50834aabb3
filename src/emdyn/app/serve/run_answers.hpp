#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/app/serve/http.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/store.hpp"

/// What is answered about one run, read from its file. None of these takes a path from anybody: a
/// run is an id, which the store looks up.
namespace emdyn::app::serve {

/// Everything known of the run but points and records: summary, configuration, notes, machine, and its
/// signals with family, role and extremes.
Json run_detail(collect::store::Store& store, const std::string& run);

/// Statistics of the chunks of signals that were looked at last: who zooms asks for the same again and
/// again, and a signal of ten million points has ten thousand of them. Thread-safe; holds at most
/// half a million chunks, some 60 MB.
class ChunkCache {
 public:
  using Chunks = std::shared_ptr<const std::vector<collect::store::ChunkRow>>;
  /// @param stamp of the run: others are forgotten.
  Chunks get(const std::string& stamp, const std::string& run, collect::store::RunReader& reader,
             const collect::store::SignalRow& signal);

 private:
  static constexpr std::size_t kMostChunks = 500'000;
  struct Kept {
    std::string key;
    std::string stamp;
    Chunks chunks;
  };
  std::mutex mutex_;
  std::list<Kept> kept_;  // The one used last first.
  std::size_t count_ = 0;
};

struct OverviewQuery {
  static constexpr int kMostColumns = 2000;
  static constexpr std::size_t kMostSignals = 64;
  std::vector<std::string> signals{};  ///< Empty: the first kMostSignals of the run.
  int columns = 800;
  collect::store::Range range{};
};

/// For each signal columns that keep minimum, maximum and last value: {run, columns, signals: [{signal,
/// axis, exact, points, nonfinite, step, position, min, max, last}]}. A column without points is left
/// out; `position` is the middle of a column or, of a signal with no more points in the range than
/// columns (`exact`), the point's own.
///
/// Where a range holds many chunks, a column is one chunk or several of them, and only the first and the last are
/// read; else columns are equal steps and at most so many chunks are read as there are columns.
Json overviews(const std::filesystem::path& store, const std::string& run,
               const OverviewQuery& query, ChunkCache& cache);

/// Main signal and its shape in at most 48 columns, and the last event, for a row of the list.
Json preview(const std::filesystem::path& store, const std::string& run, ChunkCache& cache);

struct PointsQuery {
  static constexpr std::int64_t kMostPoints = 200'000;
  std::string signal{};
  collect::store::Range range{};
  std::uint64_t offset = 0;  ///< Points of the range to pass over.
  std::uint64_t limit = 10'000;
  bool as_table = false;  ///< CSV rather than JSON.
};
/// Points as they were logged: JSON {signal, axis, offset, positions, values, seconds, nonfinite, next} or
/// CSV "position,value[,seconds]" with the same paging (header X-Next-Offset).
Response points(collect::store::Store& store, const std::string& run, const PointsQuery& query);

struct EventsQuery {
  std::string signal{};
  std::string kind{};
  std::optional<double> from{}, to{};
  std::size_t after = 0;  ///< Index of the first event wanted.
  std::size_t limit = 1000;
};
/// {run, events: [{index, …}], total, next}: in the order they were told.
Json events(collect::store::Store& store, const std::string& run, const EventsQuery& query);

/// The events somebody judged: [{index, verdict, at, event}], to learn from.
Json labels(collect::store::Store& store, const std::string& run);

/// Keeps the verdict on an event, "accept" or "reject", or forgets it ("").
/// @throws HttpError 404 for an event that is not there, 409 while a writer holds the run.
void judge_event(collect::store::Store& store, const std::string& run, std::size_t index,
                 const std::string& verdict, double now);

}  // namespace emdyn::app::serve
