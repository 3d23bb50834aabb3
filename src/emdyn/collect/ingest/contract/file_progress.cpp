#include "emdyn/collect/ingest/contract/file_progress.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "emdyn/collect/ingest/contract/crc32c.hpp"

namespace emdyn::collect::ingest {

void FileProgress::begin(Feed& feed, const File& file, const std::filesystem::path& path) {
  place_ = {};
  known_bytes_ = 0;
  const struct stat status = file.status();
  if (path == "-" || !S_ISREG(status.st_mode)) return;
  if (file_ == kNoFile) file_ = feed.new_file();
  const FileIdentity identity = file.identity();
  const auto known = feed.sink().place_of(path, identity);
  const bool same = known && known->offset > 0 &&
                    known->offset <= static_cast<std::uint64_t>(status.st_size) &&
                    file.begins_as(*known);
  if (same) known_bytes_ = known->offset;
  feed.sink().on_file(file_, path, identity, same);
}

void FileProgress::take(Feed& feed, std::string_view bytes) {
  place_.offset += bytes.size();
  place_.sum = crc32c(bytes, place_.sum);
  feed.mute(place_.offset <= known_bytes_);
  feed.sink().on_block(file_, place_);
}

void FileProgress::return_to(Feed& feed) const { feed.sink().on_block(file_, place_); }

}  // namespace emdyn::collect::ingest
