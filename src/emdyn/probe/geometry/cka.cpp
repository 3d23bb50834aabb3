#include "emdyn/probe/geometry/cka.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/probe/geometry/dense.hpp"

namespace emdyn::probe {
namespace {

using dense::RowMajor;
using Vector = Eigen::VectorXd;

constexpr Eigen::Index kBlock = 64;  ///< Samples handled by one task.
constexpr std::size_t kLeastSamples = 4;

/// Columns centred: HSIC does not depend on the mean, and small numbers round less.
template <class Scalar>
RowMajor centred_units(const math::MatrixView<Scalar>& view) {
  RowMajor matrix = dense::copy(view);
  const Eigen::RowVectorXd mean = matrix.colwise().mean();
  matrix.rowwise() -= mean;
  return matrix;
}

/// One representation and the sums over its kernel K = XXᵀ without diagonal that HSIC needs.
struct Side {
  RowMajor values;
  Vector diagonal;  ///< kᵢᵢ.
  Vector sums;      ///< Σ_{j≠i} kᵢⱼ.

  explicit Side(RowMajor centred) : values(std::move(centred)) {
    diagonal = values.rowwise().squaredNorm();
    const Eigen::RowVectorXd total = values.colwise().sum();
    sums = values * total.transpose() - diagonal;
  }
  /// Σ_{j≠i} kᵢⱼ wⱼ.
  Vector weighted(const Vector& weights) const {
    const Vector mixed = values.transpose() * weights;
    return values * mixed - diagonal.cwiseProduct(weights);
  }
};

template <class Body>
void over_blocks(Eigen::Index rows, const Body& body) {
  const auto blocks = static_cast<std::size_t>((rows + kBlock - 1) / kBlock);
  parallel_for(blocks, [&](std::size_t block) {
    const Eigen::Index begin = static_cast<Eigen::Index>(block) * kBlock;
    body(begin, std::min(kBlock, rows - begin));
  });
}

/// Σ_{j≠i} kᵢⱼ lᵢⱼ for the pairs (X,Y), (X,X) and (Y,Y).
struct Products {
  Vector xy;
  Vector xx;
  Vector yy;
};

Products by_samples(const Side& x, const Side& y) {
  const Eigen::Index rows = x.values.rows();
  Products sums{Vector(rows), Vector(rows), Vector(rows)};
  over_blocks(rows, [&](Eigen::Index begin, Eigen::Index count) {
    const RowMajor k = x.values.middleRows(begin, count) * x.values.transpose();
    const RowMajor l = y.values.middleRows(begin, count) * y.values.transpose();
    sums.xy.segment(begin, count) = k.cwiseProduct(l).rowwise().sum();
    sums.xx.segment(begin, count) = k.rowwise().squaredNorm();
    sums.yy.segment(begin, count) = l.rowwise().squaredNorm();
  });
  return sums;
}

Products by_units(const Side& x, const Side& y) {
  const Eigen::Index rows = x.values.rows();
  const RowMajor cross = x.values.transpose() * y.values;
  const RowMajor own_x = x.values.transpose() * x.values;
  const RowMajor own_y = y.values.transpose() * y.values;
  Products sums{Vector(rows), Vector(rows), Vector(rows)};
  over_blocks(rows, [&](Eigen::Index begin, Eigen::Index count) {
    const auto a = x.values.middleRows(begin, count);
    const auto b = y.values.middleRows(begin, count);
    sums.xy.segment(begin, count) = (a * cross).cwiseProduct(b).rowwise().sum();
    sums.xx.segment(begin, count) = (a * own_x).cwiseProduct(a).rowwise().sum();
    sums.yy.segment(begin, count) = (b * own_y).cwiseProduct(b).rowwise().sum();
  });
  return sums;
}

/// Unbiased HSIC of one pair of kernels, with any one sample left out at no further cost.
class UnbiasedHsic {
 public:
  UnbiasedHsic(const Side& x, const Side& y, Vector products)
      : x_(x), y_(y), products_(std::move(products)) {
    products_ -= x.diagonal.cwiseProduct(y.diagonal);
    x_by_y_ = x.weighted(y.sums);
    y_by_x_ = y.weighted(x.sums);
  }
  double whole() const {
    return value(static_cast<double>(products_.size()), products_.sum(), x_.sums.sum(),
                 y_.sums.sum(), x_.sums.dot(y_.sums));
  }
  double without(Eigen::Index m) const {
    const double joint =
        x_.sums.dot(y_.sums) - x_.sums(m) * y_.sums(m) - x_by_y_(m) - y_by_x_(m) + products_(m);
    return value(static_cast<double>(products_.size() - 1), products_.sum() - 2.0 * products_(m),
                 x_.sums.sum() - 2.0 * x_.sums(m), y_.sums.sum() - 2.0 * y_.sums(m), joint);
  }

 private:
  static double value(double n, double trace, double sum_x, double sum_y, double joint) {
    return (trace + sum_x * sum_y / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * joint) /
           (n * (n - 3.0));
  }
  const Side& x_;
  const Side& y_;
  Vector products_;
  Vector x_by_y_;
  Vector y_by_x_;
};

double alignment(double xy, double xx, double yy) {
  return xx > 0.0 && yy > 0.0 ? xy / std::sqrt(xx * yy) : kUndefined;
}

std::optional<double> left_out_error(const UnbiasedHsic& xy, const UnbiasedHsic& xx,
                                     const UnbiasedHsic& yy, std::size_t samples) {
  if (samples <= kLeastSamples) return std::nullopt;
  std::vector<double> values(samples);
  parallel_for(samples, [&](std::size_t i) {
    const auto m = static_cast<Eigen::Index>(i);
    values[i] = alignment(xy.without(m), xx.without(m), yy.without(m));
  });
  return jackknife_error(values);
}

}  // namespace

template <class Scalar>
Cka linear_cka(const math::MatrixView<Scalar>& x, const math::MatrixView<Scalar>& y) {
  if (x.rows != y.rows || x.rows < kLeastSamples || x.columns == 0 || y.columns == 0) {
    throw DataError(fmt::format(
        "CKA needs the same samples of both representations, at least {}, and a unit each; got {} "
        "x {} and {} x {}",
        kLeastSamples, x.rows, x.columns, y.rows, y.columns));
  }
  const Side a(centred_units(x));
  const Side b(centred_units(y));
  Cka result;
  result.samples = x.rows;
  const bool few_samples =
      x.rows * (x.columns + y.columns) <
      2 * (x.columns * x.columns + y.columns * y.columns + x.columns * y.columns);
  Products products = few_samples ? by_samples(a, b) : by_units(a, b);
  result.biased = alignment(products.xy.sum(), products.xx.sum(), products.yy.sum());
  const UnbiasedHsic xy(a, b, std::move(products.xy));
  const UnbiasedHsic xx(a, a, std::move(products.xx));
  const UnbiasedHsic yy(b, b, std::move(products.yy));
  result.debiased.value = alignment(xy.whole(), xx.whole(), yy.whole());
  result.debiased.standard_error = left_out_error(xy, xx, yy, x.rows);
  return result;
}

void to_json(Json& json, const Cka& cka) {
  json = Json{
      {"biased", number_or_null(cka.biased)}, {"debiased", cka.debiased}, {"samples", cka.samples}};
}

template Cka linear_cka(const math::MatrixView<float>&, const math::MatrixView<float>&);
template Cka linear_cka(const math::MatrixView<double>&, const math::MatrixView<double>&);

}  // namespace emdyn::probe
