#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"

namespace emdyn::app::serve {

/// What a client of the stream wants to hear.
struct StreamFilter {
  std::vector<std::string> runs{};   ///< Only messages of these runs; empty: of all.
  std::vector<std::string> kinds{};  ///< Only messages of these kinds; empty: all.
};

/// The one stream of what happens, as server-sent events, for any number of clients.
///
/// The last `capacity` messages are kept once, for everybody; a client is no more than the number of
/// the next message it gets. That ring is its bounded queue: a client that falls behind it, or comes
/// back with a Last-Event-ID that is no longer in it (or is of a server that has ended), is told
/// `resync` and goes on from now: what it missed is in the store, and it asks for that. Nothing is
/// lost in silence. Thread-safe; publishing costs a copy of the text, whatever the number of clients.
class EventStream {
 public:
  static constexpr std::size_t kCapacity = 4096;

  /// @param epoch tells this server's ids from those of one before it.
  explicit EventStream(std::string epoch, std::size_t capacity = kCapacity);

  /// Called after a message came, by whoever published it; must not block.
  void on_message(std::function<void()> wake);

  /// @param kind one word: run, event, forecast, transition, problem …; the client's event name.
  void publish(std::string_view kind, std::string_view run, const Json& data);

  /// Where a client begins.
  struct Place {
    std::uint64_t next = 0;
    bool resync = false;  ///< Messages before `next` are gone.
  };
  /// @param last_event_id as the browser sends it; "" begins now.
  Place begin(std::string_view last_event_id) const;

  /// The frames from `place` on that pass the filter, at most about `most_bytes`, and moves `place`
  /// behind them. "" when there are none. A frame `resync` comes first where it must.
  std::string take(Place& place, const StreamFilter& filter, std::size_t most_bytes) const;

  std::uint64_t published() const;
  const std::string& epoch() const noexcept { return epoch_; }

 private:
  struct Message {
    std::string kind;
    std::string run;
    std::shared_ptr<const std::string> frame;
  };
  std::string resync_frame(std::uint64_t next) const;

  const std::string epoch_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<Message> messages_;
  std::uint64_t next_ = 1;  // Number of the message that comes next.
  std::function<void()> wake_;
};

}  // namespace emdyn::app::serve
