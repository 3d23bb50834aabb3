#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/packed_matrix.hpp"

namespace emdyn::provoke::ood {

/// Virtual-logit matching: energy − α·|residual|, where the residual is what of the features,
/// about the origin −W⁺b, lies outside the principal subspace of the training features, and α
/// makes the mean residual of the training set equal its mean greatest logit. By default the
/// subspace has the fewest dimensions that hold `explained_share` of the second moment.
///
/// Source: Wang, Li, Feng, Zhang, "ViM: Out-Of-Distribution with Virtual-logit Matching", CVPR
/// 2022.
class Vim {
 public:
  static constexpr std::string_view kName = "vim";
  static constexpr std::string_view kSummary =
      "energy less the features' distance to their principal subspace";
  static constexpr std::string_view kPaper = "Wang et al., arXiv 2203.10807";
  static constexpr std::string_view kCost = "d (d - D)";
  static constexpr Inputs kFitNeeds{.features = true, .logits = true, .head = true};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = false;
  struct Config {
    double explained_share = 0.95;
    std::int64_t dimensions = 0;
  };
  static constexpr std::array kFields{
      Field<Config>{"explained_share", &Config::explained_share, 0.01, 1.0,
                    "share of the features' second moment the subspace holds"},
      Field<Config>{"dimensions", &Config::dimensions, 0, 1e6,
                    "of the subspace, below d; 0: by explained_share"}};

  explicit Vim(const Config& config);
  /// @throws ConfigError when `dimensions` is not below the number of features.
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.origin_), self.residual_, self.alpha_);
  }

  std::size_t residual_dimensions() const noexcept { return residual_.outputs(); }
  /// |residual| of each row.
  void residual_norms(const RowBlock& block, std::span<double> out) const;

 private:
  Config config_;
  std::vector<float> origin_;  ///< [feature]
  PackedMatrix residual_;      ///< [direction, feature], orthonormal
  double alpha_ = 0.0;
};

}  // namespace emdyn::provoke::ood
