#include "emdyn/emergence/segment/shared_rows.hpp"

#include <algorithm>

namespace emdyn::emergence::segment {

SharedRows shared_rows(std::span<const series::Signal* const> signals) {
  SharedRows rows;
  for (const series::Signal* signal : signals) rows.names.push_back(signal->name);
  rows.channels.resize(signals.size());
  if (signals.empty()) return rows;
  std::vector<std::size_t> next(signals.size(), 0);
  for (;;) {
    double latest = 0.0;  // Of the positions that come next.
    for (std::size_t i = 0; i < signals.size(); ++i) {
      const auto positions = signals[i]->last_positions();
      if (next[i] >= positions.size()) return rows;
      latest = i == 0 ? positions[next[i]] : std::max(latest, positions[next[i]]);
    }
    bool shared = true;
    for (std::size_t i = 0; i < signals.size(); ++i) {
      const auto positions = signals[i]->last_positions();
      while (next[i] < positions.size() && positions[next[i]] < latest) ++next[i];
      if (next[i] >= positions.size()) return rows;
      shared = shared && positions[next[i]] == latest;
    }
    if (!shared) continue;
    rows.positions.push_back(latest);
    for (std::size_t i = 0; i < signals.size(); ++i)
      rows.channels[i].push_back(signals[i]->last_values()[next[i]++]);
  }
}

}  // namespace emdyn::emergence::segment
