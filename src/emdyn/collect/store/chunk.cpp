#include "emdyn/collect/store/chunk.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>

#include "emdyn/collect/store/column_codec.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

static_assert(kMaxColumn == kChunkPoints);

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kPlanes = 8;
constexpr int kLevel = 1;
/// Below this many bytes a zstd frame costs more than it saves.
constexpr std::size_t kMinSqueeze = 32;

enum class Plane : std::uint8_t { zero, raw, squeezed };

using PlaneBytes = std::array<std::array<std::uint8_t, kChunkPoints>, kPlanes>;

void to_plane(const Residuals& residuals, std::size_t plane, PlaneBytes& planes) noexcept {
  std::uint8_t* const out = planes[plane].data();
  for (std::size_t i = 0; i < residuals.count; ++i) {
    out[i] = static_cast<std::uint8_t>(residuals.words[i] >> (8 * plane));
  }
}

/// Whether the bytes look random: squared counts about as even as chance has them. A sample will
/// do: the answer decides on size and speed only.
bool looks_random(std::span<const std::uint8_t> bytes) noexcept {
  constexpr std::size_t kSample = 256;
  const std::size_t stride = std::max<std::size_t>(1, bytes.size() / kSample);
  std::array<std::uint16_t, 256> counts{};
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < bytes.size(); i += stride, ++n) ++counts[bytes[i]];
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) squares += count * count;
  const std::uint64_t expected = n + n * n / 256;
  return squares < expected + expected / 6;
}

template <class T>
void put(std::vector<std::byte>& out, T value) {
  std::array<std::byte, sizeof(T)> bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
  }
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Reads what may be hostile: every step is checked against what is left.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  std::span<const std::byte> take(std::size_t size) {
    if (size > bytes_.size()) fail("it ends too early");
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  template <class T>
  T get() {
    T value = 0;
    const auto bytes = take(sizeof(T));
    for (std::size_t i = sizeof(T); i-- > 0;) {
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) |
                             std::to_integer<std::uint64_t>(bytes[i]));
    }
    return value;
  }
  bool empty() const noexcept { return bytes_.empty(); }
  [[noreturn]] void fail(std::string_view why) const {
    throw StoreError(
        fmt::format("{}: not a chunk of points ({}): emdyn doctor says what is left", what_, why));
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view what_;
};

std::uint32_t checksum(std::span<const std::byte> bytes) noexcept {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

void Points::clear() noexcept {
  positions.clear();
  values.clear();
  seconds.clear();
}

ChunkStats chunk_stats(std::span<const double> positions, std::span<const double> values,
                       std::optional<double> before) noexcept {
  ChunkStats stats;
  stats.count = static_cast<std::uint32_t>(positions.size());
  if (positions.empty()) return stats;
  stats.first = stats.low = stats.high = positions.front();
  stats.last = positions.back();
  stats.last_value = values.back();
  double previous = before.value_or(positions.front());
  double min = 0.0;
  double max = 0.0;
  bool any = false;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    stats.backs += positions[i] < previous ? 1U : 0U;
    previous = positions[i];
    stats.low = std::min(stats.low, previous);
    stats.high = std::max(stats.high, previous);
    const double value = values[i];
    if (!std::isfinite(value)) {
      ++stats.nonfinite;
      continue;
    }
    min = any ? std::min(min, value) : value;
    max = any ? std::max(max, value) : value;
    any = true;
  }
  if (any) {
    stats.min = min;
    stats.max = max;
  }
  return stats;
}

struct ChunkCodec::Impl {
  ZSTD_CCtx* compressor = ZSTD_createCCtx();
  ZSTD_DCtx* expander = ZSTD_createDCtx();
  Residuals residuals{};
  PlaneBytes planes{};
  std::array<double, kChunkPoints> decoded{};
  std::vector<std::uint8_t> wanted{};
  std::vector<std::byte> squeezed{};

  Impl() {
    if (compressor != nullptr && expander != nullptr) return;
    ZSTD_freeCCtx(compressor);
    ZSTD_freeDCtx(expander);
    throw std::bad_alloc();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    ZSTD_freeCCtx(compressor);
    ZSTD_freeDCtx(expander);
  }

