#include "emdyn/explain/tabular/additive_shap.hpp"

namespace emdyn::explain {

TreeShares linear_shap(const forecast::Logistic& model, std::span<const double> row) {
  TreeShares shares{model.intercept, {}};
  for (std::size_t j = 0; j < model.beta.size(); ++j) {
    shares.phi.push_back(model.beta[j] * model.standardiser(j, row[j]));
  }
  return shares;
}

TreeShares additive_shap(const forecast::AdditiveModel& model, std::span<const double> row) {
  TreeShares shares{model.intercept, {}};
  for (std::size_t j = 0; j < model.shapes.size(); ++j) {
    shares.phi.push_back(model.shape(j, row[j]));
  }
  for (std::size_t p = 0; p < model.pairs.size(); ++p) {
    const double half = 0.5 * model.pair(p, row);
    shares.phi[model.pairs[p].first] += half;
    shares.phi[model.pairs[p].second] += half;
  }
  return shares;
}

std::vector<double> additive_shap_interactions(const forecast::AdditiveModel& model,
                                               std::span<const double> row) {
  const std::size_t n = model.shapes.size();
  std::vector<double> matrix(n * n, 0.0);
  for (std::size_t j = 0; j < n; ++j) matrix[j * n + j] = model.shape(j, row[j]);
  for (std::size_t p = 0; p < model.pairs.size(); ++p) {
    const auto& pair = model.pairs[p];
    const double half = 0.5 * model.pair(p, row);
    matrix[pair.first * n + pair.second] += half;
    matrix[pair.second * n + pair.first] += half;
  }
  return matrix;
}

}  // namespace emdyn::explain
