#include "emdyn/provoke/ood/contract/class_statistics.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::provoke::ood {
namespace {

constexpr std::size_t kPanelColumns = 64;
constexpr std::size_t kChunkRows = 256;

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Index as Eigen counts.
Eigen::Index at(std::size_t i) noexcept { return static_cast<Eigen::Index>(i); }

/// Means [class, feature] and counts, classes without samples included (mean 0).
struct AllMeans {
  RowMajor means;
  std::vector<double> counts;
};

AllMeans all_means(const TrainingSet& training, std::size_t classes) {
  const Matrix& x = training.features;
  AllMeans all{RowMajor::Zero(at(classes), at(x.columns)), std::vector<double>(classes, 0.0)};
  for (std::size_t i = 0; i < x.rows; ++i) {
    const std::size_t label = training.labels[i];
    all.counts[label] += 1.0;
    for (std::size_t j = 0; j < x.columns; ++j) all.means(at(label), at(j)) += x(i, j);
  }
  for (std::size_t c = 0; c < classes; ++c) {
    if (all.counts[c] > 0.0) all.means.row(at(c)) /= all.counts[c];
  }
  return all;
}

/// Σ zᵢ zᵢᵀ / n for rows zᵢ[j] = x(i, j) − origin(i, j), one panel of columns a task.
template <class Origin>
Eigen::MatrixXd moment(const Matrix& x, Origin&& origin) {
  const std::size_t d = x.columns;
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(at(d), at(d));
  parallel_for((d + kPanelColumns - 1) / kPanelColumns, [&](std::size_t panel) {
    const std::size_t first = panel * kPanelColumns;
    const std::size_t width = std::min(kPanelColumns, d - first);
    RowMajor chunk;
    for (std::size_t begin = 0; begin < x.rows; begin += kChunkRows) {
      const std::size_t rows = std::min(kChunkRows, x.rows - begin);
      chunk.resize(at(rows), at(d - first));
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = first; j < d; ++j) {
          chunk(at(i), at(j - first)) = x(begin + i, j) - origin(begin + i, j);
        }
      }
      sum.block(at(first), at(first), at(d - first), at(width)).noalias() +=
          chunk.transpose() * chunk.leftCols(at(width));
    }
  });
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t i = 0; i < j; ++i) sum(at(i), at(j)) = sum(at(j), at(i));
  }
  return sum / static_cast<double>(x.rows);
}

}  // namespace

ClassStatistics class_statistics(const TrainingSet& training, std::size_t classes) {
  const AllMeans all = all_means(training, classes);
  ClassStatistics found;
  found.centre = Eigen::VectorXd::Zero(at(training.features.columns));
  std::vector<std::size_t> present;
  for (std::size_t c = 0; c < classes; ++c) {
    if (all.counts[c] == 0.0) continue;
    present.push_back(c);
    found.shares.push_back(all.counts[c] / static_cast<double>(training.features.rows));
    found.centre += found.shares.back() * all.means.row(at(c)).transpose();
  }
  found.means.resize(at(present.size()), at(training.features.columns));
  for (std::size_t k = 0; k < present.size(); ++k) {
    found.means.row(at(k)) = all.means.row(at(present[k]));
  }
  return found;
}

Eigen::MatrixXd within_covariance(const TrainingSet& training, std::size_t classes) {
  const AllMeans all = all_means(training, classes);
  return moment(training.features, [&](std::size_t i, std::size_t j) {
    return all.means(at(training.labels[i]), at(j));
  });
}

Eigen::MatrixXd second_moment(const Matrix& features, const Eigen::VectorXd& origin) {
  return moment(features, [&](std::size_t, std::size_t j) { return origin(at(j)); });
}

double ledoit_wolf_weight(const Eigen::MatrixXd& covariance, double fourth, std::size_t rows) {
  const double n = static_cast<double>(rows);
  const double scale = covariance.trace() / static_cast<double>(covariance.rows());
  const double squared = covariance.squaredNorm();
  const double spread = squared - 2.0 * scale * covariance.trace() +
                        scale * scale * static_cast<double>(covariance.rows());  // |S − scale·I|²
  const double error = fourth / (n * n) - squared / n;
  return spread > 0.0 ? std::clamp(error / spread, 0.0, 1.0) : 1.0;
}

Eigen::MatrixXd shrunk_within_covariance(const TrainingSet& training, std::size_t classes,
                                         double weight) {
  Eigen::MatrixXd covariance = within_covariance(training, classes);
  const double scale = covariance.trace() / static_cast<double>(covariance.rows());
  if (!(scale > 0.0)) {
    throw DataError(
        "training features do not vary within classes; give at least two different samples a "
        "class");
  }
  if (weight < 0.0) {
    const AllMeans all = all_means(training, classes);
    const Matrix& x = training.features;
    double fourth = 0.0;
    for (std::size_t i = 0; i < x.rows; ++i) {
      double squared = 0.0;
      for (std::size_t j = 0; j < x.columns; ++j) {
        const double z = x(i, j) - all.means(at(training.labels[i]), at(j));
        squared += z * z;
      }
      fourth += squared * squared;
    }
    weight = ledoit_wolf_weight(covariance, fourth, x.rows);
  }
  covariance *= 1.0 - weight;
  covariance.diagonal().array() += weight * scale;
  return covariance;
}

Eigen::MatrixXd whitening(const Eigen::MatrixXd& covariance) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(covariance);
  if (cholesky.info() != Eigen::Success) {
    throw DataError("the covariance of the training features is singular; raise shrinkage");
  }
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(covariance.rows(), covariance.cols());
  cholesky.matrixL().solveInPlace(inverse);
  return inverse.triangularView<Eigen::Lower>();
}

}  // namespace emdyn::provoke::ood
