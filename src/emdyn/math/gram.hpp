#pragma once
#include <vector>

#include "emdyn/math/matrix_view.hpp"

namespace emdyn::math {

/// AᵀA of A [depth, columns], in double precision: a full symmetric matrix, `columns` x `columns`,
/// row-major. Hand it a transposed view for AAᵀ. Uses AVX2 with FMA where the processor has them;
/// every element is summed in one order whatever the number of threads: equal bits on one
/// processor type. NaN and infinities go through. An empty A gives zeros.
/// Cost: depth · columns² / 2 fused multiply-adds; one packed block of 128 rows beside the result.
template <class Scalar>
std::vector<double> gram(const MatrixView<Scalar>& a);

}  // namespace emdyn::math
