#include "emdyn/app/serve/event_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace emdyn::app::serve {
namespace {

bool passes(const std::vector<std::string>& wanted, const std::string& word) {
  return wanted.empty() || word.empty() || std::ranges::find(wanted, word) != wanted.end();
}

}  // namespace

EventStream::EventStream(std::string epoch, std::size_t capacity)
    : epoch_(std::move(epoch)), capacity_(std::max<std::size_t>(1, capacity)) {}

void EventStream::on_message(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void EventStream::publish(std::string_view kind, std::string_view run, const Json& data) {
  std::function<void()> wake;
  const std::string text = json_text(data);  // One line: JSON escapes what would end it.
  {
    const std::lock_guard lock(mutex_);
    auto frame = std::make_shared<const std::string>(
        fmt::format("id: {}-{}\nevent: {}\ndata: {}\n\n", epoch_, next_, kind, text));
    messages_.push_back({std::string(kind), std::string(run), std::move(frame)});
    ++next_;
    if (messages_.size() > capacity_) messages_.pop_front();
    wake = wake_;
  }
  if (wake) wake();
}

EventStream::Place EventStream::begin(std::string_view last_event_id) const {
  const std::lock_guard lock(mutex_);
  if (last_event_id.empty()) return {next_, false};
  const std::size_t dash = last_event_id.rfind('-');
  const Place lost{next_, true};
  if (dash == std::string_view::npos || last_event_id.substr(0, dash) != epoch_) return lost;
  std::uint64_t last = 0;
  const char* end = last_event_id.data() + last_event_id.size();
  const auto [stop, error] = std::from_chars(last_event_id.data() + dash + 1, end, last);
  const std::uint64_t oldest = next_ - messages_.size();
  if (error != std::errc() || stop != end || last >= next_ || last + 1 < oldest) return lost;
  return {last + 1, false};
}

std::string EventStream::resync_frame(std::uint64_t next) const {
  return fmt::format("id: {}-{}\nevent: resync\ndata: {{}}\n\n", epoch_, next - 1);
}

std::string EventStream::take(Place& place, const StreamFilter& filter,
                              std::size_t most_bytes) const {
  const std::lock_guard lock(mutex_);
  std::string frames;
  const std::uint64_t oldest = next_ - messages_.size();
  if (place.next < oldest) place = {next_, true};
  if (place.resync) {
    frames = resync_frame(place.next);
    place.resync = false;
  }
  for (; place.next < next_ && frames.size() < most_bytes; ++place.next) {
    const Message& message = messages_[static_cast<std::size_t>(place.next - oldest)];
    if (passes(filter.runs, message.run) && passes(filter.kinds, message.kind))
      frames += *message.frame;
  }
  return frames;
}

std::uint64_t EventStream::published() const {
  const std::lock_guard lock(mutex_);
  return next_ - 1;
}

}  // namespace emdyn::app::serve
