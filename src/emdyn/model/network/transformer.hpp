#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/matrix_view.hpp"

namespace emdyn::model {

/// One question of the transformer: the tokens x, y and "=", and the class of the answer.
struct Question {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t target = 0;
};

/// The one-block transformer of Nanda et al., "Progress measures for grokking via mechanistic
/// interpretability", 2023: learned token and position embeddings, causal attention with four
/// heads, a ReLU MLP four times as wide, no layer norm, untied unembedding; logits at "=". Only
/// that position is computed, since the loss reads no other. Differentiated by libtorch.
///
/// Weights are normal with variance init_scale² / fan-in (embeddings: / width), biases 0.
/// Questions are cut into two fixed parts that run side by side, each single-threaded, and their
/// gradients are added in order: results do not depend on the number of threads.
class Transformer {
 public:
  struct Shape {
    std::int64_t classes = 0;  ///< p: also the number of tokens beside "=".
    std::int64_t width = 128;  ///< Of the residual stream; a multiple of kHeads.
    bool squared_error = false;
    double init_scale = 1.0;
  };
  static constexpr std::int64_t kHeads = 4;

  struct Result {
    double loss = 0.0;  ///< Mean over questions: nats, or squared error per class.
    double accuracy = 0.0;
  };

  /// @throws ConfigError when the width is no multiple of kHeads; UnavailableError in a build
  /// without libtorch.
  Transformer(const Shape& shape, Philox random);
  ~Transformer();
  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  /// Flat, each matrix row-major; padded at the end to a multiple of 16.
  std::span<float> parameters() noexcept;
  std::span<const float> gradients() const noexcept;
  Result forward_backward(std::span<const Question> questions);
  Result evaluate(std::span<const Question> questions);
  /// MLP activations after ReLU, [question, 4 width]; valid until the next call.
  math::MatrixView<float> hidden(std::span<const Question> questions);

  struct NamedMatrix {
    std::string name;
    math::MatrixView<float> weights;
  };
  /// embedding [p, width], query, key, value, attention_output [width, width],
  /// mlp_in [width, 4 width], mlp_out [4 width, width], output [width, p].
  std::vector<NamedMatrix> matrices() const;
  double forward_operations() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace emdyn::model
