#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/packed_head.hpp"
#include "emdyn/provoke/ood/contract/settings.hpp"

/// Energies after the features or the head's weights were altered. All suppose features that are
/// not negative (after a ReLU); on others they run, but the papers promise nothing.
namespace emdyn::provoke::ood {

/// Energy of features clipped from above at a percentile of all training activations. Source: Sun,
/// Guo, Li, "ReAct: Out-of-distribution Detection With Rectified Activations", NeurIPS 2021.
class React {
 public:
  static constexpr std::string_view kName = "react";
  static constexpr std::string_view kSummary = "energy of clipped features";
  static constexpr std::string_view kPaper = "Sun, Guo, Li, arXiv 2111.12797";
  static constexpr std::string_view kCost = "K d";
  static constexpr Inputs kFitNeeds{.features = true, .head = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  struct Config {
    double percentile = 90.0;
    double clip = 0.0;
  };
  static constexpr std::array kFields{
      percentile_field<Config>("of the training activations, where features are clipped"),
      Field<Config>{"clip", &Config::clip, 0.0, 1e38, "the clip itself; 0: by percentile"}};

  explicit React(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept { return head_.valid(shape); }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.head_, self.clip_);
  }
  double clip() const noexcept { return static_cast<double>(clip_); }

 private:
  Config config_;
  PackedHead head_;
  float clip_ = 0.0F;
};

/// Energy of features of which the smallest are set to 0 and the rest scaled by exp(s₁/s₂): sums
/// before and after. Source: Djurisic, Bozanic, Ashok, Liu, "Extremely Simple Activation Shaping
/// for Out-of-Distribution Detection", ICLR 2023 (ASH-S).
class AshS {
 public:
  static constexpr std::string_view kName = "ash_s";
  static constexpr std::string_view kSummary = "energy of pruned and scaled features";
  static constexpr std::string_view kPaper = "Djurisic et al., arXiv 2209.09858";
  static constexpr std::string_view kCost = "K d";
  static constexpr Inputs kFitNeeds{.head = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  struct Config {
    double percentile = 65.0;
  };
  static constexpr std::array kFields{
      percentile_field<Config>("of a sample's features that is pruned")};

  explicit AshS(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept { return head_.valid(shape); }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.head_);
  }

 private:
  double percentile_;
  PackedHead head_;
};

/// Energy of features scaled by exp(s₁/s₂), nothing pruned: the sum of all over the sum of the
/// greatest. Source: Xu, Chen, Franchi, Yao, "Scaling for Training Time and Post-hoc
/// Out-of-distribution Detection Enhancement", ICLR 2024.
class ScaleScore {
 public:
  static constexpr std::string_view kName = "scale";
  static constexpr std::string_view kSummary = "energy of scaled features";
  static constexpr std::string_view kPaper = "Xu et al., SCALE, arXiv 2310.00227";
  static constexpr std::string_view kCost = "K d";
  static constexpr Inputs kFitNeeds{.head = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  struct Config {
    double percentile = 85.0;
  };
  static constexpr std::array kFields{
      percentile_field<Config>("of a sample's features above which they count as greatest")};

  explicit ScaleScore(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept { return head_.valid(shape); }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.head_);
  }

 private:
  double percentile_;
  PackedHead head_;
};

/// Energy through a head of which only the weights with the greatest mean contribution (weight ×
/// mean training activation) are kept. Source: Sun, Li, "DICE: Leveraging Sparsification for
/// Out-of-Distribution Detection", ECCV 2022.
class Dice {
 public:
  static constexpr std::string_view kName = "dice";
  static constexpr std::string_view kSummary = "energy through a sparsified head";
  static constexpr std::string_view kPaper = "Sun, Li, arXiv 2111.09805";
  static constexpr std::string_view kCost = "K d";
  static constexpr Inputs kFitNeeds{.features = true, .head = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = false;
  struct Config {
    double percentile = 90.0;
  };
  static constexpr std::array kFields{percentile_field<Config>("of the weights that is set to 0")};

  explicit Dice(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept { return head_.valid(shape); }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.head_);
  }

 private:
  double percentile_;
  PackedHead head_;
};

}  // namespace emdyn::provoke::ood
