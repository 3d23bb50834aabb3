#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

namespace emdyn::provoke::guard {

struct FeatureShare;
struct Neighbour;

/// What reasons are made from: class means and the inverse within-class covariance (shrunk), and a
/// bank of reference examples with their features scaled to length 1.
class ReferencePanel {
 public:
  ReferencePanel() = default;
  /// @param rows the places of the training set's rows in the dataset they came from.
  ReferencePanel(const provoke::ood::TrainingSet& training, std::size_t classes,
                 std::span<const std::uint64_t> rows, std::size_t bank);

  /// Shares of the squared Mahalanobis distance of `features` to the mean of `label`:
  /// (x − m)ⱼ·(S⁻¹(x − m))ⱼ over their sum, the largest `count`, descending. Cost: d².
  std::vector<FeatureShare> shares(std::span<const float> features, std::uint32_t label,
                                   std::size_t count) const;
  /// The nearest examples of the bank, the nearest first. Cost: bank × d.
  std::vector<Neighbour> nearest(std::span<const float> features, std::size_t count) const;

  bool valid(std::uint64_t features, std::uint64_t classes) const noexcept;
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.columns_, sized(self.means_), sized(self.precision_), sized(self.bank_),
            sized(self.indices_), sized(self.labels_));
  }

 private:
  std::uint64_t columns_ = 0;
  std::vector<double> means_{};      ///< [class, feature]
  std::vector<double> precision_{};  ///< [feature, feature]
  std::vector<float> bank_{};        ///< [example, feature], length 1
  std::vector<std::uint64_t> indices_{};
  std::vector<std::uint32_t> labels_{};
};

}  // namespace emdyn::provoke::guard
