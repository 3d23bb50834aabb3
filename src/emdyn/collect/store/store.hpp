#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/collect/store/summary.hpp"
#include "emdyn/series/run.hpp"

/// Runs on disk: a folder with one SQLite file a run and a catalogue that can always be rebuilt.
/// The bytes are described in docs/store_format.md.
namespace emdyn::collect::store {

enum class Mode { read, write };

/// How a new run comes into being. `live`: at once, and every sync is an acknowledgement. `whole`:
/// when it is finished; nothing of it lasts before, and it costs two fsyncs in all. For imports.
enum class Creation { live, whole };

struct PendingRecord;
class RunGroup;
enum class Access;

/// Points of one signal in the order they were logged, at most a chunk at a time.
struct Block {
  std::span<const double> positions;
  std::span<const double> values;
  std::span<const double> seconds;  ///< Empty when the signal has no wall times.
};

/// Positions low <= p <= high; everything by default.
struct Range {
  std::optional<double> low{};
  std::optional<double> high{};
};

/// One pixel column of an overview. Exact, whether it came from chunk statistics or from points.
struct Column {
  double from = 0.0;  ///< Positions [from, to); the last column holds its `to` as well.
  double to = 0.0;
  std::uint64_t points = 0;
  std::uint64_t nonfinite = 0;
  std::optional<double> min{};  ///< Of the finite values.
  std::optional<double> max{};
  std::optional<double> last{};  ///< Value of the point logged last; may be NaN or infinite.
};

/// A folder of runs. Cheap to open; thread-compatible (one object used by one thread at a time, as
/// many objects on one folder as you like, in one process or several).
///
/// Wherever a method takes a `run` it is an id as `find` returns it. Every method throws
/// StoreError when a file is damaged, cannot be reached or was written by a newer version, and
/// DataError when no run has the id.
class Store {
 public:
  /// Mode::write makes the folder when it is missing; Mode::read changes no run
  /// (it completes what a killed writer left half done, where it may).
  /// @throws StoreError when the folder is missing (read), is no store or cannot be written.
  static Store open(const std::filesystem::path& folder, Mode mode);

  const std::filesystem::path& folder() const noexcept { return folder_; }

  /// A new run. Its id is made here (`info.id` is ignored) and it starts as `running`; `created` is
  /// now when it is 0.
  RunWriter create(const series::RunInfo& info, Creation creation = Creation::live);
  /// Continues a run that ended or whose writer died.
  /// @throws StoreError when another writer holds the run.
  RunWriter resume(std::string_view run);

  /// For runs that appear together (RunGroup), or thousands that one program writes: their writers open files only
  /// when they write, and let go of them with RunWriter::rest.
  std::shared_ptr<RunGroup> new_group();
  /// A new run of the group: it lasts once it was synced or finished and the group published.
  RunWriter create(const series::RunInfo& info, const std::shared_ptr<RunGroup>& group);
  RunWriter resume(std::string_view run, const std::shared_ptr<RunGroup>& group);
  /// Puts these runs into the catalogue now rather than when somebody lists them.
  void index(std::span<const std::string> runs) noexcept;

  /// All runs, oldest first. A run that cannot be read is left out and named in `problems`.
  std::vector<RunSummary> runs(std::vector<std::string>* problems = nullptr);
  RunSummary summary(std::string_view run);

  /// The run called `text`: an id, the unique beginning of an id (4 characters or more), or a name.
  /// @throws ConfigError naming the candidates when several fit; DataError when none does.
  std::string find(std::string_view text);

  /// The whole run: points, events, transitions, forecasts, attributions.
  series::Run load(std::string_view run);
  series::RunInfo info(std::string_view run);
  /// What RunWriter::set_progress kept of the run; null when nothing.
  Json progress(std::string_view run);
  /// @throws DataError when the run has no such signal (here and in scan and overview).
  series::Signal load_signal(std::string_view run, std::string_view signal);
  /// Sizes and extremes of each signal, from chunk statistics alone.
  std::vector<SignalSummary> summaries(std::string_view run);

  std::vector<series::Event> events(std::string_view run);
  std::vector<series::Transition> transitions(std::string_view run);
  std::vector<series::Forecast> forecasts(std::string_view run);
  std::vector<series::Attribution> attributions(std::string_view run);

  /// Calls `visit` with the points in `range`, in the order they were logged, without ever holding
  /// more than one chunk. Blocks are valid during the call.
  void scan(std::string_view run, std::string_view signal, Range range,
            const std::function<void(const Block&)>& visit);
  /// The same for every signal of the run (or those of them that `names` lists, when it is not empty), in the order
  /// they were first logged: linear in the signals.
  void scan_all(std::string_view run, std::span<const std::string> names,
                const std::function<void(const SignalSummary&, const Block&)>& visit);
  /// `columns` (1 to 100,000) equal steps of position from the lowest to the highest in `range`.
  /// Reads statistics, and the points of at most one chunk for each border between columns.
  std::vector<Column> overview(std::string_view run, std::string_view signal, int columns,
                               Range range = {});

  /// Replaces the tags.
  void tag(std::string_view run, const std::vector<std::string>& tags);
  void rename(std::string_view run, std::string_view name);
  void set_notes(std::string_view run, const Json& notes);
  /// Appends a record, also while a writer holds the run (an analysis beside or after training).
  void record(std::string_view run, const series::Event& event);
  void record(std::string_view run, const series::Transition& transition);
  void record(std::string_view run, const series::Forecast& forecast);
  void record(std::string_view run, const series::Attribution& attribution);
  /// Forgets the records of one kind, so that an analysis can be repeated without doubling them.
  void clear_records(std::string_view run, RecordKind kind);
  /// Deletes the run for good. @throws StoreError while a writer holds it.
  void remove(std::string_view run);

 private:
  Store(std::filesystem::path folder, Mode mode);
  std::filesystem::path run_file(std::string_view run) const;
  void need_write(std::string_view action) const;
  Access catalog_access() const;
  series::RunInfo new_info(const series::RunInfo& given) const;
  void append_record(std::string_view run, const PendingRecord& record);

  std::filesystem::path folder_;
  Mode mode_;
};

}  // namespace emdyn::collect::store
