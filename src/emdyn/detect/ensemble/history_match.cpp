#include "emdyn/detect/ensemble/history_match.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::detect {
namespace {

constexpr std::array<std::size_t, HistoryMatch::kLengths> kBlockOf{0, 0, 0, 1, 2};
constexpr std::size_t kChunk = 64;

/// Smallest squared distance of `query` to the stretches of its length that start in [0, count).
float nearest(const float* past, std::size_t count, std::span<const float> query) {
  float best = std::numeric_limits<float>::max();
  std::array<float, kChunk> sums;
  for (std::size_t from = 0; from < count; from += kChunk) {
    const std::size_t width = std::min(kChunk, count - from);
    sums.fill(0.0F);
    for (std::size_t term = 0; term < query.size(); ++term) {
      const float* values = past + from + term;
      const float wanted = query[term];
      for (std::size_t i = 0; i < width; ++i) {
        const float gap = values[i] - wanted;
        sums[i] += gap * gap;
      }
      // Sums only grow: give the chunk up when none of them can win.
      if (term % 4 != 3 || term + 1 == query.size()) continue;
      if (*std::min_element(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(width)) >=
          best) {
        break;
      }
    }
    best = std::min(
        best, *std::min_element(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(width)));
  }
  return best;
}

}  // namespace

HistoryMatch::HistoryMatch(std::size_t history)
    : room_(history + kTerms + kRecent), recent_(2 * kRecent, 0.0F) {
  for (Blocks& blocks : blocks_) blocks.values.assign(2 * room_, 0.0F);
}

void HistoryMatch::reset() noexcept {
  std::ranges::fill(recent_, 0.0F);
  count_ = 0;
  for (Blocks& blocks : blocks_) {
    std::ranges::fill(blocks.values, 0.0F);
    blocks.pushed = 0;
  }
}

/// Mean of `count` samples, the newest of them `first_ago` samples back.
float HistoryMatch::recent_mean(std::size_t first_ago, std::size_t count) const noexcept {
  const std::size_t end = static_cast<std::size_t>((count_ - 1) % kRecent) + kRecent - first_ago;
  float sum = 0.0F;
  for (std::size_t i = 0; i < count; ++i) sum += recent_[end - i];
  return sum / static_cast<float>(count);
}

void HistoryMatch::push(float value) noexcept {
  const auto at = static_cast<std::size_t>(count_ % kRecent);
  recent_[at] = recent_[at + kRecent] = value;
  ++count_;
  for (std::size_t i = 0; i < kSizes; ++i) {
    if (count_ % kSize[i] != 0) continue;
    Blocks& blocks = blocks_[i];
    const auto place = static_cast<std::size_t>(blocks.pushed % room_);
    blocks.values[place] = blocks.values[place + room_] = recent_mean(0, kSize[i]);
    ++blocks.pushed;
  }
}

double HistoryMatch::distance(std::size_t length) const noexcept {
  const std::size_t size = kSize[kBlockOf[length]];
  const std::size_t samples = kLength[length];
  const std::size_t terms = samples / size;
  const Blocks& blocks = blocks_[kBlockOf[length]];
  if (count_ < 2 * samples) return -1.0;
  std::array<float, kTerms> query{};
  for (std::size_t k = 0; k < terms; ++k) {
    query[terms - 1 - k] = recent_mean(k * size, size);
  }
  // Blocks that ended before the newest stretch began; the oldest may have left the ring.
  const std::uint64_t ended = (count_ - samples) / size;
  const std::uint64_t kept = std::min<std::uint64_t>(blocks.pushed, room_);
  const std::uint64_t oldest = blocks.pushed - kept;
  if (ended < oldest + terms) return -1.0;
  const auto count = static_cast<std::size_t>(ended - oldest - terms + 1);
  const float* past = blocks.values.data() + static_cast<std::size_t>(oldest % room_);
  return std::sqrt(static_cast<double>(nearest(past, count, std::span(query).first(terms))));
}

}  // namespace emdyn::detect
