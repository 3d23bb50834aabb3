#include "emdyn/detect/alarm/episodes.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace emdyn::detect {
namespace {

double begin_of(const series::Event& event) {
  return event.onset ? std::min(event.onset->low, event.position) : event.position;
}

bool before(const series::Event& a, const series::Event& b) {
  const double pa = a.p_value.value_or(1.0);
  const double pb = b.p_value.value_or(1.0);
  return std::tie(a.position, pa) < std::tie(b.position, pb);
}

}  // namespace

std::vector<Episode> episodes(std::span<const series::Event> events) {
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::tie(events[a].run, events[a].axis) != std::tie(events[b].run, events[b].axis)
               ? std::tie(events[a].run, events[a].axis) < std::tie(events[b].run, events[b].axis)
               : begin_of(events[a]) < begin_of(events[b]);
  });
  std::vector<std::vector<std::size_t>> groups;
  double reach = 0.0;
  for (const std::size_t i : order) {
    const bool same = !groups.empty() && events[groups.back().front()].run == events[i].run &&
                      events[groups.back().front()].axis == events[i].axis;
    if (same && begin_of(events[i]) <= reach) {
      groups.back().push_back(i);
      reach = std::max(reach, events[i].position);
    } else {
      groups.push_back({i});
      reach = events[i].position;
    }
  }
  std::vector<Episode> found;
  for (auto& group : groups) {
    std::ranges::sort(group, [&](std::size_t a, std::size_t b) {
      if (before(events[a], events[b])) return true;
      return !before(events[b], events[a]) && a < b;
    });
    found.push_back({group.front(), {group.begin() + 1, group.end()}});
  }
  std::ranges::sort(found, {}, &Episode::first);
  return found;
}

}  // namespace emdyn::detect
