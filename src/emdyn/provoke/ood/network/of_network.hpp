#pragma once
#include <string>
#include <vector>

#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

/// What scores read of a network: plain matrices of what it was seen to do.
namespace emdyn::provoke::ood {

/// The last linear layer of a network, for scores of features; of a model that shows no features
/// the identity, since its logits stand in for them.
struct Head {
  std::vector<float> weight{};  ///< [class, feature]
  std::vector<float> bias{};    ///< [class]
  std::size_t features = 0;

  LinearHead view() const;
};
Head head_of(const model::Model& model);

/// Observed features and logits, as scores take them. @pre features were asked for; `seen` lives
/// on.
ScoredBatch batch_of(const model::Observations& seen);

/// Classes as scores take them.
std::vector<std::uint32_t> labels_of(const std::vector<std::int64_t>& labels);

/// What to say where logits stand in for features; nothing otherwise.
std::string feature_note(const model::Model& model);

}  // namespace emdyn::provoke::ood
