#pragma once
#include <Eigen/Core>
#include <cstddef>

#include "emdyn/math/matrix_view.hpp"

/// What the sources of this family share; no part of its interface.
namespace emdyn::probe::dense {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

template <class Scalar>
RowMajor copy(const math::MatrixView<Scalar>& view) {
  RowMajor matrix(index(view.rows), index(view.columns));
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) matrix(index(i), index(j)) = view(i, j);
  }
  return matrix;
}

}  // namespace emdyn::probe::dense
