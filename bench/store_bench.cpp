#include "store_bench.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <numbers>
#include <string>

#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "scratch_folder.hpp"

namespace emdyn::bench {
namespace {

constexpr std::size_t kSignals = 8;
constexpr std::array<const char*, kSignals> kNames{
    "train_loss",    "test_loss",   "train_accuracy", "test_accuracy",
    "gradient_norm", "weight_norm", "learning_rate",  "loss_double"};
/// Both sides commit after this many points.
constexpr std::size_t kBatch = 1'000'000;
constexpr int kColumns = 1000;

struct Workload {
  std::size_t steps = 0;
  std::array<std::vector<double>, kSignals> values{};
  std::vector<double> seconds{};
};

double as_float(double value) { return static_cast<double>(static_cast<float>(value)); }

Workload make_workload(std::size_t points) {
  Workload work;
  work.steps = points / kSignals;
  Philox random(20260101);
  double clock = 1.7e9;
  double weights = 40.0;
  for (auto& column : work.values) column.reserve(work.steps);
  work.seconds.reserve(work.steps);
  for (std::size_t step = 0; step < work.steps; ++step) {
    const double x = static_cast<double>(step) / static_cast<double>(work.steps);
    const double trend = 0.05 + 4.0 * std::exp(-6.0 * x);
    const double loss = trend * std::exp(0.1 * random.normal());
    weights += 1e-4 * random.normal() - 1e-5;
    clock += 0.003 * std::exp(0.1 * random.normal());
    const double right = 1.0 - std::exp(-5.0 * x);
    work.values[0].push_back(as_float(loss));
    work.values[1].push_back(as_float(trend * std::exp(0.02 * random.normal()) + 0.1));
    work.values[2].push_back(std::round(512.0 * std::min(1.0, right + 0.01 * random.normal())) /
                             512.0);
    work.values[3].push_back(std::round(3000.0 * std::min(1.0, right + 0.002 * random.normal())) /
                             3000.0);
    work.values[4].push_back(as_float(trend * (1.0 + 0.2 * std::abs(random.normal()))));
    work.values[5].push_back(as_float(weights));
    work.values[6].push_back(5e-4 * (1.0 + std::cos(std::numbers::pi * x)));
    work.values[7].push_back(loss);
    work.seconds.push_back(clock);
  }
  return work;
}

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

struct Measured {
  double write_seconds = 0.0;
  double read_seconds = 0.0;
  double overview_seconds = 0.0;
  double bytes = 0.0;
  double checksum = 0.0;  ///< Of what was read: the reading is not optimised away, and is right.
};

Measured measure_store(const Workload& work, const std::filesystem::path& folder) {
  Measured measured;
  collect::store::Store store = collect::store::Store::open(folder, collect::store::Mode::write);
  const Stopwatch writing;
  collect::store::RunWriter writer = store.create({});
  std::array<collect::store::SignalId, kSignals> ids{};
  for (std::size_t s = 0; s < kSignals; ++s) ids[s] = writer.add_signal(kNames[s]);
  for (std::size_t step = 0; step < work.steps; ++step) {
    for (std::size_t s = 0; s < kSignals; ++s) {
      writer.append(ids[s], static_cast<double>(step), work.values[s][step], work.seconds[step]);
    }
    if ((step + 1) % (kBatch / kSignals) == 0) writer.sync();
  }
  writer.finish();
  measured.write_seconds = writing.seconds();
  const std::string id = writer.id();
  measured.bytes = static_cast<double>(std::filesystem::file_size(folder / "runs" / (id + ".db")));

  const Stopwatch overview;
  store.overview(id, kNames[0], kColumns);
  measured.overview_seconds = overview.seconds();

  const Stopwatch reading;
  const series::Run run = store.load(id);
  measured.read_seconds = reading.seconds();
  for (const series::Signal& signal : run.signals) {
    for (std::size_t i = 0; i < signal.size(); ++i) {
      measured.checksum += signal.positions[i] + signal.values[i] + (signal.seconds[i] - 1.7e9);
    }
  }
  return measured;
}

void write_rows(const Workload& work, collect::store::Database& database) {
  database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  // No index: the plain table at its fastest and smallest.
  database.execute("CREATE TABLE points(signal INTEGER, position REAL, value REAL, seconds REAL)");
  collect::store::Statement insert = database.prepare("INSERT INTO points VALUES(?, ?, ?, ?)");
  database.execute("BEGIN");
  for (std::size_t step = 0; step < work.steps; ++step) {
    for (std::size_t s = 0; s < kSignals; ++s) {
      insert.bind(1, static_cast<std::int64_t>(s)).bind(2, static_cast<double>(step));
      insert.bind(3, work.values[s][step]).bind(4, work.seconds[step]).run();
    }
    if ((step + 1) % (kBatch / kSignals) == 0) database.execute("COMMIT; BEGIN");
  }
  database.execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
}

Measured measure_rows(const Workload& work, const std::filesystem::path& file) {
  Measured measured;
  const Stopwatch writing;
  {
    collect::store::Database database(file, collect::store::Access::create);
    write_rows(work, database);
  }
  measured.write_seconds = writing.seconds();
  measured.bytes = static_cast<double>(std::filesystem::file_size(file));
  collect::store::Database database(file, collect::store::Access::read);

  const Stopwatch overview;
  collect::store::Statement columns = database.prepare(
      "SELECT CAST(position * ?1 / ?2 AS INTEGER) AS pixel, MIN(value), MAX(value) FROM points "
      "WHERE signal = 0 GROUP BY pixel");
  columns.bind(1, static_cast<double>(kColumns)).bind(2, static_cast<double>(work.steps));
  while (columns.step()) measured.checksum += 0.0 * columns.real(1);
  measured.overview_seconds = overview.seconds();

  const Stopwatch reading;
  std::array<series::Signal, kSignals> read{};
  collect::store::Statement select =
      database.prepare("SELECT signal, position, value, seconds FROM points");
  while (select.step()) {
    series::Signal& points = read[static_cast<std::size_t>(select.integer(0)) % kSignals];
    points.positions.push_back(select.real(1));
    points.values.push_back(select.real(2));
    points.seconds.push_back(select.real(3));
  }
  measured.read_seconds = reading.seconds();
  for (const series::Signal& points : read) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      measured.checksum += points.positions[i] + points.values[i] + (points.seconds[i] - 1.7e9);
    }
  }
  return measured;
}

}  // namespace

std::vector<Row> bench_store(const StoreBenchOptions& options) {
  if (options.points < kSignals) throw ConfigError("points must be at least 8");
  const Workload work = make_workload(options.points);
  const auto points = static_cast<double>(work.steps * kSignals);
  const ScratchFolder folder(options.folder);
  const Measured rows = measure_rows(work, folder.path() / "rows.db");
  const Measured chunks = measure_store(work, folder.path() / "store");
  if (rows.checksum != chunks.checksum) throw StoreError("the store read back other points");
  const std::string plain = "SQLite, one row a point";
  return {
      {"write", points / chunks.write_seconds, "points/s", points / rows.write_seconds, plain},
      {"read", points / chunks.read_seconds, "points/s", points / rows.read_seconds, plain},
      {"size", chunks.bytes / points, "bytes/point", rows.bytes / points, plain},
      {"overview", 1e3 * chunks.overview_seconds, "ms", 1e3 * rows.overview_seconds, plain},
  };
}

}  // namespace emdyn::bench
