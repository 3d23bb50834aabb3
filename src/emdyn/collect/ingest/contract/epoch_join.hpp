#pragma once
#include <optional>
#include <utility>
#include <vector>

namespace emdyn::collect::ingest {

/// Joins positions that begin again in each epoch ("iter" 10 … 500 of epoch 1, then 10 … 500 of
/// epoch 2) into one count over all epochs (10 … 1000). What counts on over the epochs stays as it
/// is, and a return to an earlier epoch returns to the positions it had.
class EpochJoin {
 public:
  /// The joined position of the next row. `total`: length of the epoch where the file says it;
  /// else it is as long as its largest position and one more step.
  double join(double inner, double epoch, std::optional<double> total = std::nullopt);
  /// True when `inner` goes back within the epoch at hand.
  bool inside(double inner, double epoch) const noexcept {
    return !epochs_.empty() && epoch == epochs_.back().number && inner <= last_;
  }
  /// True once a restart was joined.
  bool joined() const noexcept { return joined_; }

 private:
  struct Epoch {
    double number;
    double offset;
  };
  void begin_epoch(double inner, double epoch);

  std::vector<Epoch> epochs_;  ///< In order of their numbers.
  double last_ = 0.0;          ///< Inner positions of the epoch at hand.
  double most_ = 0.0;
  double step_ = 0.0;  ///< Least step seen; 0: none yet.
  std::optional<double> total_;
  bool joined_ = false;
};

}  // namespace emdyn::collect::ingest
