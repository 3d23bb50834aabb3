#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::detect {

/// A validation loss that rises above its best, by far fewer points than a trend needs: evaluations
/// are few. While the training loss goes on falling it is `overfitting`, else `divergence`.
///
/// At each evaluation the last three are compared with the three around the best so far, in standard
/// errors of the evaluations' noise (from second differences, large ones held); the chance is that of
/// Student's t times the number of evaluations the best was picked from. The evaluations since the
/// best must climb (Kendall's tau of at least one half). Told once until there is a new best.
///
/// Cost: O(evaluations) an evaluation, O(1) a training sample; at most 512 evaluations are kept, older
/// ones in pairs.
/// Source: Prechelt, "Early Stopping: But When?", Neural Networks: Tricks of the Trade (1998), the
/// generalisation loss; Kendall, "A New Measure of Rank Correlation", Biometrika 30 (1938).
class ValidationWatch {
 public:
  static constexpr std::string_view kOverfitting = "overfitting";

  /// @param alpha false alarms an evaluation, in (0, 0.5].
  explicit ValidationWatch(double alpha);

  /// Signals are numbered by the caller; those whose names have the role of a training or a
  /// validation loss are followed, the first of each.
  void on_signal(std::size_t signal, std::string_view name, series::Axis axis);
  /// @param events what is told is appended; `run` is left to the caller.
  void push(std::size_t signal, double position, double value, std::vector<series::Event>& events);

  /// Evaluations so far.
  std::uint64_t evaluations() const noexcept { return seen_; }

 private:
  struct Evaluation {
    double position = 0.0;
    double loss = 0.0;
    double training = 0.0;  // Mean since the evaluation before.
  };
  struct Verdict {
    double p_value = 1.0;
    std::size_t best = 0;
    bool overfits = false;  // The training loss goes on falling.
  };
  void evaluate(double position, double loss, std::vector<series::Event>& events);
  Verdict judge() const;
  double noise() const;
  bool training_goes_on(std::size_t best) const;
  void make_room();

  double alpha_;
  std::optional<std::size_t> training_{};
  std::optional<std::size_t> validation_{};
  std::string name_{};  // Of the validation loss.
  series::Axis axis_ = series::Axis::step;
  std::vector<Evaluation> evaluations_{};
  double sum_ = 0.0;  // Of training losses since the last evaluation.
  double count_ = 0.0;
  double last_mean_ = 0.0;
  bool has_mean_ = false;
  bool told_ = false;
  double told_best_ = 0.0;
  std::uint64_t seen_ = 0;
};

}  // namespace emdyn::detect