  std::array<Plane, kPlanes> sort_planes();
  std::size_t squeeze(std::array<Plane, kPlanes>& kinds);
  void encode_column(std::span<const double> column, std::vector<std::byte>& out);
  void decode_column(Reader& reader, std::size_t count, std::vector<double>& out);
  void read_planes(Reader& reader, std::size_t count);
};

std::array<Plane, kPlanes> ChunkCodec::Impl::sort_planes() {
  std::array<Plane, kPlanes> kinds{};
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < residuals.count; ++i) used |= residuals.words[i];
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    if (((used >> (8 * plane)) & 0xff) == 0) continue;
    to_plane(residuals, plane, planes);
    const std::span<const std::uint8_t> bytes(planes[plane].data(), residuals.count);
    kinds[plane] = bytes.size() < kMinSqueeze || looks_random(bytes) ? Plane::raw : Plane::squeezed;
  }
  return kinds;
}

/// Leaves the zstd frame of the planes worth it in `squeezed`; marks them raw when it saves
/// nothing.
std::size_t ChunkCodec::Impl::squeeze(std::array<Plane, kPlanes>& kinds) {
  wanted.clear();
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    if (kinds[plane] != Plane::squeezed) continue;
    const auto& bytes = planes[plane];
    wanted.insert(wanted.end(), bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(residuals.count));
  }
  if (wanted.empty()) return 0;
  squeezed.resize(ZSTD_compressBound(wanted.size()));
  // Fails only where there is no memory for its tables: then the planes stay raw, which is as right.
  const std::size_t size = ZSTD_compressCCtx(compressor, squeezed.data(), squeezed.size(),
                                             wanted.data(), wanted.size(), kLevel);
  if (ZSTD_isError(size) == 0 && size < wanted.size()) return size;
  std::ranges::replace(kinds, Plane::squeezed, Plane::raw);
  return 0;
}

void ChunkCodec::Impl::encode_column(std::span<const double> column, std::vector<std::byte>& out) {
  to_residuals(column, residuals);
  std::array<Plane, kPlanes> kinds = sort_planes();
  const std::size_t squeezed_size = squeeze(kinds);
  put(out, static_cast<std::uint8_t>(static_cast<unsigned>(residuals.kind) |
                                     static_cast<unsigned>(residuals.predictor) << 4U));
  std::uint16_t plane_kinds = 0;
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    plane_kinds = static_cast<std::uint16_t>(plane_kinds | static_cast<unsigned>(kinds[plane])
                                                               << (2 * plane));
  }
  put(out, plane_kinds);
  if (residuals.kind == WordKind::dictionary) {
    put(out, static_cast<std::uint16_t>(residuals.entries));
    for (std::size_t i = 0; i < residuals.entries; ++i) put(out, residuals.dictionary[i]);
  } else {
    put(out, residuals.first);
    if (residuals.predictor != Differencing::offset) put(out, residuals.second);
  }
  if (squeezed_size > 0) {
    put(out, static_cast<std::uint16_t>(squeezed_size));
    out.insert(out.end(), squeezed.begin(),
               squeezed.begin() + static_cast<std::ptrdiff_t>(squeezed_size));
  }
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    if (kinds[plane] != Plane::raw) continue;
    const auto* bytes = reinterpret_cast<const std::byte*>(planes[plane].data());
    out.insert(out.end(), bytes, bytes + residuals.count);
  }
}

