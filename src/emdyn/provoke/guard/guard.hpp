#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/provoke/guard/conformal.hpp"
#include "emdyn/provoke/guard/kernel_density.hpp"
#include "emdyn/provoke/guard/reference_panel.hpp"
#include "emdyn/provoke/ood/registry.hpp"

namespace emdyn::provoke::guard {

/// Settings of a guard.
struct GuardOptions {
  double fit_share = 0.5;         ///< Of the reference examples the scores learn from.
  std::int64_t neighbours = 3;    ///< Nearest reference examples named in a reason.
  std::int64_t bank = 10000;      ///< At most so many examples are kept to compare with.
  std::int64_t top_features = 3;  ///< Features named in a reason.
  std::int64_t seed = 1;          ///< Of the split.

  static constexpr std::string_view kName = "guard";
};

inline constexpr std::array kOptionFields{
    Field<GuardOptions>{"fit_share", &GuardOptions::fit_share, 0.1, 0.9,
                        "share of the examples the scores learn from; the rest calibrates"},
    Field<GuardOptions>{"neighbours", &GuardOptions::neighbours, 1, 50,
                        "nearest examples a reason names"},
    Field<GuardOptions>{"bank", &GuardOptions::bank, 50, 1000000,
                        "examples kept to compare with, at most"},
    Field<GuardOptions>{"top_features", &GuardOptions::top_features, 1, 50,
                        "features a reason names"},
    Field<GuardOptions>{"seed", &GuardOptions::seed, 0, 9e15,
                        "of the split into fit and calibration"},
};

/// A reference example an input looks like.
struct Neighbour {
  std::uint64_t index = 0;  ///< In the reference dataset, from 0.
  std::uint32_t label = 0;
  double distance = 0.0;  ///< Between features of length 1, in [0, 2].
};

/// How far one feature is from what the predicted class expects.
struct FeatureShare {
  std::uint64_t feature = 0;
  double value = 0.0;
  double expected = 0.0;  ///< The mean over the class.
  double share = 0.0;     ///< Of the squared Mahalanobis distance; all features add up to 1.
};

/// What a guard says of one input.
struct InputVerdict {
  double p_value = 1.0;  ///< Chance of an input as strange as this one when nothing is wrong.
  std::uint32_t predicted = 0;
  std::string score{};           ///< The score of the panel that finds it strangest.
  double score_p_value = 1.0;    ///< By that score alone.
  double log_density = 0.0;      ///< Kernel density tripwire, under the predicted class.
  double density_p_value = 1.0;  ///< Chance of a density this low when nothing is wrong.
  std::vector<FeatureShare> features{};
  std::vector<Neighbour> neighbours{};
};

void to_json(Json& json, const Neighbour& neighbour);
void to_json(Json& json, const FeatureShare& share);

/// A guard of a classifier: from the features and logits of in-distribution examples it learns how
/// strange an input has to be to be strange.
///
/// A panel of out-of-distribution scores (by default `energy`, `mahalanobis`, `knn` and `vim`: one
/// of logits, one of class shape, one of neighbourhood, one of what the head does not see) is
/// fitted on one part of the examples. Each score of an input becomes a rank among a second part;
/// the smallest rank is the input's strangeness, whatever score it comes from, and its rank among a
/// third part is the p-value: a split conformal p-value (Vovk, Gammerman, Shafer, "Algorithmic
/// Learning in a Random World", 2005; Bates et al., arXiv 2104.08279). It is super-uniform for
/// inputs exchangeable with the third part: the calibration examples must be new to the network. An
/// adversary's inputs are not exchangeable with anything: there the p-value is a tripwire, no
/// promise.
class Guard {
 public:
  static constexpr std::array<std::string_view, 4> kPanel{"energy", "mahalanobis", "knn", "vim"};

  /// @param reference what the scores learn from: features, logits, labels and head.
  /// @param calibration examples new to the network; empty: held out from `reference`.
  /// @param task asked before every score is fitted; it is told of them.
  /// @throws DataError naming what is missing or too little (fewer than 40 calibration examples);
  /// Task::Stopped.
  static Guard fit(const provoke::ood::TrainingSet& reference,
                   const provoke::ood::ScoredBatch& calibration, const GuardOptions& options = {},
                   std::span<const std::string_view> panel = kPanel, const Task& task = {});

  /// One verdict a row, whatever rows stand beside it and whatever the number of threads.
  /// @throws DataError for matrices of other shapes than the fitted ones.
  std::vector<InputVerdict> score(const provoke::ood::ScoredBatch& batch) const;

  /// Chance of a batch as strange as this one, as a whole, when nothing is wrong: the one-sided
  /// Mann-Whitney test of its inputs' strangeness against the calibration's, ties taken into
  /// account. @pre p_values come from score().
  double batch_p_value(std::span<const InputVerdict> verdicts) const;

  /// (n + 1) / (rank·H(n + 1)): an e-value of the same rank as the p-value, for online testing
  /// (provoke::guard::ELond); its mean is at most 1 when nothing is wrong.
  double e_value(const InputVerdict& verdict) const noexcept;

  /// Strangeness as a signal: standard normal when nothing is wrong, rising with strangeness,
  /// always finite (the p-value, which may be 1, is taken in the middle of its step).
  double deviate(const InputVerdict& verdict) const noexcept;

  /// The tripwire of the features' density, for trials of it.
  const KernelDensity& density() const noexcept { return density_; }
  std::uint64_t classes() const noexcept { return shape_.classes; }
  std::uint64_t features() const noexcept { return shape_.features; }
  std::uint64_t calibration_size() const noexcept { return strangeness_.size(); }
  std::vector<std::string> panel() const;

  std::vector<std::byte> serialise() const;
  /// The bytes may be hostile. @throws DataError when they are no guard of this version.
  static Guard restore(std::span<const std::byte> bytes);

 private:
  static constexpr std::array kNothing{0.0};  ///< Before anything calm was seen.
  Guard() = default;
  double rank(std::size_t score, double value) const;
  void explain(const provoke::ood::ScoredBatch& batch, std::size_t row,
               InputVerdict& verdict) const;
  void check(const provoke::ood::ScoredBatch& batch) const;

  provoke::ood::Shape shape_;
  GuardOptions options_;
  std::vector<provoke::ood::Scorer> scorers_;
  std::vector<provoke::guard::ConformalCalibration> ranks_;     ///< Per score, of the second part.
  provoke::guard::ConformalCalibration strangeness_{kNothing};  ///< Of the third part.
  ReferencePanel reference_;  ///< Class means, inverse covariance, bank.
  KernelDensity density_;
  provoke::guard::ConformalCalibration densities_{kNothing};  ///< Log densities of the third part.
};

}  // namespace emdyn::provoke::guard
