#pragma once
#include <functional>
#include <span>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// H of a group of variables in nats; H of nothing is 0. What measures of many parts are made of.
using EntropyOf = std::function<double(const Parts&)>;

/// I(A;B) from entropies.
double mutual_information(const EntropyOf& entropy, const Parts& a, const Parts& b);
/// I(A;B|C) from entropies.
double conditional_mutual_information(const EntropyOf& entropy, const Parts& a, const Parts& b,
                                      const Parts& c);

/// A known joint law of discrete variables: what every measure is on paper, without estimation.
class Law {
 public:
  /// @param outcomes each a value of every variable; the same outcome may come twice.
  /// @param weights one an outcome, >= 0; they are divided by their sum.
  /// @throws DataError when they do not fit together, are negative, not finite or all zero.
  Law(std::vector<std::vector<int>> outcomes, std::vector<double> weights);
  /// Equally likely outcomes.
  explicit Law(std::vector<std::vector<int>> outcomes);

  std::size_t variables() const noexcept { return variables_; }
  std::span<const double> probabilities() const noexcept { return probabilities_; }
  const std::vector<std::vector<int>>& outcomes() const noexcept { return outcomes_; }

  /// The chance of the own values of `group` at every outcome. @throws DataError out of range.
  std::vector<double> marginal(const Parts& group) const;
  double entropy(const Parts& group) const;
  /// Refers to this law: keep it alive.
  EntropyOf entropies() const {
    return [this](const Parts& group) { return entropy(group); };
  }
  /// One more variable: a function of the others.
  Law with(const std::function<int(const std::vector<int>&)>& variable) const;

 private:
  std::size_t variables_ = 0;
  std::vector<std::vector<int>> outcomes_{};
  std::vector<double> probabilities_{};
};

}  // namespace emdyn::emergence::information
