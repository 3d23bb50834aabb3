#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/grokking/network.hpp"

namespace emdyn::model::lab {

enum class Activation { quadratic, relu };

/// logits = Vᵀ φ(Uₓ[x] + U_y[y]) with φ(z) = z² or max(z, 0), no biases: the network of Gromov,
/// "Grokking modular arithmetic", 2023. One-hot inputs make the first layer a sum of two rows, so
/// only the output layer is a matrix product. Weights are normal with variance init_scale²/2 (two
/// inputs are on) and init_scale²/width.
///
/// Pairs are cut into at most four parts by their number alone; each part keeps its own gradient
/// and they are added in order, so results do not depend on the number of threads.
class Mlp final : public PairNetwork {
 public:
  struct Shape {
    std::uint32_t p;
    std::size_t width;
    Activation activation;
    TrainingLoss loss;
  };

  Mlp(const Shape& shape, double init_scale, Philox random);

  std::span<float> parameters() noexcept override { return parameters_; }
  std::span<const float> gradients() const noexcept override { return gradients_; }
  Metrics forward_backward(std::span<const Pair> pairs) override;
  Metrics evaluate(std::span<const Pair> pairs) override;
  math::MatrixView<float> hidden(std::span<const Pair> pairs) override;
  std::vector<WeightMatrix> layers() const override;
  math::MatrixView<float> embedding() const override;
  double forward_operations() const noexcept override;

 private:
  /// Buffers of one part: a block of rows, and the part's own gradient.
  struct Part {
    std::vector<float> pre;        ///< [block row, unit]
    std::vector<float> hidden;     ///< [block row, unit]
    std::vector<float> delta;      ///< [block row, unit]
    std::vector<float> logits;     ///< [block row, class]
    std::vector<float> gradients;  ///< As parameters_.
    double loss = 0.0;
    std::size_t correct = 0;
  };

  std::size_t output_offset() const noexcept { return 2 * std::size_t{shape_.p} * units_; }
  void run_part(std::span<const Pair> pairs, float scale, bool backward, Part& part) const;
  void forward_block(std::span<const Pair> pairs, Part& part) const;
  void backward_block(std::span<const Pair> pairs, Part& part) const;
  Metrics run(std::span<const Pair> pairs, bool backward);
  void sum_gradients(std::size_t parts);

  Shape shape_;
  std::size_t units_;              ///< Width, padded.
  std::size_t classes_;            ///< p, padded.
  std::vector<float> parameters_;  ///< Uₓ [p, units], U_y [p, units], V [units, classes]
  std::vector<float> gradients_;
  std::vector<float> output_transposed_;  ///< [class, unit]
  std::vector<Part> parts_;
  std::vector<float> sample_;  ///< What hidden() returns a view of.
};

}  // namespace emdyn::model::lab
