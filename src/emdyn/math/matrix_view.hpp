#pragma once
#include <cstddef>

namespace emdyn::math {

/// A matrix that lives elsewhere: element (i, j) lies at data[i * row_stride + j * column_stride].
template <class Scalar>
struct MatrixView {
  const Scalar* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t row_stride = 0;  ///< In elements.
  std::size_t column_stride = 1;

  double operator()(std::size_t i, std::size_t j) const noexcept {
    return static_cast<double>(data[i * row_stride + j * column_stride]);
  }
  std::size_t size() const noexcept { return rows * columns; }
};

/// Row-major without padding.
template <class Scalar>
MatrixView<Scalar> matrix_view(const Scalar* data, std::size_t rows, std::size_t columns) noexcept {
  return {data, rows, columns, columns, 1};
}

}  // namespace emdyn::math
