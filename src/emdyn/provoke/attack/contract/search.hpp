#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/provoke/attack/contract/norm.hpp"

namespace emdyn::model {
class Model;
}

namespace emdyn::provoke::attack {

/// One row of values per point.
class Rows {
 public:
  Rows(std::size_t count, std::size_t size) : size_(size), values_(count * size, 0.0F) {}
  std::span<float> operator[](std::size_t i) {
    return std::span(values_).subspan(i * size_, size_);
  }
  std::span<const float> operator[](std::size_t i) const {
    return std::span(values_).subspan(i * size_, size_);
  }
  std::size_t count() const noexcept { return size_ == 0 ? 0 : values_.size() / size_; }
  std::size_t size() const noexcept { return size_; }
  std::vector<float>& values() noexcept { return values_; }
  const std::vector<float>& values() const noexcept { return values_; }

 private:
  std::size_t size_;
  std::vector<float> values_;
};

/// Points of a chunk, by their place in it.
using Slots = std::vector<std::size_t>;

/// A loss of a point by its logits, for an attack to raise: returns the value, writes the slope.
using PointLoss =
    std::function<double(std::size_t slot, std::span<const float> logits, std::span<float> slope)>;

/// What a model said about a list of slots, in the list's order.
struct Slopes {
  Rows logits;
  std::vector<double> loss;
  Rows gradient;  ///< Of each loss, by the point's values.
};

/// What all chunks of a run have in common.
struct SearchTask {
  const model::Model* model = nullptr;
  Norm norm = Norm::linf;
  std::vector<double> epsilons{};  ///< Rising radii asked about; none: as near as possible.
  bool active_set = true;          ///< Points leave once found at the radius that is asked for.
  bool transfer = false;           ///< Keep the latest row of each point, whatever the model says.
  std::uint64_t seed = 1;
  Task work{};  ///< Says when to end early.
};

/// What is known of one point before it is attacked.
struct Point {
  std::size_t index = 0;  ///< In the whole set: it keys the point's random numbers.
  std::span<const float> values{};
  std::size_t label = 0;
  std::optional<std::size_t> target{};
  double certified = -1.0;  ///< Nothing is to be found within this radius.
  /// Logits that differ by no more are a tie: sums of floats depend on the batch they are taken in.
  float rounding = 0.0F;
};

/// Whether these logits are a success: misclassified, or taken for the target, by more than the point's rounding.
/// Values that are not numbers are one. Without rounding (the clean logits) the first of equal logits is taken.
bool is_success(const Point& point, std::span<const float> logits) noexcept;

/// What an attack sees: the points of one chunk, the model behind a counter, the rule of success,
/// and the nearest misclassified row found so far for each point. Used from one thread.
class Search {
 public:
  Search(const SearchTask& task, std::vector<Point> points);

  std::size_t count() const noexcept { return points_.size(); }
  std::size_t size() const noexcept { return size_; }  ///< Values per point.
  std::size_t classes() const noexcept { return classes_; }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  const Box& box() const noexcept { return box_; }
  Norm norm() const noexcept { return task_.norm; }
  const SearchTask& task() const noexcept { return task_; }
  const Point& point(std::size_t slot) const noexcept { return points_[slot]; }
  std::span<const float> original(std::size_t slot) const noexcept { return points_[slot].values; }
  Philox& random(std::size_t slot) noexcept { return random_[slot]; }

  /// The radius that rows must lie in; infinite when as near as possible is asked for.
  double epsilon() const noexcept { return epsilon_; }
  void set_epsilon(double epsilon) noexcept { epsilon_ = epsilon; }
  /// A point found within this distance is finished.
  double enough() const noexcept;

  /// The slots that are still to be attacked at this radius.
  Slots open() const;
  /// Those of `slots` that are; all of them when the active set is off.
  Slots open(const Slots& slots) const;
  bool finished(std::size_t slot) const noexcept { return distance_[slot] <= enough(); }
  /// No radius below the present one is worth an attempt for this point.
  void give_up(std::size_t slot) noexcept { given_up_[slot] = true; }
  /// Several radii are asked about, from the largest down.
  void set_descending(bool descending) noexcept { descending_ = descending; }
  /// Whether an attack may leave this point as soon as its slope says that nothing is in reach: it
  /// has been broken within a larger radius.
  bool may_abandon(std::size_t slot) const noexcept {
    return descending_ && task_.active_set && std::isfinite(distance_[slot]);
  }
  bool stopped() const noexcept { return task_.work.stopped(); }

  /// The nearest misclassified row so far; empty while none is known.
  std::span<const float> found(std::size_t slot) const noexcept;
  double distance(std::size_t slot) const noexcept { return distance_[slot]; }

  bool success(std::size_t slot, std::span<const float> logits) const noexcept {
    return is_success(points_[slot], logits);
  }
  /// Keeps the row if it is a success nearer than what is known. @return whether it is a success.
  bool offer(std::size_t slot, std::span<const float> row, std::span<const float> logits);

  /// One forward pass for the rows of these slots.
  Rows logits(const Slots& slots, const Rows& rows);
  /// Many rows of one point.
  Rows logits(std::size_t slot, const Rows& rows);
  /// One backward pass for each of these slots.
  Slopes gradient(const Slots& slots, const Rows& rows, const PointLoss& loss);
  /// Gradients of z(k) − z(label) for the `classes` [slots, k] of each: [slots * k, size]; k
  /// backward passes each. `logits` receives what the model says.
  Rows jacobian(const Slots& slots, const Rows& rows, std::span<const std::size_t> classes,
                Rows& logits);

  std::int64_t forwards(std::size_t slot) const noexcept { return forwards_[slot]; }
  std::int64_t gradients(std::size_t slot) const noexcept { return gradients_[slot]; }
  /// Whether the point's first gradient was 0 throughout.
  bool flat(std::size_t slot) const noexcept { return flat_[slot]; }

 private:
  SearchTask task_;
  std::vector<Point> points_;
  std::size_t size_ = 0;
  std::size_t classes_ = 0;
  std::vector<std::int64_t> shape_;
  Box box_;
  bool descending_ = false;
  double epsilon_ = std::numeric_limits<double>::infinity();
  std::vector<Philox> random_;
  Rows found_;
  std::vector<double> distance_;
  std::vector<bool> given_up_;
  std::vector<bool> flat_;
  std::vector<std::int64_t> forwards_;
  std::vector<std::int64_t> gradients_;
};

}  // namespace emdyn::provoke::attack