void ChunkCodec::Impl::read_planes(Reader& reader, std::size_t count) {
  const auto plane_kinds = reader.get<std::uint16_t>();
  std::size_t squeezed_planes = 0;
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    const unsigned kind = (plane_kinds >> (2 * plane)) & 3U;
    if (kind > static_cast<unsigned>(Plane::squeezed)) reader.fail("an unknown kind of plane");
    squeezed_planes += kind == static_cast<unsigned>(Plane::squeezed) ? 1 : 0;
  }
  if (residuals.kind == WordKind::dictionary) {
    residuals.entries = reader.get<std::uint16_t>();
    if (residuals.entries > kMaxDictionary) reader.fail("the dictionary is too long");
    for (std::size_t i = 0; i < residuals.entries; ++i) {
      residuals.dictionary[i] = reader.get<std::uint64_t>();
    }
  } else {
    residuals.first = reader.get<std::uint64_t>();
    residuals.second =
        residuals.predictor == Differencing::offset ? 0 : reader.get<std::uint64_t>();
  }
  wanted.resize(squeezed_planes * count);
  if (squeezed_planes > 0) {
    const auto frame = reader.take(reader.get<std::uint16_t>());
    const std::size_t size =
        ZSTD_decompressDCtx(expander, wanted.data(), wanted.size(), frame.data(), frame.size());
    if (ZSTD_isError(size) != 0 || size != wanted.size()) reader.fail("zstd cannot expand it");
  }
  std::fill_n(residuals.words.begin(), count, 0);
  const std::uint8_t* expanded = wanted.data();
  for (std::size_t plane = 0; plane < kPlanes; ++plane) {
    const auto kind = static_cast<Plane>((plane_kinds >> (2 * plane)) & 3U);
    if (kind == Plane::zero) continue;
    const std::uint8_t* bytes = expanded;
    if (kind == Plane::raw) {
      bytes = reinterpret_cast<const std::uint8_t*>(reader.take(count).data());
    } else {
      expanded += count;
    }
    for (std::size_t i = 0; i < count; ++i) {
      residuals.words[i] |= static_cast<std::uint64_t>(bytes[i]) << (8 * plane);
    }
  }
}

void ChunkCodec::Impl::decode_column(Reader& reader, std::size_t count, std::vector<double>& out) {
  const auto encoding = reader.get<std::uint8_t>();
  if ((encoding & 0xf) > static_cast<unsigned>(WordKind::dictionary) ||
      (encoding >> 4) > static_cast<unsigned>(Differencing::delta_of_deltas)) {
    reader.fail("an unknown encoding");
  }
  residuals.kind = static_cast<WordKind>(encoding & 0xf);
  residuals.predictor = static_cast<Differencing>(encoding >> 4);
  residuals.count = count;
  read_planes(reader, count);
  if (!from_residuals(residuals, std::span(decoded).first(count))) {
    reader.fail("the dictionary lacks an entry");
  }
  out.insert(out.end(), decoded.begin(), decoded.begin() + static_cast<std::ptrdiff_t>(count));
}

ChunkCodec& ChunkCodec::of_this_thread() {
  thread_local ChunkCodec codec;
  return codec;
}

ChunkCodec::ChunkCodec() : impl_(std::make_unique<Impl>()) {}
ChunkCodec::~ChunkCodec() = default;
ChunkCodec::ChunkCodec(ChunkCodec&&) noexcept = default;
ChunkCodec& ChunkCodec::operator=(ChunkCodec&&) noexcept = default;

void ChunkCodec::encode(std::span<const double> positions, std::span<const double> values,
                        std::span<const double> seconds, std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  try {
    put(out, kFormat);
    put(out, static_cast<std::uint8_t>(seconds.empty() ? 0 : 1));
    put(out, static_cast<std::uint16_t>(values.size()));
    impl_->encode_column(positions, out);
    impl_->encode_column(values, out);
    if (!seconds.empty()) impl_->encode_column(seconds, out);
    put(out, checksum(std::span<const std::byte>(out).subspan(start)));
  } catch (...) {
    out.resize(start);
    throw;
  }
}

std::size_t ChunkCodec::decode(std::span<const std::byte> chunk, std::string_view what,
                               Points& out) {
  Reader reader(chunk, what);
  if (chunk.size() > kMaxChunkBytes) reader.fail("it is too long");
  if (chunk.size() < 8) reader.fail("it ends too early");
  Reader tail(chunk.last(4), what);
  if (tail.get<std::uint32_t>() != checksum(chunk.first(chunk.size() - 4))) {
    reader.fail("its checksum does not match");
  }
  reader = Reader(chunk.first(chunk.size() - 4), what);
  const auto format = reader.get<std::uint8_t>();
  if (format != kFormat) reader.fail("a format this version does not know");
  const bool has_seconds = (reader.get<std::uint8_t>() & 1) != 0;
  const std::size_t count = reader.get<std::uint16_t>();
  if (count == 0 || count > kChunkPoints) reader.fail("its number of points is out of range");
  impl_->decode_column(reader, count, out.positions);
  impl_->decode_column(reader, count, out.values);
  if (has_seconds) impl_->decode_column(reader, count, out.seconds);
  if (!reader.empty()) reader.fail("bytes are left over");
  return count;
}

}  // namespace emdyn::collect::store
