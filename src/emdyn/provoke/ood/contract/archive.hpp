#pragma once
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

/// Saving and loading what a score learned. A method names its members once:
///
///   template <class Self, class Archive>
///   static void state(Self& self, Archive& archive) { archive(self.clip_, self.head_); }
///
/// Bytes may be hostile: a length is checked against the bytes there are before anything is
/// allocated, numbers must be finite. Whether the sizes fit together is checked by the method's
/// `valid`.
namespace emdyn::provoke::ood {

static_assert(std::endian::native == std::endian::little, "scorer bytes are little-endian");

class ArchiveWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  void text(std::string_view characters) {
    put(std::uint64_t{characters.size()});
    raw(characters.data(), characters.size());
  }
  std::vector<std::byte>& bytes() noexcept { return bytes_; }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      raw(&value, sizeof value);
    } else {
      T::state(value, *this);
    }
  }
  template <class T>
  void put(const std::vector<T>& values) {
    static_assert(std::is_arithmetic_v<T>);
    put(std::uint64_t{values.size()});
    raw(values.data(), values.size() * sizeof(T));
  }
  void raw(const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), first, first + count);
  }

  std::vector<std::byte> bytes_;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  std::string text(std::size_t longest) {
    std::uint64_t size = 0;
    get(size);
    require(size <= longest && size <= bytes_.size());
    if (!ok_) return {};
    std::string characters(size, '\0');
    raw(characters.data(), size);
    return characters;
  }
  void require(bool good) noexcept { ok_ = ok_ && good; }
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return bytes_.empty(); }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      raw(&value, sizeof value);
      check(value);
    } else {
      T::state(value, *this);
    }
  }
  template <class T>
  void get(std::vector<T>& values) {
    std::uint64_t size = 0;
    get(size);
    require(size <= bytes_.size() / sizeof(T));
    values.resize(ok_ ? size : 0);
    raw(values.data(), values.size() * sizeof(T));
    for (const T& value : values) check(value);
  }
  template <class T>
  void check(const T& value) noexcept {
    if constexpr (std::is_floating_point_v<T>) require(std::isfinite(value));
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

}  // namespace emdyn::provoke::ood
