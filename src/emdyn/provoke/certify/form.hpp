#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::provoke::certify {

/// constant + sum of value[e] * v[index[e]]: an affine form over the inputs of a network and the
/// outputs of its undecided units. Without indices it is dense: value[i] belongs to v[i].
struct Form {
  std::vector<std::uint32_t> index{};
  std::vector<double> value{};
  double constant = 0.0;

  bool dense() const noexcept { return index.empty(); }
  /// One more than the last entry that may be set.
  std::size_t width() const noexcept {
    return dense() ? value.size() : index.back() + std::size_t{1};
  }
  /// Goes over to dense where at least a quarter of the first `width` entries are set.
  void compact(std::size_t width);
  double at(std::span<const double> v) const noexcept;
  /// into += factor * this, without the constant.
  void add_to(std::span<double> into, double factor) const noexcept;
};

/// Sum of a[i] * b[i] in eight partial sums: the order of additions is the same everywhere.
double dot(const double* a, const double* b, std::size_t count) noexcept;
/// y += factor * x.
void axpy(double factor, const double* x, double* y, std::size_t count) noexcept;

}  // namespace emdyn::provoke::certify
