#include "emdyn/detect/alarm/score_histogram.hpp"

#include <algorithm>

namespace emdyn::detect {

double ScoreHistogram::above(std::size_t bin) const noexcept {
  const std::size_t block = bin == 0 ? 0 : (bin - 1) / kPerOctave;
  double sum = 0.0;
  for (std::size_t b = kBlocks; b-- > block + 1;) sum += static_cast<double>(blocks_[b]);
  const std::size_t end = 1 + (block + 1) * kPerOctave;
  for (std::size_t i = bin + 1; i < end; ++i) sum += static_cast<double>(counts_[i]);
  return sum;
}

void ScoreHistogram::fade() noexcept {
  for (float& count : counts_) count *= 0.5F;
  for (float& count : blocks_) count *= 0.5F;
  total_ *= 0.5;
}

void ScoreHistogram::clear() noexcept {
  std::ranges::fill(counts_, 0.0F);
  blocks_.fill(0.0F);
  total_ = 0.0;
}

}  // namespace emdyn::detect
