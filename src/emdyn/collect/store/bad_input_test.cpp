#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "emdyn/collect/store/catalog.hpp"
#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::store {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::uint32_t kNobody = 65534;

/// Noise that zstd cannot squeeze, so that files grow.
void append_noise(RunWriter& writer, SignalId signal, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    writer.append(signal, i, Philox(static_cast<std::uint64_t>(i)).normal());
  }
}

class BadInput : public testing::Test {
 protected:
  std::string finished_run(int points = 5000) {
    RunWriter writer = store_.create({});
    append_noise(writer, writer.add_signal("loss"), 0, points);
    writer.finish();
    return writer.id();
  }
  /// Overwrites `size` bytes from the middle of a run file on.
  void spoil(const std::string& id, char byte, std::size_t size) {
    const auto file = run_path(store_.folder(), id);
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file) / 2));
    stream << std::string(size, byte);
  }
  void everything_read_only() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      ::chmod(entry.path().c_str(), entry.is_directory() ? 0555 : 0444);
    }
    ::chmod(folder_.path().c_str(), 0555);
  }
  void everything_writable() {
    ::chmod(folder_.path().c_str(), 0755);
    ::chmod(store_.folder().c_str(), 0755);
    ::chmod((store_.folder() / "runs").c_str(), 0755);
  }
  static void become_nobody() {
    if (::geteuid() == 0) {
      ASSERT_EQ(::setresuid(kNobody, kNobody, kNobody), 0);
    }
  }

  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
};

TEST_F(BadInput, NoStore) {
  EXPECT_THAT([&] { Store::open(folder_.path() / "nowhere", Mode::read); },
              ThrowsMessage<StoreError>(HasSubstr("no store there")));
  std::ofstream(folder_.path() / "file") << "x";
  EXPECT_THAT([&] { Store::open(folder_.path() / "file", Mode::write); },
              ThrowsMessage<StoreError>(HasSubstr("it is a file")));
  EXPECT_THROW(check(folder_.path() / "nowhere"), StoreError);
  Store reader = Store::open(store_.folder(), Mode::read);
  EXPECT_THAT([&] { reader.create({}); }, ThrowsMessage<StoreError>(HasSubstr("for reading")));
}

TEST_F(BadInput, AReadOnlyFolderCanBeReadAndNotWritten) {
  const std::string id = finished_run();
  everything_read_only();
  EXPECT_TRUE(succeeds_in_child([&] {
    become_nobody();
    EXPECT_THAT([&] { Store::open(store_.folder(), Mode::write); },
                ThrowsMessage<StoreError>(HasSubstr("permissions")));
    Store reader = Store::open(store_.folder(), Mode::read);
    EXPECT_EQ(reader.runs().size(), 1U);
    EXPECT_EQ(reader.load(id).signals.at(0).size(), 5000U);
    EXPECT_TRUE(check(store_.folder()).sound());
  }));
  everything_writable();
}

TEST_F(BadInput, AKilledRunInAReadOnlyFolderKeepsWhatWasAcknowledged) {
  EXPECT_FALSE(succeeds_in_child([&] {
    RunWriter writer = store_.create({});
    append_noise(writer, writer.add_signal("loss"), 0, 5000);
    writer.sync();
    ::raise(SIGKILL);
  }));
  everything_read_only();
  EXPECT_TRUE(succeeds_in_child([&] {
    become_nobody();
    Store reader = Store::open(store_.folder(), Mode::read);
    const std::vector<RunSummary> runs = reader.runs();
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].points, 5000U);
    EXPECT_EQ(runs[0].info.status, series::RunStatus::interrupted);
    EXPECT_EQ(reader.load(runs[0].info.id).signals.at(0).size(), 5000U);
  }));
  everything_writable();
}

TEST_F(BadInput, AFullDiskLosesNothingAndTheWriterGoesOn) {
  EXPECT_TRUE(succeeds_in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    RunWriter writer = store_.create({});
    const SignalId loss = writer.add_signal("loss");
    append_noise(writer, loss, 0, 5000);
    writer.sync();
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 200 << 10;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    append_noise(writer, loss, 5000, 100000);
    EXPECT_THAT([&] { writer.sync(); },
                ThrowsMessage<StoreError>(HasSubstr("what was synced before is safe")));
    Store reader = Store::open(store_.folder(), Mode::read);
    EXPECT_EQ(reader.load_signal(writer.id(), "loss").size(), 5000U);
    append_noise(writer, loss, 105000, 1000);
    limit.rlim_cur = before;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    writer.sync();
    EXPECT_EQ(reader.load_signal(writer.id(), "loss").size(), 106000U);
    writer.finish();
    const series::Signal signal = reader.load_signal(writer.id(), "loss");
    ASSERT_EQ(signal.size(), 106000U);
    for (std::size_t i = 0; i < signal.size(); ++i) {
      ASSERT_EQ(signal.values[i], Philox(i).normal());
    }
    EXPECT_TRUE(check(store_.folder()).sound());
  }));
}

