#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::collect::store {

/// Points of one signal in a chunk; the last chunk of a signal may hold fewer.
inline constexpr std::size_t kChunkPoints = 1024;
/// No chunk is longer than this; longer ones are refused before anything is read.
inline constexpr std::size_t kMaxChunkBytes = 64 + 3 * (64 + 9 * kChunkPoints + 8 * 256);

/// Up to kChunkPoints points in columns of equal length.
struct Points {
  std::vector<double> positions{};
  std::vector<double> values{};
  std::vector<double> seconds{};  ///< Empty, or as long as the others.

  std::size_t size() const noexcept { return values.size(); }
  void clear() noexcept;
};

/// What an overview needs to know of a chunk.
struct ChunkStats {
  std::uint32_t count = 0;
  std::uint32_t nonfinite = 0;
  std::uint32_t backs = 0;  ///< Times the position went back, the step into the chunk included.
  double first = 0.0;       ///< Position of the first point logged.
  double last = 0.0;
  double low = 0.0;  ///< Least position.
  double high = 0.0;
  std::optional<double> min{};  ///< Of the finite values.
  std::optional<double> max{};
  double last_value = 0.0;
};

/// @param before position of the point before the chunk, when there is one.
ChunkStats chunk_stats(std::span<const double> positions, std::span<const double> values,
                       std::optional<double> before) noexcept;

/// Turns points into bytes and back, bit by bit (NaN payloads and signed zeros included). Each
/// column is mapped to integers, predicted (offset, delta or delta of deltas, whichever leaves the
/// fewest bits, or a dictionary), transposed into byte planes, and zstd squeezes the planes worth
/// it; docs/store_format.md has the layout. Holds the zstd contexts, some 300 KB: keep one and reuse it.
class ChunkCodec {
 public:
  /// The one of the calling thread: what a codec holds is scratch, so any number of runs can do with it.
  /// @throws std::bad_alloc
  static ChunkCodec& of_this_thread();

  /// @throws std::bad_alloc
  ChunkCodec();
  ~ChunkCodec();
  ChunkCodec(ChunkCodec&&) noexcept;
  ChunkCodec& operator=(ChunkCodec&&) noexcept;

  /// Appends the chunk to `out`, or throws std::bad_alloc and leaves it as it was. @pre 1 to kChunkPoints points; seconds empty or of equal length.
  void encode(std::span<const double> positions, std::span<const double> values,
              std::span<const double> seconds, std::vector<std::byte>& out);
  /// Appends the points of a chunk to `out`; hostile bytes are fine.
  /// `what` names the chunk in errors. @throws StoreError when the bytes are no chunk.
  /// Seconds are appended when the chunk has them. @return the number of points.
  std::size_t decode(std::span<const std::byte> chunk, std::string_view what, Points& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::collect::store
