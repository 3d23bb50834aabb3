#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

/// A small classifier's view of made-up samples: features after a ReLU around one direction a
/// class, a head that reads those directions, and its logits.
namespace emdyn::provoke::ood::test {

inline constexpr std::size_t kFeatures = 24;
inline constexpr std::size_t kClasses = 5;

struct Classifier {
  std::vector<float> features;
  std::vector<float> logits;
  std::vector<std::uint32_t> labels;
  std::vector<float> weight;
  std::vector<float> bias;

  Classifier(std::size_t count, std::uint64_t seed) {
    make_head();
    Philox random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      const auto label = random.below(kClasses);
      labels.push_back(label);
      for (std::size_t j = 0; j < kFeatures; ++j) {
        const double level = j % kClasses == label ? 4.0 : 0.8;
        features.push_back(static_cast<float>(std::max(0.0, level + 0.5 * random.normal())));
      }
    }
    apply_head();
  }

  /// Samples in no class's direction: fewer active features, many of them at odd places.
  static Classifier strange(std::size_t count, std::uint64_t seed) {
    Classifier made(count, seed);
    Philox random(seed, 9);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < kFeatures; ++j) {
        made.features[i * kFeatures + j] =
            j < kClasses ? static_cast<float>(1.0 + 0.6 * std::abs(random.normal()))
                         : static_cast<float>(std::max(0.0, 0.7 * random.normal()));
      }
    }
    made.apply_head();
    return made;
  }

  static Classifier constant(std::size_t count, float value) {
    Classifier made(count, 1);
    std::fill(made.features.begin(), made.features.end(), value);
    std::fill(made.logits.begin(), made.logits.end(), value);
    made.logits[0] = -value;
    return made;
  }

  std::size_t rows() const { return labels.size(); }
  TrainingSet training() const {
    return {math::matrix_view(features.data(), rows(), kFeatures),
            math::matrix_view(logits.data(), rows(), kClasses),
            labels,
            {math::matrix_view(weight.data(), kClasses, kFeatures), bias}};
  }
  ScoredBatch batch() const { return {training().features, training().logits}; }
  ScoredBatch row(std::size_t i) const {
    return {math::matrix_view(features.data() + i * kFeatures, 1, kFeatures),
            math::matrix_view(logits.data() + i * kClasses, 1, kClasses)};
  }
  /// The block form that methods take, of the first rows.
  RowBlock block(std::size_t count) const {
    return {features.data(), kFeatures, logits.data(), kClasses, count};
  }

  void make_head() {
    Philox random(77);
    for (std::size_t c = 0; c < kClasses; ++c) {
      for (std::size_t j = 0; j < kFeatures; ++j) {
        weight.push_back(
            static_cast<float>((j % kClasses == c ? 0.6 : -0.15) + 0.05 * random.normal()));
      }
      bias.push_back(static_cast<float>(0.1 * random.normal()));
    }
  }
  void apply_head() {
    logits.clear();
    for (std::size_t i = 0; i < rows(); ++i) {
      for (std::size_t c = 0; c < kClasses; ++c) {
        double sum = static_cast<double>(bias[c]);
        for (std::size_t j = 0; j < kFeatures; ++j) {
          sum += static_cast<double>(weight[c * kFeatures + j]) *
                 static_cast<double>(features[i * kFeatures + j]);
        }
        logits.push_back(static_cast<float>(sum));
      }
    }
  }
};

/// Rewrites the trailing FNV-1a checksum so that altered bytes look whole.
inline void forge_checksum(std::vector<std::byte>& bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (std::size_t i = 0; i + 8 < bytes.size(); ++i) {
    hash = (hash ^ static_cast<std::uint64_t>(bytes[i])) * 1099511628211ULL;
  }
  std::memcpy(bytes.data() + bytes.size() - 8, &hash, 8);
}

}  // namespace emdyn::provoke::ood::test
