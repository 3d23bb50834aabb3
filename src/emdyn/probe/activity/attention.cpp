#include "emdyn/probe/activity/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::probe {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

/// What one query adds to the profile.
class QuerySums {
 public:
  void add(double entropy, std::size_t keys, double max_weight) {
    entropy_.add(entropy);
    if (keys > 1) share_.add(entropy / std::log(static_cast<double>(keys)));
    max_weight_ = std::max(max_weight_, max_weight);
  }
  AttentionProfile profile(double max_logit) const {
    AttentionProfile profile;
    const auto queries = entropy_.count();
    profile.entropy.value = entropy_.mean();
    if (queries > 1) {
      profile.entropy.standard_error = entropy_.stddev() / std::sqrt(static_cast<double>(queries));
    }
    profile.share_of_uniform = share_.mean();
    profile.max_logit = max_logit;
    profile.max_weight = queries > 0 ? max_weight_ : kUndefined;
    profile.queries = queries;
    return profile;
  }

 private:
  math::Moments entropy_;
  math::Moments share_;
  double max_weight_ = 0.0;
};

template <class Scalar>
void require_queries(const math::MatrixView<Scalar>& view) {
  if (view.size() > 0) return;
  throw DataError(fmt::format("attention of an empty matrix ({} x {})", view.rows, view.columns));
}

struct Row {
  double largest = kMasked;
  std::size_t keys = 0;
};

}  // namespace

template <class Scalar>
AttentionProfile attention_from_weights(const math::MatrixView<Scalar>& weights) {
  require_queries(weights);
  QuerySums sums;
  for (std::size_t i = 0; i < weights.rows; ++i) {
    double total = 0.0;
    double entropy = 0.0;
    double largest = 0.0;
    std::size_t keys = 0;
    for (std::size_t j = 0; j < weights.columns; ++j) {
      const double weight = weights(i, j);
      if (!(weight >= 0.0 && weight <= 1.0 + 1e-3)) {
        throw DataError(
            fmt::format("attention weight [{}, {}] is {}, not in [0, 1]", i, j, weight));
      }
      total += weight;
      largest = std::max(largest, weight);
      if (weight > 0.0) {
        entropy -= weight * std::log(weight);
        ++keys;
      }
    }
    if (total == 0.0) continue;
    if (!(std::abs(total - 1.0) <= 0.01)) {
      throw DataError(fmt::format("attention weights of query {} sum to {}, not 1", i, total));
    }
    // −Σ(w/t)ln(w/t) of weights that rounding let sum to t.
    sums.add(std::max(0.0, entropy / total + std::log(total)), keys, largest);
  }
  return sums.profile(kUndefined);
}

template <class Scalar>
AttentionProfile attention_from_logits(const math::MatrixView<Scalar>& logits, bool causal) {
  require_queries(logits);
  if (causal && logits.rows > logits.columns) {
    throw DataError(
        fmt::format("causal attention of {} queries over {} keys", logits.rows, logits.columns));
  }
  QuerySums sums;
  std::optional<double> max_logit;
  for (std::size_t i = 0; i < logits.rows; ++i) {
    const std::size_t seen = causal ? i + 1 + logits.columns - logits.rows : logits.columns;
    Row row;
    for (std::size_t j = 0; j < seen; ++j) {
      const double logit = logits(i, j);
      if (std::isnan(logit) || logit == -kMasked) {
        throw DataError(fmt::format("attention logit [{}, {}] is {}", i, j, logit));
      }
      if (logit == kMasked) continue;
      row.largest = std::max(row.largest, logit);
      ++row.keys;
      max_logit = std::max(max_logit.value_or(0.0), std::abs(logit));
    }
    if (row.keys == 0) continue;
    double total = 0.0;
    double mean = 0.0;  // Of the shifted logit under the softmax: H = ln Z − mean.
    for (std::size_t j = 0; j < seen; ++j) {
      const double shifted = logits(i, j) - row.largest;
      if (shifted == kMasked) continue;
      const double weight = std::exp(shifted);
      total += weight;
      mean += weight * shifted;
    }
    sums.add(std::max(0.0, std::log(total) - mean / total), row.keys, 1.0 / total);
  }
  return sums.profile(max_logit.value_or(kUndefined));
}

void to_json(Json& json, const AttentionProfile& profile) {
  json = Json{{"entropy", profile.entropy},
              {"share_of_uniform", number_or_null(profile.share_of_uniform)},
              {"max_logit", number_or_null(profile.max_logit)},
              {"max_weight", number_or_null(profile.max_weight)},
              {"queries", profile.queries}};
}

template AttentionProfile attention_from_weights(const math::MatrixView<float>&);
template AttentionProfile attention_from_weights(const math::MatrixView<double>&);
template AttentionProfile attention_from_logits(const math::MatrixView<float>&, bool);
template AttentionProfile attention_from_logits(const math::MatrixView<double>&, bool);

}  // namespace emdyn::probe
