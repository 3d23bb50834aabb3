#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/emergence/scaling/scale_data.hpp"

namespace emdyn::emergence::scaling {

/// One way to predict what models not seen score, from models seen.
struct ScaleMethod {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  bool baseline;   ///< Reported beside every other method.
  bool intervals;  ///< Cheap enough to be fitted once for every group left out, for intervals.
  /// @return [targets, metrics]; shares within [0, 1]; NaN where a metric was never measured.
  Eigen::MatrixXd (*predict)(const ScaleData& seen, std::span<const ScaleModel> targets);
};

/// All of them: persistence, other_models, log_linear, power_law, bnsl, capability, monotone_link,
/// loss_link.
std::span<const ScaleMethod> scale_methods() noexcept;
/// @throws ConfigError listing the names for one that is none.
const ScaleMethod& scale_method(std::string_view name);

/// Models of the target's family where there are at least kFamilyModels of them, else all.
inline constexpr std::size_t kFamilyModels = 6;
std::vector<std::size_t> rows_for(const ScaleData& seen, std::string_view family);

namespace methods {
/// The value of the largest model (FLOPs) that is not larger than the target, ties averaged; the
/// smallest one when all are.
Eigen::MatrixXd persistence(const ScaleData& seen, std::span<const ScaleModel> targets);
/// Mean of all models seen.
Eigen::MatrixXd other_models(const ScaleData& seen, std::span<const ScaleModel> targets);
/// Curves of one metric in FLOPs, by family.
Eigen::MatrixXd log_linear(const ScaleData& seen, std::span<const ScaleModel> targets);
Eigen::MatrixXd power_law(const ScaleData& seen, std::span<const ScaleModel> targets);
Eigen::MatrixXd bnsl(const ScaleData& seen, std::span<const ScaleModel> targets);
/// First principal component of the metrics → its law in parameters and tokens → a sigmoid to every
/// metric.
Eigen::MatrixXd capability_sigmoid(const ScaleData& seen, std::span<const ScaleModel> targets);
/// Every loss by its law in parameters and tokens (own family's; for a family not seen, the mean of
/// the others') → a sigmoid from every loss to every other metric, their predictions averaged with
/// weights rmse⁻⁴ → where the target lies within the sizes seen, what neighbours of all families
/// leave is added (kriging in log N, log D). Without losses the same on the capability.
Eigen::MatrixXd loss_link(const ScaleData& seen, std::span<const ScaleModel> targets);
/// The same with MonotoneLink in place of the sigmoid: nothing beyond the best value seen.
Eigen::MatrixXd monotone_link(const ScaleData& seen, std::span<const ScaleModel> targets);
}  // namespace methods

}  // namespace emdyn::emergence::scaling
