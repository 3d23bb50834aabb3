#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/packed_matrix.hpp"

/// Scores of features as normal classes with one covariance.
namespace emdyn::provoke::ood {

/// Minus the least squared Mahalanobis distance to a class mean, under the within-class covariance
/// shrunk towards a multiple of the identity (Ledoit-Wolf unless given). Features are whitened once
/// (a triangle: d²/2), then compared with the whitened means. Source: Lee, Lee, Lee, Shin, "A
/// Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks",
/// NeurIPS 2018 (penultimate layer only).
class Mahalanobis {
 public:
  static constexpr std::string_view kName = "mahalanobis";
  static constexpr std::string_view kSummary =
      "squared distance to the nearest class mean, whitened";
  static constexpr std::string_view kPaper = "Lee et al., arXiv 1807.03888";
  static constexpr std::string_view kCost = "d^2/2 + K d";
  static constexpr Inputs kFitNeeds{.features = true, .labels = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  struct Config {
    double shrinkage = -1.0;
  };
  static constexpr std::array kFields{
      Field<Config>{"shrinkage", &Config::shrinkage, -1.0, 1.0,
                    "weight of the identity in the covariance; below 0: Ledoit-Wolf's estimate"}};

  explicit Mahalanobis(const Config& config);
  /// @throws DataError when the features do not vary within classes.
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.centre_), self.whitening_, self.means_, sized(self.mean_norms_));
  }

 private:
  double shrinkage_;
  std::vector<float> centre_;       ///< [feature]
  PackedMatrix whitening_;          ///< [feature, feature], lower triangular
  PackedMatrix means_;              ///< [class, feature], whitened
  std::vector<double> mean_norms_;  ///< [class], squared
};

/// Relative Mahalanobis: minus the least over classes of (distance to the class − distance to one
/// normal of all samples), squared distances both. The two whitened forms differ only in the span
/// of the class means, so only that (at most K − 1 directions) is computed. Source: Ren, Fort, Liu
/// et al., "A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection", 2021.
class Rmds {
 public:
  static constexpr std::string_view kName = "rmds";
  static constexpr std::string_view kSummary =
      "Mahalanobis distance relative to one normal of all classes";
  static constexpr std::string_view kPaper = "Ren et al., arXiv 2106.09022";
  static constexpr std::string_view kCost = "K d";
  static constexpr Inputs kFitNeeds{.features = true, .labels = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  using Config = Mahalanobis::Config;
  static constexpr auto& kFields = Mahalanobis::kFields;

  explicit Rmds(const Config& config);
  /// @throws DataError when the features do not vary within classes.
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.centre_), self.projection_, sized(self.means_), sized(self.background_));
  }

 private:
  double shrinkage_;
  std::vector<float> centre_;       ///< [feature]
  PackedMatrix projection_;         ///< [direction, feature]
  std::vector<double> means_;       ///< [class, direction]
  std::vector<double> background_;  ///< [direction], 1 / (1 + between-class variance)
};

}  // namespace emdyn::provoke::ood
