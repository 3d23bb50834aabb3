#include "emdyn/model/pipe/channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::pipe {
namespace {

constexpr double kIntroductionSeconds = 30.0;
constexpr double kLongestTimeout = 1e6;
constexpr std::uint64_t kLargestInput = std::uint64_t{1} << 28U;  // As of networks from files.
constexpr std::uint64_t kMostColumns = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMostChannels = 256;
constexpr std::uint64_t kLargestMemory = std::uint64_t{4} << 30U;

/// A packet and the words behind it.
template <class Head>
struct Packet {
  Head head{};
  std::array<char, kMostText> text{};
};

/// The words of a packet of `size` bytes. Nothing where it is shorter than it claims.
template <class Head>
std::optional<std::string> words(const Packet<Head>& packet, std::size_t size) {
  if (size < sizeof(Head) || size - sizeof(Head) != packet.head.text_bytes) return std::nullopt;
  return terminal_safe({packet.text.data(), packet.head.text_bytes});
}

bool sensible(const Introduction& said) noexcept {
  if (said.dimensions == 0 || said.dimensions > kMostDimensions) return false;
  std::uint64_t size = 1;
  for (std::uint32_t i = 0; i < said.dimensions; ++i) {
    if (said.shape[i] == 0 || said.shape[i] > kLargestInput / size) return false;
    size *= said.shape[i];
  }
  return said.classes >= 2 && said.classes <= kMostColumns && said.features <= kMostColumns &&
         said.channels >= 1 && said.channels <= kMostChannels && std::isfinite(said.low) &&
         std::isfinite(said.high) && said.low < said.high && said.timeout_s > 0.0 &&
         said.timeout_s <= kLongestTimeout;
}

Peer peer_of(const Introduction& said) {
  Peer peer;
  peer.signature.input.assign(said.shape.begin(), said.shape.begin() + said.dimensions);
  peer.signature.classes = static_cast<std::int64_t>(said.classes);
  peer.signature.low = said.low;
  peer.signature.high = said.high;
  peer.differentiable = (said.flags & Introduction::kDifferentiable) != 0;
  peer.features = said.features;
  peer.channels = said.channels;
  peer.timeout_s = said.timeout_s;
  return peer;
}

std::string_view work_of(const Request& request) noexcept {
  switch (static_cast<RequestKind>(request.kind)) {
    case RequestKind::map:
      return "mapping memory";
    case RequestKind::forward:
      return "a forward pass";
    case RequestKind::backward:
      return "a gradient";
    case RequestKind::head:
      return "its last layer";
  }
  return "something unknown";
}

}  // namespace

std::uint64_t Peer::input_size() const noexcept {
  std::uint64_t size = 1;
  for (const std::int64_t extent : signature.input) size *= static_cast<std::uint64_t>(extent);
  return size;
}

Layout Peer::layout(std::uint64_t rows) const noexcept {
  return {rows, input_size(), static_cast<std::uint64_t>(signature.classes), features};
}

Channel::Channel(const std::string& path) : path_(path) {
  try {
    connect();
    introduce();
  } catch (...) {
    close();
    throw;
  }
}

Channel::~Channel() { close(); }

void Channel::close() noexcept {
  if (memory_ != nullptr) munmap(memory_, mapped_);
  memory_ = nullptr;
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void Channel::fail(std::string_view what) const {
  throw ModelError(fmt::format("pipe:{}: {}", terminal_safe(path_), what));
}

void Channel::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) {
    fail(fmt::format("the path of a socket has 1 to {} bytes, this one {}",
                     sizeof(address.sun_path) - 1, path_.size()));
  }
  std::memcpy(address.sun_path, path_.data(), path_.size());
  socket_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (socket_ < 0) fail(fmt::format("no socket can be had: {}", std::strerror(errno)));
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail(
        fmt::format("no model answers there ({}); in Python emdyn.Subject(model, example) makes "
                    "one answer and tells its address",
                    std::strerror(errno)));
  }
}

void Channel::introduce() {
  const Greeting greeting;
  send(&greeting, sizeof(greeting), -1, "an introduction");
  Packet<Introduction> packet;
  const std::size_t size =
      receive(&packet, sizeof(packet), kIntroductionSeconds, "an introduction");
  const Introduction& said = packet.head;
  if (size < sizeof(said.magic) + sizeof(said.version) || said.magic != kMagic)
    fail("what answers there is no model of emdyn");
  if (said.version != kVersion) {
    fail(
        fmt::format("it speaks version {} of the protocol, this program version {}: take program "
                    "and Python package of one release",
                    said.version, kVersion));
  }
  const auto text = words(packet, size);
  if (!text) fail("its introduction is damaged");
  if (said.status != 0) fail(*text);
  if (!sensible(said)) fail("its introduction makes no sense (shape, classes, box or time limit)");
  peer_ = peer_of(said);
}

