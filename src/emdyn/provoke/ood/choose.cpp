#include "emdyn/provoke/ood/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/kendall.hpp"
#include "emdyn/provoke/ood/contract/softmax.hpp"
#include "emdyn/provoke/ood/metrics.hpp"

namespace emdyn::provoke::ood {
namespace {

/// Mean τ-b of each candidate's scores with those of the others; a constant score agrees with none.
void measure_agreement(const std::vector<std::vector<double>>& scores,
                       std::vector<Candidate>& candidates) {
  if (scores.size() < 2) return;
  for (std::size_t a = 0; a < scores.size(); ++a) {
    for (std::size_t b = a + 1; b < scores.size(); ++b) {
      const double tau = math::kendall_tau(scores[a], scores[b]);
      if (std::isnan(tau)) continue;
      candidates[a].agreement += tau;
      candidates[b].agreement += tau;
    }
  }
  for (Candidate& each : candidates) each.agreement /= static_cast<double>(scores.size() - 1);
}

}  // namespace

Choice choose(std::span<const Scorer> candidates, const ScoredBatch& held_out,
              std::span<const std::uint32_t> labels, std::string_view fallback) {
  if (candidates.empty()) throw ConfigError("no score to choose from; fit at least one");
  const Matrix& logits = held_out.logits;
  if (logits.rows != labels.size() || logits.rows == 0 || logits.columns == 0) {
    throw DataError(
        fmt::format("choosing a score needs held-out logits with one label a row, got "
                    "{} rows and {} labels",
                    logits.rows, labels.size()));
  }
  std::vector<bool> right(logits.rows);
  for (std::size_t i = 0; i < logits.rows; ++i) {
    right[i] = argmax(std::span(logits.data + i * logits.row_stride, logits.columns)) == labels[i];
  }
  const auto rights = static_cast<std::size_t>(std::count(right.begin(), right.end(), true));
  const std::size_t errors = right.size() - rights;
  Choice choice;
  std::vector<std::vector<double>> scores;
  for (const Scorer& scorer : candidates) {
    scores.push_back(scorer.score(held_out));
    Candidate candidate{std::string(scorer.name())};
    std::vector<double> correct;
    std::vector<double> wrong;
    for (std::size_t i = 0; i < right.size(); ++i) {
      (right[i] ? correct : wrong).push_back(scores.back()[i]);
    }
    if (rights > 0 && errors > 0) {
      candidate.error_auroc = auroc(correct, wrong);
      candidate.standard_error = auroc_standard_error(candidate.error_auroc, rights, errors);
    }
    choice.candidates.push_back(std::move(candidate));
  }
  if (right.size() > 1) measure_agreement(scores, choice.candidates);
  auto& all = choice.candidates;
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return a.error_auroc > b.error_auroc;
  });
  if (std::min(rights, errors) < kErrorsLeast) {
    choice.name = fallback;
    choice.reason = fmt::format(
        "{} by default: {} wrong and {} right predictions on held-out samples, fewer "
        "than {} of one kind, are too few to judge by",
        fallback, errors, rights, kErrorsLeast);
    return choice;
  }
  const double bar = all.front().error_auroc - all.front().standard_error;
  const auto last = std::find_if(all.begin(), all.end(),
                                 [&](const Candidate& each) { return each.error_auroc < bar; });
  const auto best = std::max_element(all.begin(), last, [](const Candidate& a, const Candidate& b) {
    return a.agreement < b.agreement;
  });
  choice.name = best->name;
  choice.reason = fmt::format(
      "{}: tells the classifier's {} errors from its {} right predictions with AUROC {:.4f}; {} of "
      "{} scores lie within one standard error of the best ({:.4f}), and it agrees most with all",
      best->name, errors, rights, best->error_auroc, last - all.begin(), all.size(),
      all.front().error_auroc);
  return choice;
}

}  // namespace emdyn::provoke::ood
