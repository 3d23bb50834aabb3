#pragma once
#include <functional>
#include <vector>

#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/store.hpp"

namespace emdyn::collect::store {

/// Store::scan and Store::overview over an open run.
void scan_signal(RunReader& reader, const SignalRow& signal, Range range,
                 const std::function<void(const Block&)>& visit);
/// @throws ConfigError when `columns` is out of range.
std::vector<Column> make_overview(RunReader& reader, const SignalRow& signal, int columns,
                                  Range range);

}  // namespace emdyn::collect::store
