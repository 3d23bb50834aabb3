#pragma once
#include <zlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/options.hpp"

namespace emdyn::collect::ingest {

/// Unpacks gzip data of one or more members as it comes, in blocks of at most 256 KiB, and stops a
/// file that unpacks to more than the limits allow.
class Inflater {
 public:
  using Output = std::function<void(std::string_view)>;

  Inflater(std::string path, const Limits& limits);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// @throws DataError for data that is no gzip, is damaged, or unpacks to too much.
  void push(std::string_view bytes, const Output& output);
  /// True when the data so far ends with a whole member.
  bool complete() const noexcept { return between_members_; }

  static bool is_gzip(std::string_view head) noexcept {
    return head.size() >= 2 && head[0] == '\x1f' && head[1] == '\x8b';
  }

 private:
  void check_limits() const;

  std::string path_;
  Limits limits_;
  z_stream stream_{};
  std::string block_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
  bool between_members_ = false;
};

}  // namespace emdyn::collect::ingest
