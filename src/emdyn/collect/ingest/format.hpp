#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/parser.hpp"

namespace emdyn::collect::ingest {

/// How many bytes of a file are looked at to tell what it is.
inline constexpr std::size_t kHeadBytes = std::size_t{64} << 10;

/// What a file is, from its first bytes (unpacked); names and extensions are not asked. `whole`
/// says that nothing follows. @return Format::automatic when more bytes are needed to tell.
/// @throws DataError for bytes that are none of the formats, saying what they look like.
Format detect_format(std::string_view head, bool whole, std::string_view path);

/// A parser of that format (not automatic).
std::unique_ptr<Parser> make_parser(Format format, Feed& feed, Origin origin,
                                    const ReadOptions& options, SourceInfo& info);

}  // namespace emdyn::collect::ingest
