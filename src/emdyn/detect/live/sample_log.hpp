#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// The samples of a stream, to turn "n samples ago" into a position and into a value before and after. The last 512 are
/// kept as they are; of older ones fewer the longer they are ago, so that every place of the stream is known to within
/// a 60th of its age. Interval ends are taken outwards to a sample that is kept.
///
/// Cost: O(1); 8 KB and 2 KB for each doubling of the stream beyond 512 samples.
class SampleLog {
 public:
  struct Change {
    double before = 0.0;
    double after = 0.0;
  };

  void push(double position, double value);
  /// The position of that sample, or of the last one kept before it. @pre at least one push.
  double at(std::uint64_t ago) const noexcept { return before(ago).position; }
  /// Onset with its interval; `ago`s beyond the first sample mean the first sample.
  series::Interval interval(const Evidence& evidence) const noexcept {
    const double estimate = before(evidence.onset_samples_ago).position;
    return {before(evidence.onset_earliest_ago).position, estimate,
            std::max(estimate, after(evidence.onset_latest_ago).position), 0.9};
  }
  /// Medians of up to 15 values before an onset so long ago and of the last up to 15 since then; of a
  /// single sample its value. Of what is older than 512 samples the values that are kept. Nothing where there is none
  /// before.
  std::optional<Change> change(std::uint64_t onset_ago, bool single) const noexcept;
  void clear() noexcept {
    count_ = 0;
    past_.clear();
  }

 private:
  static constexpr std::uint64_t kFew = 15;
  static constexpr std::size_t kOfLevel = 128;
  static constexpr std::uint64_t kFinestStride = 8;

  struct Sample {
    double position = 0.0;
    double value = 0.0;
  };
  /// Every stride-th sample, the last kOfLevel of them; the stride doubles from level to level.
  struct Level {
    std::array<Sample, kOfLevel> kept{};
    std::uint64_t count = 0;  // Pushed in all.
  };

  static constexpr std::uint64_t stride(std::size_t level) noexcept {
    return kFinestStride << level;
  }
  std::uint64_t kept() const noexcept { return std::min<std::uint64_t>(count_, last_.size()); }
  std::uint64_t number_of(std::uint64_t ago) const noexcept {
    return count_ - 1 - std::min(ago, count_ - 1);
  }
  Sample before(std::uint64_t ago) const noexcept { return find(ago, false); }
  Sample after(std::uint64_t ago) const noexcept { return find(ago, true); }
  Sample find(std::uint64_t ago, bool upwards) const noexcept;
  double median_of(std::array<double, kFew>& some, std::uint64_t count) const noexcept;

  std::array<Sample, 512> last_{};
  std::vector<Level> past_;
  std::uint64_t count_ = 0;
};

}  // namespace emdyn::detect