void Channel::reserve(std::uint64_t rows) {
  if (memory_ != nullptr && rows <= layout_.rows) return;
  // In powers of two: attacks ask for fewer and fewer examples, and growing costs a round.
  std::uint64_t room = 1;
  while (room < rows) room *= 2;
  Layout layout = peer_.layout(room);
  if (layout.floats() * sizeof(float) > kLargestMemory) layout = peer_.layout(rows);
  const std::uint64_t bytes = layout.floats() * sizeof(float);
  if (bytes > kLargestMemory)
    fail(fmt::format("{} examples at once need {} MB, at most {} are shared: attack fewer at once",
                     rows, bytes >> 20U, kLargestMemory >> 20U));
  const int descriptor = memfd_create("emdyn-pipe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) fail(fmt::format("no memory can be shared: {}", std::strerror(errno)));
  void* mapped = MAP_FAILED;
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 &&
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) {
    const int error = errno;
    ::close(descriptor);
    fail(fmt::format("{} MB cannot be shared: {}", bytes >> 20U, std::strerror(error)));
  }
  if (memory_ != nullptr) munmap(memory_, mapped_);
  memory_ = static_cast<float*>(mapped);
  mapped_ = bytes;
  layout_ = layout;
  const Request request{
      .kind = static_cast<std::uint32_t>(RequestKind::map), .rows = layout.rows, .bytes = bytes};
  try {
    send(&request, sizeof(request), descriptor, work_of(request));
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
  (void)wait(work_of(request));
}

std::uint64_t Channel::ask(const Request& request) {
  send(&request, sizeof(request), -1, work_of(request));
  return wait(work_of(request));
}

std::uint64_t Channel::wait(std::string_view what) {
  Packet<Answer> packet;
  const std::size_t size = receive(&packet, sizeof(packet), peer_.timeout_s, what);
  const auto text = words(packet, size);
  if (!text) fail(fmt::format("its answer to {} is damaged", what));
  if (packet.head.status != 0) fail(fmt::format("the model failed at {}: {}", what, *text));
  return packet.head.ticket;
}

void Channel::send(const void* bytes, std::size_t size, int descriptor, std::string_view what) {
  iovec part{const_cast<void*>(bytes), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  while (sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    fail(fmt::format("the process that owns the model ended (it was to be asked for {})", what));
  }
}

std::size_t Channel::receive(void* bytes, std::size_t size, double timeout_s,
                             std::string_view what) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(timeout_s);
  for (;;) {
    const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
    if (left <= 0.0) {
      fail(
          fmt::format("no answer within {:g} s (asked for {}); for a slower model give "
                      "emdyn.Subject a longer timeout",
                      timeout_s, what));
    }
    pollfd waiting{socket_, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min(left * 1e3 + 1.0, 1e9)));
    if (ready < 0 && errno != EINTR) fail(std::strerror(errno));
    if (ready <= 0) continue;
    const ssize_t got = recv(socket_, bytes, size, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    fail(fmt::format("the process that owns the model ended (it was asked for {})", what));
  }
}

ChannelPool::ChannelPool(std::string path) : path_(std::move(path)) {
  auto first = std::make_unique<Channel>(path_);
  peer_ = first->peer();
  open_ = 1;
  free_.push_back(std::move(first));
}

std::unique_ptr<Channel> ChannelPool::take() {
  {
    std::unique_lock lock(mutex_);
    waiting_.wait(lock, [&] { return !free_.empty() || open_ < peer_.channels; });
    if (!free_.empty()) {
      auto channel = std::move(free_.back());
      free_.pop_back();
      return channel;
    }
    ++open_;
  }
  try {
    auto channel = std::make_unique<Channel>(path_);
    if (channel->peer().signature != peer_.signature || channel->peer().features != peer_.features)
      throw ModelError(
          fmt::format("pipe:{}: another model answers there now", terminal_safe(path_)));
    return channel;
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void ChannelPool::give_back(std::unique_ptr<Channel> channel) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (channel != nullptr) {
      free_.push_back(std::move(channel));
    } else {
      --open_;
    }
  }
  waiting_.notify_one();
}

void ChannelPool::release(std::uint64_t ticket) noexcept {
  const std::lock_guard lock(mutex_);
  released_.push_back(ticket);
}

std::uint64_t ChannelPool::next_released() noexcept {
  const std::lock_guard lock(mutex_);
  if (released_.empty()) return 0;
  const std::uint64_t ticket = released_.back();
  released_.pop_back();
  return ticket;
}

ChannelPool::Loan::Loan(ChannelPool& pool)
    : pool_(pool), channel_(pool.take()), thrown_before_(std::uncaught_exceptions()) {}

ChannelPool::Loan::~Loan() {
  // What was thrown over a channel may have left half an answer in it.
  if (std::uncaught_exceptions() > thrown_before_) channel_.reset();
  pool_.give_back(std::move(channel_));
}

std::uint64_t ChannelPool::Loan::ask(Request request) {
  request.released = pool_.next_released();
  return channel_->ask(request);
}

}  // namespace emdyn::model::pipe
