#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

/// How a program asks a model that lives in another process: its inputs, logits and gradients lie in memory that both
/// map, and small packets say what to do with them. docs/stress.md describes it for whoever writes another end.
///
/// A connection is a Unix socket of packets (SOCK_SEQPACKET), so a message arrives whole or not at all. Numbers are
/// little-endian; there are no pointers and no padding.
namespace emdyn::model::pipe {

static_assert(std::endian::native == std::endian::little, "the packets are little-endian");

inline constexpr std::uint64_t kMagic = 0x45504950'59444d45;  ///< "EMDYPIPE"
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kMostText = 4096;  ///< Bytes of a message in words.
inline constexpr std::size_t kMostDimensions = 8;

/// Whoever asks begins.
struct Greeting {
  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Greeting) == 16);

/// Whoever owns the model says what it takes and gives. `text_bytes` bytes of words follow: why there will be no
/// answers where `status` is not 0.
struct Introduction {
  static constexpr std::uint32_t kDifferentiable = 1;

  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t status = 0;
  std::uint32_t dimensions = 0;  ///< Of one input, at most kMostDimensions.
  std::uint32_t flags = 0;
  std::uint32_t channels = 1;  ///< Connections that are answered at once.
  std::uint32_t text_bytes = 0;
  std::uint64_t classes = 0;
  std::uint64_t features =
      0;  ///< Width of what the last linear layer sees; 0 where it is not shown.
  double low = 0.0;
  double high = 1.0;
  double timeout_s = 0.0;  ///< No answer takes longer.
  std::array<std::uint64_t, kMostDimensions> shape{};
};
static_assert(sizeof(Introduction) == 136);

enum class RequestKind : std::uint32_t {
  map = 1,  ///< The packet carries a descriptor of `bytes` bytes with room for `rows` examples.
  forward =
      2,  ///< Logits of `rows` examples; with kKeep the answer's ticket stands for their graph.
  backward = 3,  ///< Of the graph `ticket`: the gradient by its inputs, given those by its outputs.
  head =
      4,  ///< Weight [class, feature] and bias [class] of the last linear layer, from the memory's start.
};

struct Request {
  static constexpr std::uint32_t kKeep = 1;  ///< forward: keep the graph.
  static constexpr std::uint32_t kFeatures =
      2;  ///< forward: features too; backward: their gradient is given.
  static constexpr std::uint32_t kLogits = 4;  ///< backward: the gradient by the logits is given.

  std::uint32_t kind = 0;
  std::uint32_t flags = 0;
  std::uint64_t rows = 0;
  std::uint64_t ticket = 0;
  std::uint64_t released = 0;  ///< Another graph, which is needed no more; 0: none.
  std::uint64_t bytes = 0;
};
static_assert(sizeof(Request) == 40);

/// `text_bytes` bytes of words follow: what went wrong where `status` is not 0.
struct Answer {
  std::uint32_t status = 0;
  std::uint32_t text_bytes = 0;
  std::uint64_t ticket = 0;
};
static_assert(sizeof(Answer) == 16);

/// Where the parts lie in memory with room for so many examples, in floats from its start. Each part has one row an
/// example: inputs, logits, features, gradients by logits, by features, by inputs.
struct Layout {
  std::uint64_t rows = 0;
  std::uint64_t input = 0;
  std::uint64_t classes = 0;
  std::uint64_t features = 0;

  std::uint64_t inputs_at() const noexcept { return 0; }
  std::uint64_t logits_at() const noexcept { return rows * input; }
  std::uint64_t features_at() const noexcept { return logits_at() + rows * classes; }
  std::uint64_t by_logits_at() const noexcept { return features_at() + rows * features; }
  std::uint64_t by_features_at() const noexcept { return by_logits_at() + rows * classes; }
  std::uint64_t by_inputs_at() const noexcept { return by_features_at() + rows * features; }
  std::uint64_t floats() const noexcept {
    const std::uint64_t parts = by_inputs_at() + rows * input;
    const std::uint64_t head = features == 0 ? 0 : classes * (features + 1);
    return parts > head ? parts : head;
  }
};

}  // namespace emdyn::model::pipe