TEST_F(BadInput, AFullFileSystemLosesNothing) {
  const auto disk = folder_.path() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  EXPECT_TRUE(succeeds_in_child([&] {
    Store store = Store::open(disk / "s", Mode::write);
    RunWriter writer = store.create({});
    const SignalId loss = writer.add_signal("loss");
    append_noise(writer, loss, 0, 5000);
    writer.sync();
    append_noise(writer, loss, 5000, 200000);
    EXPECT_THAT([&] { writer.sync(); }, ThrowsMessage<StoreError>(HasSubstr("space")));
    EXPECT_EQ(store.load_signal(writer.id(), "loss").size(), 5000U);
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    writer.finish();
    EXPECT_EQ(store.load_signal(writer.id(), "loss").size(), 205000U);
    EXPECT_TRUE(check(disk / "s").sound());
  }));
  ::umount(disk.c_str());
}

TEST_F(BadInput, WritersThatTheDiskRefusesStopTakingPointsInTheEnd) {
  EXPECT_TRUE(succeeds_in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    RunWriter writer = store_.create({});
    const SignalId loss = writer.add_signal("loss");
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 64 << 10;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    Philox random(1);
    std::vector<double> noise(1 << 16);
    for (double& value : noise) value = random.normal();
    const std::vector<double> positions(noise.size(), 0.0);
    EXPECT_THROW(
        {
          for (int i = 0; i < 1000; ++i) writer.append(loss, positions, noise);
        },
        StoreError);
    // The writer cannot say goodbye: leave without its destructor's sync.
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }));
}

TEST_F(BadInput, TwoWritersOnOneRun) {
  RunWriter writer = store_.create({});
  const auto refused = ThrowsMessage<StoreError>(HasSubstr("being written by another process"));
  EXPECT_THAT([&] { store_.resume(writer.id()); }, refused);
  EXPECT_THAT([&] { store_.remove(writer.id()); }, refused);
  EXPECT_TRUE(succeeds_in_child([&] {
    Store other = Store::open(store_.folder(), Mode::write);
    EXPECT_THAT([&] { other.resume(writer.id()); }, refused);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }));
  writer.finish();
  EXPECT_NO_THROW(store_.resume(writer.id()));
}

TEST_F(BadInput, ARunFromTheFutureDoesNotHideTheOthers) {
  const std::string good = finished_run();
  const std::string future = finished_run();
  Database(run_path(store_.folder(), future), Access::write).execute("PRAGMA user_version=99");
  std::vector<std::string> problems;
  const std::vector<RunSummary> runs = store_.runs(&problems);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].info.id, good);
  EXPECT_THAT(problems, testing::ElementsAre(HasSubstr("update emdyn")));
  EXPECT_THROW(store_.load(future), StoreError);
  EXPECT_THROW(store_.resume(future), StoreError);
  EXPECT_FALSE(check(store_.folder()).sound());
}

TEST_F(BadInput, DamagedPointsAreFoundAndNamed) {
  const std::string id = finished_run(200000);
  spoil(id, '\x55', 3000);
  EXPECT_THROW(store_.load(id), StoreError);
  const CheckReport report = check(store_.folder());
  ASSERT_FALSE(report.sound());
  EXPECT_EQ(report.problems[0].file, "runs/" + id + ".db");
  EXPECT_FALSE(report.problems[0].mend.empty());
  EXPECT_FALSE(report.runs.at(0).sound);
}

