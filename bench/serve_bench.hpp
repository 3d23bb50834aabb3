#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct ServeBenchOptions {
  std::size_t runs = 10'000;        ///< Of the store that is listed.
  std::size_t points = 10'000'000;  ///< Of the run that is looked at.
  std::size_t clients = 1'000;      ///< Of the stream.
  double seconds = 10.0;            ///< That they listen, to 10 events a second.
  std::filesystem::path program{};  ///< The server; beside this program where it is empty.
  std::filesystem::path folder{};   ///< Where stores go for a while.
};

/// `emdyn serve` in a process of its own, asked over loopback.
///
/// `list/start`: seconds from the start of the program to its first list of a store of 10,000 runs; baseline:
/// reading the store's list in this process. `list/p95`: milliseconds of a filtered, sorted page.
/// `overview/p95`: milliseconds of 800 columns of random ranges of a run of 10^7 points, one signal; baseline:
/// the median of reading the range's points from the store. `event/p95`: milliseconds from the call that records an
/// event, its sync included, to a client of the stream. `stream/N/p99`: the same with N clients; `stream/N/spread_p99`:
/// from the first client to each; `processor` and `memory`: of the server meanwhile.
/// @throws UnavailableError where the program is not there; Task::Stopped.
std::vector<Row> bench_serve(const ServeBenchOptions& options, const Task& task = {});

}  // namespace emdyn::bench
