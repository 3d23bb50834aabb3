#pragma once
#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/model/files/signature.hpp"
#include "emdyn/model/pipe/protocol.hpp"

namespace emdyn::model::pipe {

/// What the other process says of its model, checked.
struct Peer {
  Signature signature{};
  bool differentiable = false;
  std::uint64_t features = 0;
  std::size_t channels = 1;
  double timeout_s = 0.0;

  std::uint64_t input_size() const noexcept;
  Layout layout(std::uint64_t rows) const noexcept;
};

/// One connection with its memory; used by one thread at a time. No torch.
///
/// The memory is sealed (it cannot shrink under us) and every number of the peer is checked before it is used, so a
/// peer that lies costs an error, not the process.
class Channel {
 public:
  /// Connects and asks for the introduction.
  /// @throws ModelError in one line when nobody answers at the path, or no model of this protocol's version.
  explicit Channel(const std::string& path);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const Peer& peer() const noexcept { return peer_; }
  const Layout& layout() const noexcept { return layout_; }
  /// The memory's start. @pre reserve() was called.
  float* memory() const noexcept { return memory_; }

  /// Room for so many examples; what lay in the memory is lost where it grows.
  /// @throws ModelError above 4 GiB, or when the peer refuses.
  void reserve(std::uint64_t rows);

  /// Sends a request and waits for its answer. @return its ticket.
  /// @throws ModelError: the peer's own words, its death, or its silence beyond its time limit.
  std::uint64_t ask(const Request& request);

 private:
  void connect();
  void introduce();
  void send(const void* bytes, std::size_t size, int descriptor, std::string_view what);
  std::size_t receive(void* bytes, std::size_t size, double timeout_s, std::string_view what);
  std::uint64_t wait(std::string_view what);
  [[noreturn]] void fail(std::string_view what) const;
  void close() noexcept;

  std::string path_;
  Peer peer_{};
  Layout layout_{};
  int socket_ = -1;
  float* memory_ = nullptr;
  std::size_t mapped_ = 0;
};

/// Connections to one peer, for as many threads as it answers at once; others wait for their turn.
class ChannelPool {
 public:
  /// @throws ModelError as Channel.
  explicit ChannelPool(std::string path);

  const Peer& peer() const noexcept { return peer_; }
  const std::string& path() const noexcept { return path_; }

  /// A channel on loan, given back at the end unless something was thrown over it.
  class Loan {
   public:
    explicit Loan(ChannelPool& pool);
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Channel* operator->() const noexcept { return channel_.get(); }
    /// Sends `request` together with the news of a graph that is needed no more.
    std::uint64_t ask(Request request);

   private:
    ChannelPool& pool_;
    std::unique_ptr<Channel> channel_;
    int thrown_before_;
  };

  /// A graph is needed no more; the peer hears of it with the next request.
  void release(std::uint64_t ticket) noexcept;

 private:
  std::unique_ptr<Channel> take();
  void give_back(std::unique_ptr<Channel> channel) noexcept;
  std::uint64_t next_released() noexcept;

  std::string path_;
  Peer peer_{};
  std::mutex mutex_;
  std::condition_variable waiting_;
  std::vector<std::unique_ptr<Channel>> free_;
  std::vector<std::uint64_t> released_;
  std::size_t open_ = 0;
};

}  // namespace emdyn::model::pipe
