#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

/// Scores of single inputs, from a classifier's features and logits as plain matrices: how much
/// does this input look like what the classifier was trained on?
///
/// One convention for every score: **higher is more in-distribution**. A threshold rule calls an
/// input out-of-distribution when its score lies below the threshold. Distances enter negated.
///
/// A row that holds a NaN or an infinity gets `kLowestScore`, and so does a row whose score
/// overflows downwards; every returned score is finite.
namespace emdyn::provoke::ood {

inline constexpr double kLowestScore = std::numeric_limits<double>::lowest();

class AnyMethod;

/// A fitted score: a value, cheap to copy (what it learned is shared and never changes), safe to
/// use from several threads.
class Scorer {
 public:
  explicit Scorer(std::shared_ptr<const AnyMethod> method);

  std::string_view name() const noexcept;
  Json config() const;
  Shape shape() const noexcept;

  /// One score a row; a row's score does not depend on the rows beside it or on the number of
  /// threads, bit for bit (on one processor type).
  /// @throws DataError when a needed matrix is missing or has another shape than the fitted one.
  std::vector<double> score(const ScoredBatch& batch) const;
  /// @param out one place a row.
  void score(const ScoredBatch& batch, std::span<double> out) const;

  /// Versioned bytes; restore() gives equal scores, bit for bit.
  std::vector<std::byte> serialise() const;

 private:
  std::shared_ptr<const AnyMethod> method_;
};

/// What this build knows about one score. Costs are of a sample, after the forward pass: d features, K classes, N bank
/// rows.
struct ScoreEntry : EntryFacts {
  Inputs fit_needs;    ///< Of the training set.
  Inputs score_needs;  ///< Of a batch (features and logits only).
  bool bank;           ///< Keeps training rows.
  /// What it is called where the input was first moved a step along the gradient of its predicted class, as its paper
  /// does (ODIN); empty: its paper moves nothing.
  std::string_view moved;
  Scorer (*fit)(const TrainingSet&, const Params&);
  std::shared_ptr<const AnyMethod> (*load)(const Params&, const Shape&, StateReader&);

  /// Asks for more than logits and labels: only where the model shows its features.
  constexpr bool reads_features() const noexcept {
    return fit_needs.features || score_needs.features || fit_needs.head;
  }
};

/// Every score this build knows, in alphabetical order.
const Registry<ScoreEntry>& registry() noexcept;
std::span<const ScoreEntry> entries() noexcept;
/// What an entry says beside the facts of every entry: what fitting and scoring take, bank, moved.
std::vector<Fact> facts(const ScoreEntry& entry);

/// @throws ConfigError for an unknown name, offering the nearest.
const ScoreEntry& find_entry(std::string_view name);

/// @throws ConfigError for an unknown name, an unknown parameter or a bad value; DataError when the
/// training set lacks something, is not finite or its parts do not fit together.
Scorer fit(std::string_view name, const TrainingSet& training, const Params& params = {});

/// The bytes may be hostile. @throws DataError when they are no scorer of this version.
Scorer restore(std::span<const std::byte> bytes);

}  // namespace emdyn::provoke::ood
