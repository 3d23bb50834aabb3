#pragma once
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "emdyn/core/bounded_vector.hpp"
#include "emdyn/core/field.hpp"

/// Saving and loading what a detector, a score or a guard learned. A class names its changing members once:
///
///   template <class Self, class Archive>
///   static void state(Self& self, Archive& archive) {
///     archive(self.count_, self.mean_, sized(self.rows_));
///     archive.require(self.count_ <= kMost);   // Whatever an index or a bound must satisfy.
///   }
///
/// StateWriter and StateReader both take it. A plain vector has the length that its configuration gave it; sized()
/// writes the length too, for what is learned as long as it comes. Bytes may be hostile: the reader checks every
/// length against the room and the bytes there are before anything is allocated, refuses NaN, infinities and booleans
/// other than 0 and 1, and `require` states what the code relies on. What was loaded with ok() false must be thrown
/// away.
namespace emdyn {

static_assert(std::endian::native == std::endian::little, "snapshots are little-endian");

template <class T, class Archive>
concept HasState = requires(T& value, Archive& archive) {
  T::state(value, archive);
};

/// A vector that is written with its length.
template <class Vector>
struct Sized {
  Vector& values;
};
template <class Vector>
Sized<Vector> sized(Vector& values) noexcept {
  return {values};
}

class StateWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  void require(bool) const noexcept {}
  void text(std::string_view characters) {
    put(static_cast<std::uint64_t>(characters.size()));
    raw(characters.data(), characters.size());
  }
  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
  std::vector<std::byte> take() noexcept { return std::move(bytes_); }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (HasState<const T, StateWriter>) {
      T::state(value, *this);
    } else {
      static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>, "give the type a state()");
      raw(&value, sizeof value);
    }
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& values) {
    for (const T& value : values) put(value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) put(value);
    }
  }
  template <class Vector>
  void put(const Sized<Vector>& vector) {
    put(static_cast<std::uint64_t>(vector.values.size()));
    put(vector.values);
  }
  template <class T>
  void put(const BoundedVector<T>& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) put(value);
  }
  /// Never inlined: GCC 12 would guess wrong sizes and warn.
  [[gnu::noinline]] void raw(const void* from, std::size_t count) {
    if (count == 0) return;  // An empty vector has no address.
    const std::size_t at = bytes_.size();
    bytes_.resize(at + count);
    std::memcpy(bytes_.data() + at, from, count);
  }

  std::vector<std::byte> bytes_;
};

class StateReader {
 public:
  explicit StateReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  template <class... T>
  void operator()(T&&... values) {
    (get(values), ...);
  }
  void require(bool good) noexcept { ok_ = ok_ && good; }
  std::string text(std::size_t longest) {
    std::uint64_t size = 0;
    get(size);
    require(size <= longest && size <= bytes_.size());
    if (!ok_) return {};
    std::string characters(size, '\0');
    raw(characters.data(), size);
    return characters;
  }
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return bytes_.empty(); }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (HasState<T, StateReader>) {
      T::state(value, *this);
    } else if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      raw(&byte, 1);
      require(byte <= 1);
      value = byte == 1;
    } else {
      static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>, "give the type a state()");
      raw(&value, sizeof value);
      if constexpr (std::is_floating_point_v<T>) require(std::isfinite(value));
    }
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (T& value : values) get(value);
  }
  /// A plain vector has the length its configuration gave it.
  template <class T>
  void get(std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      raw(values.data(), values.size() * sizeof(T));
      if constexpr (std::is_floating_point_v<T>) {
        for (const T& value : values) require(std::isfinite(value));
      }
    } else {
      for (T& value : values) get(value);
    }
  }
  template <class T>
  void get(Sized<std::vector<T>>& vector) {
    static_assert(std::is_arithmetic_v<T>, "how many bytes one takes must be known");
    std::uint64_t size = 0;
    get(size);
    require(size <= bytes_.size() / sizeof(T));
    vector.values.resize(ok_ ? size : 0);
    get(vector.values);
  }
  template <class T>
  void get(BoundedVector<T>& values) {
    std::uint64_t size = 0;
    get(size);
    require(size <= values.capacity());
    values.resize(ok_ ? size : 0);
    for (T& value : values) get(value);
  }
  void raw(void* to, std::size_t count) noexcept {
    require(count <= bytes_.size());
    if (count == 0) return;
    if (!ok_) {
      std::memset(to, 0, count);
      return;
    }
    std::memcpy(to, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
  }

  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

/// FNV-1a: finds accidental damage; it is no protection against intent.
std::uint64_t checksum(std::span<const std::byte> bytes) noexcept;

/// How the snapshots of one kind begin, and what they are called in messages.
struct SnapshotForm {
  std::string_view what;  ///< "detector".
  std::uint64_t magic;
  std::uint32_t version;
  std::string_view mend = "take a new one with this version";
};

/// A snapshot is magic, version, what `begin` and the caller write, and a checksum of all that.
namespace snapshot_detail {
void begin(StateWriter& archive, const SnapshotForm& form, std::string_view name);
void write_params(StateWriter& archive, const Json& config);
std::vector<std::byte> seal(StateWriter& archive);
/// Past magic, version and checksum. @throws DataError when one of them does not fit.
StateReader open(const SnapshotForm& form, std::span<const std::byte> bytes);
std::string read_name(StateReader& archive);
Params read_params(StateReader& archive);
/// @throws DataError
[[noreturn]] void refuse(const SnapshotForm& form, std::string_view why);
}  // namespace snapshot_detail

}  // namespace emdyn
