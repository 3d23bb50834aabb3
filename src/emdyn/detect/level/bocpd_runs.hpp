#pragma once
#include <cstddef>
#include <vector>

#include "emdyn/core/simd.hpp"

namespace emdyn::detect {

/// The run lengths BOCPD keeps, oldest first: one column a quantity, in whole blocks of eight, so
/// that one sample passes all of them in vector registers. Places beyond size() hold probability 0.
/// Sums are taken in eight lanes and then folded: equal on every instruction set.
class BocpdRuns {
 public:
  struct Prior {
    double kappa = 1.0;
    double alpha = 1.0;
    double beta = 1.0;
    bool operator==(const Prior&) const = default;
  };
  struct Run {
    double probability = 0.0;
    double length = 0.0;
    double mean = 0.0;
    double beta = 0.0;
    bool operator==(const Run&) const = default;
  };
  struct Weights {
    double recent = 0.0;
    double older = 0.0;
  };

  /// @param most run lengths, >= 1.
  BocpdRuns(std::size_t most, const Prior& prior);

  std::size_t size() const noexcept { return size_; }
  std::size_t most() const noexcept { return most_; }
  bool full() const noexcept { return size_ == most_; }
  Run operator[](std::size_t i) const noexcept {
    return {probability_[i], length_[i], mean_[i], beta_[i]};
  }
  void clear() noexcept;
  /// @pre !full()
  void push_back(const Run& run) noexcept;

  /// Multiplies every probability by the Student-t density of the sample under that run, and takes
  /// the sample into it. @return the sum of the probabilities.
  double observe(double sample, InstructionSet set) noexcept;
  /// Drops runs below `negligible` times `total`, or the least likely when none is and the room is
  /// used up. @return the sum that is left.
  double prune(double total, double negligible) noexcept;
  /// Scales every probability. @return the sums of runs shorter than `limit` and of the others.
  Weights scale(double factor, double limit, InstructionSet set) noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    auto size = static_cast<std::uint64_t>(self.size_);
    archive(size);
    archive.require(size <= self.most_);
    if constexpr (requires { archive.ok(); }) {
      self.clear();
      for (std::uint64_t i = 0; i < size && archive.ok(); ++i) {
        Run run;
        archive(run.probability, run.length, run.mean, run.beta);
        archive.require(sound(run));
        if (archive.ok()) self.push_back(run);
      }
    } else {
      for (std::size_t i = 0; i < self.size_; ++i) {
        archive(self.probability_[i], self.length_[i], self.mean_[i], self.beta_[i]);
      }
    }
  }
  bool operator==(const BocpdRuns& other) const;

 private:
  static bool sound(const Run& run) noexcept;
  double gamma_ratio(double length) const noexcept;
  void erase(std::size_t place) noexcept;
  void blank(std::size_t place) noexcept;
  std::size_t padded() const noexcept { return (size_ + 7) / 8 * 8; }

  Prior prior_;
  std::size_t most_;
  std::size_t size_ = 0;
  std::vector<double> probability_;
  std::vector<double> length_;
  std::vector<double> mean_;
  std::vector<double> beta_;
  std::vector<double> gamma_;        // Gamma(alpha + 1/2) / (Gamma(alpha) sqrt(2 pi)) of the run.
  std::vector<double> gamma_table_;  // The same of short runs.
};

}  // namespace emdyn::detect
