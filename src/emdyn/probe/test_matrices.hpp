#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/matrix_view.hpp"

/// Matrices for the tests of every family of probes.
namespace emdyn::probe {

template <class Scalar = double>
std::vector<Scalar> normal_entries(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<Scalar> values(count);
  for (Scalar& value : values) value = static_cast<Scalar>(random.normal());
  return values;
}

template <class Scalar>
math::MatrixView<Scalar> view(const std::vector<Scalar>& data, std::size_t rows,
                              std::size_t columns) {
  return {data.data(), rows, columns, columns, 1};
}

}  // namespace emdyn::probe
