#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <csignal>
#include <thread>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::size_t kSignals = 3;
constexpr int kKills = 50;
using Counts = std::array<std::uint64_t, kSignals>;

struct Acknowledged {
  Counts points{};
  std::uint64_t events = 0;
};

/// What point `index` of a signal is: the same in the writer and in the judge.
double value_at(std::size_t signal, std::uint64_t index) {
  Philox random(index, signal);
  const std::uint64_t word = static_cast<std::uint64_t>(random()) << 32 | random();
  if (word % 50 == 0) return std::bit_cast<double>(0x7ff8000000000000ULL | (word >> 20));
  return signal == 0 ? static_cast<double>(static_cast<float>(random.normal()))
                     : std::bit_cast<double>(word);
}

double position_at(std::uint64_t index) { return static_cast<double>(index % 2500); }

std::string signal_name(std::size_t signal) { return "signal/" + std::to_string(signal); }

/// Writes until it is killed, telling `pipe` what each sync acknowledged.
[[noreturn]] void write_for_ever(const std::filesystem::path& folder, const std::string& id,
                                 int pipe, std::uint64_t seed, Acknowledged done) {
  Philox random(seed, 99);
  Store store = Store::open(folder, Mode::write);
  for (;;) {
    RunWriter writer = store.resume(id);
    std::array<SignalId, kSignals> ids{};
    for (std::size_t s = 0; s < kSignals; ++s) ids[s] = writer.add_signal(signal_name(s));
    const bool finishes = random.below(3) == 0;
    for (std::uint32_t left = finishes ? 1 + random.below(6) : ~0U; left > 0; --left) {
      for (std::uint32_t points = random.below(3000); points > 0; --points) {
        const std::size_t s = random.below(kSignals);
        writer.append(ids[s], position_at(done.points[s]), value_at(s, done.points[s]));
        ++done.points[s];
      }
      series::Event event;
      event.position = static_cast<double>(done.events++);
      writer.record(event);
      left == 1 ? writer.finish() : writer.sync();
      if (::write(pipe, &done, sizeof done) != sizeof done) ::_exit(3);
    }
  }
}

/// What the run holds now; every point of it must be right.
Acknowledged judge(const std::filesystem::path& folder, const std::string& id) {
  Store store = Store::open(folder, Mode::read);
  Acknowledged found;
  const series::Run run = store.load(id);
  for (const series::Signal& signal : run.signals) {
    const auto s = static_cast<std::size_t>(signal.name.back() - '0');
    found.points[s] = signal.size();
    for (std::size_t i = 0; i < signal.size(); ++i) {
      if (signal.positions[i] != position_at(i) ||
          std::bit_cast<std::uint64_t>(signal.values[i]) !=
              std::bit_cast<std::uint64_t>(value_at(s, i))) {
        ADD_FAILURE() << "signal " << s << ", point " << i << " is wrong";
        return found;
      }
    }
  }
  found.events = run.events.size();
  for (const Problem& problem : check(folder).problems) {
    if (problem.file != "catalog.db") ADD_FAILURE() << problem.file << ": " << problem.what;
  }
  return found;
}

TEST(Crash, KeepsEveryAcknowledgedPointThroughFiftyKills) {
  const TestFolder folder;
  std::string id;
  {
    Store store = Store::open(folder.path(), Mode::write);
    id = store.create({}).id();
  }
  Philox random(2026);
  Acknowledged held;
  std::uint64_t acknowledgements = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        write_for_ever(folder.path(), id, ends[1], static_cast<std::uint64_t>(kill), held);
      } catch (const std::exception& error) {
        std::cerr << "writer: " << error.what() << std::endl;
        ::_exit(2);
      }
    }
    ::close(ends[1]);
    Acknowledged last = held;
    Acknowledged read;
    // After some acknowledgements and a moment more, so that every stage of the writer is hit.
    for (std::uint32_t wanted = random.below(8); wanted > 0; --wanted, ++acknowledgements) {
      ASSERT_EQ(::read(ends[0], &read, sizeof read), static_cast<ssize_t>(sizeof read));
      last = read;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(30000)));
    ::kill(child, SIGKILL);
    while (::read(ends[0], &read, sizeof read) == sizeof read) {
      last = read;
      ++acknowledgements;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself in round " << kill;
    held = judge(folder.path(), id);
    for (std::size_t s = 0; s < kSignals; ++s) {
      EXPECT_GE(held.points[s], last.points[s]) << "signal " << s << ", round " << kill;
    }
    EXPECT_GE(held.events, last.events) << "round " << kill;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(acknowledgements, static_cast<std::uint64_t>(kKills));
}

}  // namespace
}  // namespace emdyn::collect::store
