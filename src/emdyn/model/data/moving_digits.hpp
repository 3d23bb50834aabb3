#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/model/data/dataset.hpp"

namespace emdyn::model::data {

/// What is asked about a sequence of frames.
enum class SequenceTask {
  direction,  ///< Which of eight ways the digit moves: the order of the frames is needed.
  digit,      ///< Which digit it is.
  noise,      ///< Frames and label are independent random numbers: there is nothing to learn.
};
inline constexpr std::string_view kSequenceTaskWords[] = {"direction", "digit", "noise"};

/// Sequences made from still images: an image drifts over a square canvas and turns while it
/// drifts.
///
/// Sequence i shows image (i mod images) and depends on the seed and i alone. The path's middle is
/// its middle frame, jittered by at most 2 pixels, so that a way and its opposite show the same
/// frames in another order: one frame, or all of them shuffled, do not tell the direction. Speed is
/// uniform on 0.75 to 1.5 pixels a frame, the first angle on ±20°, the turn on ±10° a frame.
/// Sampled bilinearly, rounded to 256 grey levels.
class MovingDigits {
 public:
  struct Options {
    SequenceTask task = SequenceTask::direction;
    std::int64_t frames = 5;
    std::int64_t canvas = 32;  ///< Pixels a side.
    std::size_t count = 0;     ///< Sequences.
    std::uint64_t seed = 1;
  };
  static constexpr std::int64_t kDirections = 8;

  /// @param images [1, height, width] with labels 0 to 9; must live as long as this.
  /// @throws DataError for images of another shape or without labels.
  MovingDigits(const Dataset& images, const Options& options);

  std::vector<std::int64_t> shape() const { return {options_.frames, 1, canvas_, canvas_}; }
  std::size_t size() const noexcept { return options_.count; }
  std::int64_t classes() const noexcept;
  std::int64_t label(std::size_t index) const;
  /// The frames of one sequence. @pre values has the length of shape().
  void frames(std::size_t index, std::span<float> values) const;
  /// The first `count` sequences in memory.
  Dataset dataset(std::size_t count) const;

 private:
  void draw(const float* image, double x, double y, double angle, float* frame) const;

  const Dataset& images_;
  Options options_;
  std::int64_t canvas_;
};

}  // namespace emdyn::model::data
