#include "emdyn/detect/live/sample_log.hpp"

namespace emdyn::detect {

void SampleLog::push(double position, double value) {
  const Sample sample{position, value};
  last_[count_ % last_.size()] = sample;
  for (std::size_t i = 0; i < past_.size(); ++i) {
    if (count_ % stride(i) != 0) break;  // Nor is it a multiple of the longer ones.
    past_[i].kept[past_[i].count++ % kOfLevel] = sample;
  }
  ++count_;
  if (past_.empty() && count_ >= last_.size()) {
    Level& first = past_.emplace_back();
    for (std::uint64_t at = 0; at < count_; at += stride(0))
      first.kept[first.count++ % kOfLevel] = last_[at];
  } else if (!past_.empty() && past_.back().count >= kOfLevel) {
    // Made while the finer one still holds everything, so that nothing of the past is lost.
    const Level finer = past_.back();
    Level& next = past_.emplace_back();
    for (std::uint64_t at = 0; at < finer.count; at += 2)
      next.kept[next.count++ % kOfLevel] = finer.kept[at % kOfLevel];
  }
}

/// The finest record that still holds the sample; between two kept ones the one before, or after.
SampleLog::Sample SampleLog::find(std::uint64_t ago, bool upwards) const noexcept {
  const std::uint64_t number = number_of(ago);
  if (count_ - number <= kept()) return last_[number % last_.size()];
  for (std::size_t i = 0; i < past_.size(); ++i) {
    const Level& level = past_[i];
    std::uint64_t entry = number / stride(i);
    if (level.count - entry > kOfLevel) continue;
    if (upwards && number % stride(i) != 0) ++entry;
    if (entry >= level.count) return last_[(count_ - kept()) % last_.size()];
    return level.kept[entry % kOfLevel];
  }
  return past_.back().kept[0];
}

double SampleLog::median_of(std::array<double, kFew>& some, std::uint64_t count) const noexcept {
  std::sort(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  return some[count / 2];
}

std::optional<SampleLog::Change> SampleLog::change(std::uint64_t onset_ago,
                                                   bool single) const noexcept {
  if (single) onset_ago = 0;
  if (onset_ago + 1 >= count_) return std::nullopt;
  std::array<double, kFew> some{};
  const std::uint64_t since = std::min<std::uint64_t>({onset_ago + 1, kFew, kept()});
  for (std::uint64_t i = 0; i < since; ++i) some[i] = before(i).value;
  const double now = median_of(some, since);
  std::uint64_t number = 0;
  const std::uint64_t onset = number_of(onset_ago);
  // Of the finest record that reaches back beyond the onset, what lies before it.
  if (onset_ago + 2 <= kept()) {
    for (; number < kFew && onset_ago + 1 + number < kept(); ++number)
      some[number] = before(onset_ago + 1 + number).value;
  } else {
    for (std::size_t i = 0; i < past_.size() && number == 0; ++i) {
      const Level& level = past_[i];
      const std::uint64_t oldest = level.count > kOfLevel ? level.count - kOfLevel : 0;
      const std::uint64_t end = std::min((onset + stride(i) - 1) / stride(i), level.count);
      for (std::uint64_t at = end; at > oldest && number < kFew; --at)
        some[number++] = level.kept[(at - 1) % kOfLevel].value;
    }
  }
  if (number == 0) return std::nullopt;
  return Change{median_of(some, number), now};
}

}  // namespace emdyn::detect
