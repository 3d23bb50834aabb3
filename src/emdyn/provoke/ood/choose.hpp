#pragma once
#include <span>
#include <string>
#include <vector>

#include "emdyn/provoke/ood/registry.hpp"

namespace emdyn::provoke::ood {

/// What in-distribution data say about one score.
struct Candidate {
  std::string name;
  double error_auroc = 0.0;  ///< Of correct above wrong predictions on held-out samples.
  double standard_error = 0.0;
  double agreement = 0.0;  ///< Mean Kendall τ-b with the other candidates' scores on them.
};

struct Choice {
  std::string name;
  std::string reason;
  std::vector<Candidate> candidates;  ///< Best first.
};

/// Chooses a score by in-distribution criteria only: the greatest AUROC of telling the classifier's
/// own correct from its wrong predictions on held-out in-distribution samples. Candidates within
/// one standard error of the best count as equal and the one that agrees most with all candidates
/// is taken. With fewer than `kErrorsLeast` errors or right predictions there is nothing to judge
/// by and `fallback` is taken, which says so in `reason`. Never look at out-of-distribution data
/// first: docs/ood.md says why.
/// @throws DataError when shapes do not fit, ConfigError when there are no candidates.
Choice choose(std::span<const Scorer> candidates, const ScoredBatch& held_out,
              std::span<const std::uint32_t> labels, std::string_view fallback = "msp");

inline constexpr std::size_t kErrorsLeast = 20;

}  // namespace emdyn::provoke::ood
