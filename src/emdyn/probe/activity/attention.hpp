#pragma once
#include <cstddef>

#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

/// How one attention head spreads its attention, from a matrix [query, key].
struct AttentionProfile {
  Estimate entropy{};             ///< Mean over queries, nats; error over queries.
  double share_of_uniform = 0.0;  ///< Mean of entropy / ln(keys seen): 1 uniform, 0 one key.
                                  ///< Queries that see one key only are left out; NaN when all do.
  double max_logit = 0.0;   ///< Greatest finite |logit| (only from logits, else NaN): growth past
                            ///< about 10⁴ goes with instability.
  double max_weight = 0.0;  ///< Greatest attention weight.
  std::size_t queries = 0;  ///< That see a key.
};

/// From softmax weights. @throws DataError for an empty matrix, a weight outside [0, 1], or a row
/// that sums to neither 1 (within .01) nor 0 (a query without keys).
/// Sources: Zhai et al., "Stabilizing transformer training by preventing attention entropy
/// collapse", ICML 2023 (entropy); Wortsman et al., "Small-scale proxies for large-scale
/// transformer training instabilities", 2023 (maximum logit). Cost: queries · keys logarithms.
template <class Scalar>
AttentionProfile attention_from_weights(const math::MatrixView<Scalar>& weights);

/// From logits before the softmax; −infinity masks a key. @param causal masks the keys after query
/// i + (keys − queries) besides. @throws DataError for an empty matrix, NaN or +infinity, or more
/// queries than keys with `causal`. Cost: queries · keys exponentials.
template <class Scalar>
AttentionProfile attention_from_logits(const math::MatrixView<Scalar>& logits, bool causal = false);

void to_json(Json& json, const AttentionProfile& profile);

}  // namespace emdyn::probe
