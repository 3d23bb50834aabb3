#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/settings.hpp"

/// Scores from the geometry of the head: where a sample's features lie relative to the predicted
/// class's weights, its boundaries and its mean pattern.
namespace emdyn::provoke::ood {

/// ‖K·softmax − 1‖₁ · ‖features‖₁: the L1 norm of the gradient, with respect to the head's weights,
/// of the cross-entropy to the uniform distribution (weight 1 a class, as in the authors' code), in
/// closed form. Source: Huang, Geng, Li, "On the Importance of Gradients for Detecting
/// Distributional Shifts in the Wild", NeurIPS 2021.
class GradNorm {
 public:
  static constexpr std::string_view kName = "grad_norm";
  static constexpr std::string_view kSummary = "norm of the gradient towards a uniform prediction";
  static constexpr std::string_view kPaper = "Huang, Geng, Li, arXiv 2110.00218";
  static constexpr std::string_view kCost = "d + K";
  static constexpr Inputs kFitNeeds{};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = false;
  using Config = NoConfig;
  static constexpr auto& kFields = kNoFields;
  explicit GradNorm(const Config&) noexcept {}
  void learn(const TrainingSet&, const Shape&) noexcept {}
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape&) const noexcept { return true; }
  template <class Self, class Archive>
  static void state(Self&, Archive&) {}
};

/// Mean distance, in feature space, from the sample to the boundaries between its class and the
/// others, |logit gap| / ‖weight gap‖₂, over the distance of the sample to the training mean.
/// Source: Liu, Qin, "Fast Decision Boundary based Out-of-Distribution Detector", ICML 2024.
class Fdbd {
 public:
  static constexpr std::string_view kName = "fdbd";
  static constexpr std::string_view kSummary = "mean distance to the decision boundaries";
  static constexpr std::string_view kPaper = "Liu, Qin, arXiv 2312.11536 (ICML 2024)";
  static constexpr std::string_view kCost = "d + K";
  static constexpr Inputs kFitNeeds{.features = true, .head = true};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = false;
  using Config = NoConfig;
  static constexpr auto& kFields = kNoFields;

  explicit Fdbd(const Config&) noexcept {}
  /// @throws DataError with fewer than two classes.
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.centre_), sized(self.gaps_));
  }

  /// Before the division: the mean of the exact distances to the boundaries.
  double boundary_distance(std::span<const float> logits) const noexcept;

 private:
  std::vector<float> centre_;  ///< [feature]
  std::vector<double> gaps_;   ///< [class, class], ‖w − w'‖₂
};

/// Neural-collapse-inspired: the features about the training mean, projected on the direction they
/// should have (cosine times the predicted class's weight length), plus a share of their L1 norm.
/// Source: Liu, Qin, "Detecting Out-of-Distribution through the Lens of Neural Collapse", CVPR
/// 2025.
class Nci {
 public:
  static constexpr std::string_view kName = "nci";
  static constexpr std::string_view kSummary =
      "alignment of centred features with the predicted class's weights";
  static constexpr std::string_view kPaper = "Liu, Qin, arXiv 2311.01479";
  static constexpr std::string_view kCost = "d + K";
  static constexpr Inputs kFitNeeds{.features = true, .head = true};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = false;
  struct Config {
    double norm_weight = 0.001;
  };
  static constexpr std::array kFields{Field<Config>{"norm_weight", &Config::norm_weight, 0.0, 1e6,
                                                    "of the features' L1 norm in the score"}};

  explicit Nci(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.centre_), sized(self.weight_));
  }

 private:
  Config config_;
  std::vector<float> centre_;  ///< [feature]
  std::vector<float> weight_;  ///< [class, feature]
};

/// Inner product of the features with the stored pattern of the predicted class: the mean features
/// of the training samples of that class the classifier gets right (of all of them where it gets
/// none right). Source: Zhang et al., "Out-of-Distribution Detection based on In-Distribution Data
/// Patterns Memorization with Modern Hopfield Energy", ICLR 2023.
class She {
 public:
  static constexpr std::string_view kName = "she";
  static constexpr std::string_view kSummary = "product with the predicted class's mean pattern";
  static constexpr std::string_view kPaper = "Zhang et al., SHE, ICLR 2023";
  static constexpr std::string_view kCost = "d + K";
  static constexpr Inputs kFitNeeds{.features = true, .logits = true, .labels = true};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = false;
  using Config = NoConfig;
  static constexpr auto& kFields = kNoFields;
  explicit She(const Config&) noexcept {}
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(sized(self.patterns_));
  }

 private:
  std::vector<float> patterns_;  ///< [class, feature]; 0 for a class without samples
};

}  // namespace emdyn::provoke::ood
