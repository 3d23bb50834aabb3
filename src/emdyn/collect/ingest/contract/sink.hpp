#pragma once
#include <cstdint>
#include <string_view>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::ingest {

/// Dense numbers given in order of first appearance, from 0; stable for the life of a reader.
using RunIndex = std::uint32_t;
using SignalIndex = std::uint32_t;

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
  /// One line for people: what was odd but no error. Names in it are escaped for a terminal.
  virtual void on_warning(std::string_view /*text*/) {}
};

}  // namespace emdyn::collect::ingest
