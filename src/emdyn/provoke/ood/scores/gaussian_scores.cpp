#include "emdyn/provoke/ood/scores/gaussian_scores.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "emdyn/provoke/ood/contract/class_statistics.hpp"

namespace emdyn::provoke::ood {
namespace {

std::vector<float> floats(const Eigen::Ref<const Eigen::VectorXd>& values) {
  const Eigen::VectorXf rounded = values.cast<float>();
  return {rounded.data(), rounded.data() + rounded.size()};
}

PackedMatrix packed(const Eigen::MatrixXd& matrix) {
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows =
      matrix.cast<float>();
  return {std::vector<float>(rows.data(), rows.data() + rows.size()),
          static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())};
}

/// The block's features less the centre, [rows, feature].
std::vector<float> centred(const RowBlock& block, const std::vector<float>& centre) {
  std::vector<float> values(block.rows * centre.size());
  for (std::size_t i = 0; i < block.rows; ++i) {
    const float* row = block.feature_row(i);
    float* out = values.data() + i * centre.size();
    for (std::size_t j = 0; j < centre.size(); ++j) out[j] = row[j] - centre[j];
  }
  return values;
}

/// Class means about the centre as it is stored, [class, feature].
Eigen::MatrixXd centred_means(const ClassStatistics& classes, const std::vector<float>& centre) {
  const Eigen::VectorXd stored =
      Eigen::Map<const Eigen::VectorXf>(centre.data(), static_cast<Eigen::Index>(centre.size()))
          .cast<double>();
  return classes.means.rowwise() - stored.transpose();
}

}  // namespace

Mahalanobis::Mahalanobis(const Config& config)
    : shrinkage_(checked(kName, kFields, config).shrinkage) {}

void Mahalanobis::learn(const TrainingSet& training, const Shape& shape) {
  const ClassStatistics classes = class_statistics(training, shape.classes);
  const Eigen::MatrixXd whiten =
      whitening(shrunk_within_covariance(training, shape.classes, shrinkage_));
  centre_ = floats(classes.centre);
  const Eigen::MatrixXd means = centred_means(classes, centre_) * whiten.transpose();
  whitening_ = packed(whiten);
  means_ = packed(means);
  mean_norms_.clear();
  for (Eigen::Index k = 0; k < means.rows(); ++k) {
    // Of the means as they are stored, so that the distance of a mean to itself is 0.
    mean_norms_.push_back(means.row(k).cast<float>().cast<double>().squaredNorm());
  }
}

void Mahalanobis::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::vector<float> x = centred(block, centre_);
  std::vector<float> y(block.rows * whitening_.stride());
  whitening_.multiply(x.data(), shape.features, block.rows, y.data());
  std::vector<float> products(block.rows * means_.stride());
  means_.multiply(y.data(), whitening_.stride(), block.rows, products.data());
  for (std::size_t i = 0; i < block.rows; ++i) {
    const float* row = y.data() + i * whitening_.stride();
    double norm = 0.0;
    for (std::size_t j = 0; j < shape.features; ++j) {
      norm += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    }
    double nearest = HUGE_VAL;
    for (std::size_t k = 0; k < mean_norms_.size(); ++k) {
      const double product = static_cast<double>(products[i * means_.stride() + k]);
      nearest = std::min(nearest, norm - 2.0 * product + mean_norms_[k]);
    }
    out[i] = -std::max(0.0, nearest);
  }
}

bool Mahalanobis::valid(const Shape& shape) const noexcept {
  return !mean_norms_.empty() && centre_.size() == shape.features &&
         whitening_.valid(shape.features, shape.features) &&
         means_.valid(mean_norms_.size(), shape.features);
}

Rmds::Rmds(const Config& config) : shrinkage_(checked(kName, kFields, config).shrinkage) {}

// With y = L⁻¹(x − centre), within-class covariance I and between-class covariance B = Q·Λ·Qᵀ,
// |y − m|² − yᵀ(I + B)⁻¹y = |z − Qᵀm|² − Σ z²/(1 + λ) for z = Qᵀy: what is orthogonal to Q cancels.
void Rmds::learn(const TrainingSet& training, const Shape& shape) {
  const ClassStatistics classes = class_statistics(training, shape.classes);
  const Eigen::MatrixXd whiten =
      whitening(shrunk_within_covariance(training, shape.classes, shrinkage_));
  centre_ = floats(classes.centre);
  const Eigen::MatrixXd means = centred_means(classes, centre_) * whiten.transpose();
  const auto shares = Eigen::Map<const Eigen::VectorXd>(
      classes.shares.data(), static_cast<Eigen::Index>(classes.shares.size()));
  const Eigen::MatrixXd weighted =
      shares.cwiseSqrt().asDiagonal() *
      ((classes.means.rowwise() - classes.centre.transpose()) * whiten.transpose());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> between(weighted * weighted.transpose());
  background_.clear();
  std::vector<Eigen::Index> kept;
  for (Eigen::Index k = 0; k < means.rows(); ++k) {
    if (between.eigenvalues()(k) <= 1e-9 * between.eigenvalues().maxCoeff()) continue;
    kept.push_back(k);
    background_.push_back(1.0 / (1.0 + between.eigenvalues()(k)));
  }
  if (means.rows() == 1) kept.clear(), background_.clear();
  Eigen::MatrixXd directions(static_cast<Eigen::Index>(kept.size()), whiten.rows());
  for (std::size_t r = 0; r < kept.size(); ++r) {
    directions.row(static_cast<Eigen::Index>(r)) = between.eigenvectors().col(kept[r]).transpose() *
                                                   weighted /
                                                   std::sqrt(between.eigenvalues()(kept[r]));
  }
  projection_ = packed(directions * whiten);
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> projected =
      means * directions.transpose();
  means_.assign(projected.data(), projected.data() + projected.size());
  if (kept.empty()) means_.clear();
}

void Rmds::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t directions = background_.size();
  if (directions == 0) {
    std::fill_n(out.begin(), block.rows, 0.0);
    return;
  }
  const std::vector<float> x = centred(block, centre_);
  std::vector<float> z(block.rows * projection_.stride());
  projection_.multiply(x.data(), shape.features, block.rows, z.data());
  for (std::size_t i = 0; i < block.rows; ++i) {
    const float* row = z.data() + i * projection_.stride();
    double background = 0.0;
    for (std::size_t r = 0; r < directions; ++r) {
      background += static_cast<double>(row[r]) * static_cast<double>(row[r]) * background_[r];
    }
    double nearest = HUGE_VAL;
    for (std::size_t k = 0; k < means_.size() / directions; ++k) {
      double distance = 0.0;
      for (std::size_t r = 0; r < directions; ++r) {
        const double gap = static_cast<double>(row[r]) - means_[k * directions + r];
        distance += gap * gap;
      }
      nearest = std::min(nearest, distance);
    }
    out[i] = background - nearest;
  }
}

bool Rmds::valid(const Shape& shape) const noexcept {
  const std::size_t directions = background_.size();
  if (centre_.size() != shape.features || projection_.outputs() != directions) return false;
  if (directions == 0) return means_.empty();
  return projection_.valid(directions, shape.features) && !means_.empty() &&
         means_.size() % directions == 0;
}

}  // namespace emdyn::provoke::ood
