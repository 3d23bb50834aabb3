#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/core/registry.hpp"

namespace emdyn::collect::ingest {

/// The first bytes of a file, unpacked.
struct FileHead {
  std::string_view bytes;
  std::string_view text;  ///< Without a byte order mark and leading blanks.
  bool whole = false;     ///< Nothing follows.
};

enum class Sniffed { no, more, yes };  ///< `more`: more bytes are needed to tell.

/// One format that can be read.
struct ReaderEntry : EntryFacts {
  Format format;
  bool binary;                                ///< Asked before the bytes are taken for text.
  std::span<const std::string_view> endings;  ///< Files of a folder that are taken for it: ".csv".
  std::string_view name_part;                 ///< Or with this in their name.
  bool run_is_folder;                         ///< A run is called after the folder of its files.
  std::string_view told_by;                   ///< What in its bytes says so.
  Sniffed (*sniff)(const FileHead& head);
  std::unique_ptr<Parser> (*make)(Feed& feed, Origin origin, const ReadOptions& options,
                                  SourceInfo& info);
};

/// Every format that can be read, in the order in which a file is asked for it.
const Registry<ReaderEntry>& registry() noexcept;

/// @pre format is not automatic.
const ReaderEntry& find_reader(Format format) noexcept;

/// What an entry says beside the facts of every entry: told_by, from_folders, run.
std::vector<Fact> facts(const ReaderEntry& entry);

}  // namespace emdyn::collect::ingest
