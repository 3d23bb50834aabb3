#include "emdyn/collect/ingest/contract/gzip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr std::uint64_t kFreeOutput = std::uint64_t{64} << 20;
constexpr int kGzipOnly = 16 + MAX_WBITS;

}  // namespace

Inflater::Inflater(std::string path, const Limits& limits)
    : path_(std::move(path)), limits_(limits), block_(kBlock, '\0') {
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) {
    throw UnavailableError("zlib cannot start: out of memory?");
  }
}

Inflater::~Inflater() { inflateEnd(&stream_); }

void Inflater::check_limits() const {
  if (out_ > limits_.inflated_bytes) {
    throw DataError(
        fmt::format("{}: unpacks to more than {} bytes", path_, limits_.inflated_bytes));
  }
  if (out_ > kFreeOutput &&
      static_cast<double>(out_) > limits_.inflated_ratio * static_cast<double>(in_)) {
    throw DataError(
        fmt::format("{}: unpacks to more than {} times its size; unpack it yourself if "
                    "it can be trusted",
                    path_, limits_.inflated_ratio));
  }
}

void Inflater::push(std::string_view bytes, const Output& output) {
  while (!bytes.empty()) {
    if (between_members_) {
      // Padding of zeros behind the last member is common on tapes and block devices.
      bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
      if (bytes.empty()) return;
      if (inflateReset(&stream_) != Z_OK) throw DataError(path_ + ": gzip data cannot be read");
      between_members_ = false;
    }
    const std::size_t size =
        std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max() / 2);
    // zlib takes a pointer to non-const but does not write through it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(size);
    int status = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(block_.data());
      stream_.avail_out = static_cast<uInt>(block_.size());
      const uInt before = stream_.avail_in;
      status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        throw DataError(fmt::format("{}: gzip data is damaged ({}) after {} bytes", path_,
                                    stream_.msg == nullptr ? "wrong checksum" : stream_.msg, out_));
      }
      const std::size_t made = block_.size() - stream_.avail_out;
      in_ += before - stream_.avail_in;
      out_ += made;
      check_limits();
      if (made > 0) output(std::string_view(block_).substr(0, made));
    } while (status == Z_OK && (stream_.avail_in > 0 || stream_.avail_out == 0));
    bytes.remove_prefix(size - stream_.avail_in);
    between_members_ = status == Z_STREAM_END;
  }
}

}  // namespace emdyn::collect::ingest
