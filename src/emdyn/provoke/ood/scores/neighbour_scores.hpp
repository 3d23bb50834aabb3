#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/packed_matrix.hpp"
#include "emdyn/provoke/ood/contract/settings.hpp"

/// Scores that compare a sample with training samples it keeps.
namespace emdyn::provoke::ood {

/// Minus the distance to the k-th nearest training sample, features scaled to length 1. The search
/// is exhaustive: one blocked product of the batch with the bank. Source: Sun, Ming, Zhu, Li,
/// "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022.
class Knn {
 public:
  static constexpr std::string_view kName = "knn";
  static constexpr std::string_view kSummary = "distance to the k-th nearest training sample";
  static constexpr std::string_view kPaper = "Sun et al., arXiv 2204.06507";
  static constexpr std::string_view kCost = "N d";
  static constexpr Inputs kFitNeeds{.features = true};
  static constexpr Inputs kScoreNeeds{.features = true};
  static constexpr bool kBank = true;
  struct Config {
    std::int64_t neighbours = 50;
    std::int64_t bank_rows_most = 0;
    std::int64_t seed = 0;
  };
  static constexpr std::array kFields{
      neighbours_field<Config>(
          "which neighbour's distance counts; at most the bank's rows are used"),
      Field<Config>{"bank_rows_most", &Config::bank_rows_most, 0, 1e9,
                    "training samples kept, drawn at random; 0: all"},
      seed_field<Config>()};

  explicit Knn(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.bank_);
  }

 private:
  Config config_;
  PackedMatrix bank_;  ///< [sample, feature], rows of length 1
};

/// Energy times guidance: the mean over the k most similar bank samples of (their energy × cosine).
/// Source: Park, Jung, Teoh, "Nearest Neighbor Guidance for Out-of-Distribution Detection", ICCV
/// 2023.
class NnGuide {
 public:
  static constexpr std::string_view kName = "nnguide";
  static constexpr std::string_view kSummary =
      "energy times the similarity to confident training samples";
  static constexpr std::string_view kPaper = "Park, Jung, Teoh, arXiv 2309.14888";
  static constexpr std::string_view kCost = ".01 N d";
  static constexpr Inputs kFitNeeds{.features = true, .logits = true};
  static constexpr Inputs kScoreNeeds{.features = true, .logits = true};
  static constexpr bool kBank = true;
  struct Config {
    std::int64_t neighbours = 10;
    double bank_share = 0.01;
    std::int64_t seed = 0;
  };
  static constexpr std::array kFields{
      neighbours_field<Config>("bank samples that guide"),
      Field<Config>{"bank_share", &Config::bank_share, 0.0, 1.0,
                    "of the training samples kept, drawn at random; at least `neighbours`"},
      seed_field<Config>()};

  explicit NnGuide(const Config& config);
  void learn(const TrainingSet& training, const Shape& shape);
  void score(const RowBlock& block, const Shape& shape, std::span<double> out) const;
  bool valid(const Shape& shape) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.bank_);
  }

 private:
  Config config_;
  PackedMatrix bank_;  ///< [sample, feature], rows of length |energy|
};

}  // namespace emdyn::provoke::ood
