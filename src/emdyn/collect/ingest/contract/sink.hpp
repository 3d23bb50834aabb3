#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::ingest {

/// Dense numbers given in order of first appearance, from 0; stable for the life of a reader.
using RunIndex = std::uint32_t;
using SignalIndex = std::uint32_t;

/// Numbers the files of a reading, likewise.
using FileIndex = std::uint32_t;
/// What has no place to come back to, such as standard input.
inline constexpr FileIndex kNoFile = 0xffffffff;

/// Which file on the disk, whatever it is called now.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// How far a file was read: enough to know its beginning again.
struct FilePlace {
  std::uint64_t offset = 0;  ///< Bytes from its beginning.
  std::uint32_t sum = 0;     ///< CRC-32C of them.
  bool operator==(const FilePlace&) const = default;
};

/// Where readers push what they read. Every run is announced before its signals, every signal
/// before its points. Names are untrusted and arrive byte for byte (always UTF-8); escape them on
/// output. What a sink throws ends the reading and reaches the caller.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = default;
  Sink& operator=(const Sink&) = default;
  virtual ~Sink() = default;

  /// `configuration` is a flat object of what the file says of the run, often empty.
  virtual void on_run(RunIndex run, std::string_view name, const Json& configuration) = 0;
  virtual void on_signal(SignalIndex signal, RunIndex run, std::string_view name,
                         series::Axis axis) = 0;
  /// `position` is finite, in units of the signal's axis; `value` may be NaN or infinite; `seconds`
  /// is wall time since the epoch, NaN when the file does not say. Positions may go back.
  virtual void on_point(SignalIndex signal, double position, double value, double seconds) = 0;
  /// The points since the last call were one row of a wide table or one object of JSON lines; a row
  /// may be without points. Not called for long tables, event files and JSON documents.
  virtual void on_row(RunIndex /*run*/, double /*position*/) {}
  /// Configuration that the file states after its run began; replaces the keys it names.
  virtual void on_configuration(RunIndex /*run*/, const Json& /*configuration*/) {}
  /// How far earlier readings into this sink came in the file, when any did.
  virtual std::optional<FilePlace> place_of(const std::filesystem::path& /*file*/,
                                            const FileIdentity& /*identity*/) {
    return std::nullopt;
  }
  /// The file is read from its beginning; `known`: up to the place that place_of gave it is what the earlier reading
  /// had, so that the points which come are the same in the same order. Otherwise it is another file.
  virtual void on_file(FileIndex /*file*/, const std::filesystem::path& /*path*/,
                       const FileIdentity& /*identity*/, bool /*known*/) {}
  /// The points that follow come from a block of the file's bytes that ends at `end`.
  virtual void on_block(FileIndex /*file*/, const FilePlace& /*end*/) {}
  /// One line for people: what was odd but no error. Names in it are escaped for a terminal.
  virtual void on_warning(std::string_view /*text*/) {}
};

}  // namespace emdyn::collect::ingest