TEST_F(BadInput, ATruncatedRunIsAnErrorNotACrash) {
  const std::string id = finished_run(50000);
  const auto file = run_path(store_.folder(), id);
  const auto whole = std::filesystem::file_size(file);
  for (const auto size : {whole - 1, whole / 2, whole / 7, std::uintmax_t{4096},
                          std::uintmax_t{100}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(file, size);
    EXPECT_THROW(store_.load(id), StoreError) << size << " of " << whole;
    EXPECT_FALSE(check(store_.folder()).sound());
  }
}

TEST_F(BadInput, RandomDamageNeverCrashes) {
  const std::string id = finished_run(3000);
  const auto file = run_path(store_.folder(), id);
  std::ifstream stream(file, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(stream), {}};
  const series::Run whole = store_.load(id);
  Philox random(4);
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    for (std::uint32_t change = 0; change <= random.below(20); ++change) {
      bad[random.below(static_cast<std::uint32_t>(bad.size()))] =
          static_cast<char>(random() & 0xff);
    }
    std::ofstream(file, std::ios::binary) << bad;
    try {
      const series::Run read = store_.load(id);
      EXPECT_EQ(read.signals, whole.signals) << "a wrong answer in round " << round;
      EXPECT_EQ(read.info.name, whole.info.name);
      store_.overview(id, "loss", 10);
    } catch (const Error&) {
      // What is damaged says so.
    }
    EXPECT_NO_THROW(check(store_.folder()));
  }
}

TEST_F(BadInput, HostileRowsAreRefused) {
  const std::string id = finished_run();
  const auto file = run_path(store_.folder(), id);
  for (const char* sql : {"UPDATE chunks SET count = 4000000000", "UPDATE chunks SET count = -1",
                          "UPDATE chunk_bytes SET bytes = zeroblob(100000000)",
                          "DELETE FROM chunk_bytes", "UPDATE signals SET axis = 'furlongs'"}) {
    const auto copy = run_path(store_.folder(), "000000000000000a");
    std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
    Database(copy, Access::write).execute(sql);
    EXPECT_THROW(store_.load("000000000000000a"), StoreError) << sql;
    EXPECT_FALSE(check(store_.folder()).sound()) << sql;
  }
}

TEST_F(BadInput, TheCatalogueIsMadeAnewWhenItIsMissingOrDamaged) {
  const std::string id = finished_run();
  const auto catalog = catalog_path(store_.folder());
  ASSERT_TRUE(std::filesystem::exists(catalog));
  std::filesystem::remove(catalog);
  EXPECT_TRUE(check(store_.folder()).sound());  // It is an index: whoever lists the runs makes it.
  EXPECT_EQ(Store::open(store_.folder(), Mode::read).runs().size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(catalog));
  EXPECT_TRUE(check(store_.folder()).sound());

  std::ofstream(catalog) << std::string(9000, '?');
  EXPECT_FALSE(check(store_.folder()).sound());
  EXPECT_EQ(Store::open(store_.folder(), Mode::read).runs().size(), 1U);
  EXPECT_EQ(store_.runs().size(), 1U);
  EXPECT_TRUE(check(store_.folder()).sound());

  Database(catalog, Access::write).execute("UPDATE runs SET json = '{}'");
  EXPECT_EQ(store_.runs().at(0).points, 5000U);
  std::ofstream(catalog) << "x";
  EXPECT_EQ(rebuild_catalog(store_.folder()), 1U);
  EXPECT_TRUE(check(store_.folder()).sound());
  EXPECT_EQ(store_.runs().at(0).info.id, id);
}

TEST_F(BadInput, ACatalogueFromTheFutureIsLeftAlone) {
  finished_run();
  const auto catalog = catalog_path(store_.folder());
  Database(catalog, Access::write).execute("PRAGMA user_version=9; DROP TABLE runs");
  EXPECT_EQ(store_.runs().size(), 1U);
  EXPECT_EQ(Database(catalog, Access::read).integer("PRAGMA user_version"), 9);
}

TEST_F(BadInput, AStaleCatalogueIsNoticed) {
  const std::string id = finished_run(100);
  EXPECT_EQ(store_.runs().at(0).points, 100U);
  const auto copy = folder_.path() / "old-catalogue";
  std::filesystem::copy_file(catalog_path(store_.folder()), copy);
  {
    RunWriter writer = store_.resume(id);
    append_noise(writer, writer.add_signal("loss"), 100, 50);
    writer.finish();
  }
  finished_run(10);
  std::filesystem::copy_file(copy, catalog_path(store_.folder()),
                             std::filesystem::copy_options::overwrite_existing);
  const std::vector<RunSummary> runs = store_.runs();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].points, 150U);
  EXPECT_EQ(runs[1].points, 10U);
}

}  // namespace
}  // namespace emdyn::collect::store
