#include "emdyn/detect/live/many_signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/snapshot.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kTile = 256;  // Signals whose state stays in the first-level cache.
constexpr std::uint64_t kMostSignals = 100'000'000;
constexpr SnapshotForm kForm{"many_signals", 0x4b4e41424e59444dULL, 4};

using Word = std::uint64_t;

template <class T>
Word word_of(const T& value) noexcept {
  if constexpr (sizeof(T) == sizeof(Word)) {
    return std::bit_cast<Word>(value);
  } else {
    return static_cast<Word>(value);
  }
}

/// Fills a method's state from the columns.
class FromColumns {
 public:
  explicit FromColumns(const Word* first) noexcept : next_(first) {}
  template <class... T>
  void operator()(T&... values) noexcept {
    (get(values), ...);
  }
  void require(bool) const noexcept {}
  bool ok() const noexcept { return true; }

 private:
  template <class T>
  void get(T& value) noexcept {
    if constexpr (HasState<T, FromColumns>) {
      T::state(value, *this);
    } else {
      static_assert(sizeof(T) == sizeof(Word) || std::is_same_v<T, bool>);
      if constexpr (sizeof(T) == sizeof(Word)) {
        value = std::bit_cast<T>(*next_);
      } else {
        value = *next_ != 0;
      }
      next_ += kTile;
    }
  }
  const Word* next_;
};

/// Puts a method's state into the columns, or leaves them as they are.
class ToColumns {
 public:
  explicit ToColumns(Word* first, bool changes = true) noexcept : next_(first), changes_(changes) {}
  template <class... T>
  void operator()(const T&... values) noexcept {
    (put(values), ...);
  }
  void require(bool) const noexcept {}

 private:
  template <class T>
  void put(const T& value) noexcept {
    if constexpr (HasState<const T, ToColumns>) {
      T::state(value, *this);
    } else {
      const Word word = word_of(value);
      *next_ = changes_ ? word : *next_;
      next_ += kTile;
    }
  }
  Word* next_;
  bool changes_;
};

/// Counts the numbers of a state.
class CountColumns {
 public:
  template <class... T>
  void operator()(const T&... values) noexcept {
    (count(values), ...);
  }
  void require(bool) const noexcept {}
  std::size_t columns() const noexcept { return columns_; }

 private:
  template <class T>
  void count(const T& value) noexcept {
    if constexpr (HasState<const T, CountColumns>) {
      T::state(value, *this);
    } else {
      ++columns_;
    }
  }
  std::size_t columns_ = 0;
};

template <class Method>
std::size_t columns_of(const Method& method) noexcept {
  CountColumns count;
  Method::state(method, count);
  return count.columns();
}

template <class Method>
concept WarmsUp = requires(Method method, double sample) {
  method.advance(sample);
};
template <class Method>
concept BecomesSteady = requires(Method method, double sample) {
  method.template advance<true>(sample);
  method.steady();
};

/// The loops over one tile. They are written for the vectoriser: no branch depends on a sample.
template <class Method>
struct TileLoop {
  const Method& fresh;
  Word* tile;
  std::size_t width;

  Method method(std::size_t i) const noexcept {
    Method method = fresh;
    FromColumns columns(tile + i);
    Method::state(method, columns);
    return method;
  }

  /// One row of samples for every signal that has one and is past its warm-up.
  /// @return how many those were.
  template <bool kSteady>
  EMDYN_INLINE_BODY std::size_t advance(const double* __restrict sample,
                                        double* __restrict best) const noexcept {
    // Copies, which the words cannot be thought to overlap.
    const Method start = fresh;
    Word* const first = tile;
    const std::size_t count = width;
    std::uint64_t advanced = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Method method = start;
      FromColumns from(first + i);
      Method::state(method, from);
      const double x = sample[i];
      const bool finite = x - x == 0.0;  // False for NaN and infinities.
      bool present = finite;
      if constexpr ((WarmsUp<Method> || BecomesSteady<Method>)&&!kSteady)
        present = finite & method.ready();
      const double taken = finite ? x : 0.0;
      double score;
      if constexpr (BecomesSteady<Method>) {
        score = method.template advance<kSteady>(taken);
      } else if constexpr (WarmsUp<Method>) {
        score = method.advance(taken);
      } else {
        score = method.update(taken);
      }
      ToColumns to(first + i, present);
      Method::state(method, to);
      const double counted = present ? score : 0.0;
      best[i] = counted > best[i] ? counted : best[i];
      advanced += static_cast<std::uint64_t>(present);
    }
    return advanced;
  }

  EMDYN_INLINE_BODY bool steady() const noexcept {
    std::uint64_t count = 0;
    if constexpr (BecomesSteady<Method>) {
      for (std::size_t i = 0; i < width; ++i)
        count += static_cast<std::uint64_t>(method(i).steady());
    }
    return count == width;
  }

  /// What advance() passed over: missing samples and signals that warm up.
  void catch_up(const double* sample) const noexcept {
    for (std::size_t i = 0; i < width; ++i) {
      const double x = sample[i];
      const bool finite = x - x == 0.0;
      if (finite && !WarmsUp<Method> && !BecomesSteady<Method>) continue;
      Method each = method(i);
      if (!finite) {
        each.skip(1);
      } else if (!each.ready()) {
        (void)each.update(x);
      } else {
        continue;
      }
      ToColumns to(tile + i);
      Method::state(each, to);
    }
  }
};

}  // namespace

/// Some rows of some neighbouring signals.
template <CompactMethod Method>
struct ManySignals<Method>::Block {
  std::span<const double> samples;
  std::size_t rows = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

template <CompactMethod Method>
ManySignals<Method>::ManySignals(std::size_t signals, const Config& config)
    : config_(config),
      fresh_(config),
      signals_(signals),
      columns_(columns_of(fresh_)),
      words_((signals + kTile - 1) / kTile * kTile * columns_) {
  reset();
}

template <CompactMethod Method>
auto ManySignals<Method>::place(std::size_t signal) const noexcept -> const Word* {
  return words_.data() + signal / kTile * kTile * columns_ + signal % kTile;
}

template <CompactMethod Method>
auto ManySignals<Method>::place(std::size_t signal) noexcept -> Word* {
  return words_.data() + signal / kTile * kTile * columns_ + signal % kTile;
}

template <CompactMethod Method>
Method ManySignals<Method>::method(std::size_t signal) const noexcept {
  Method method = fresh_;
  FromColumns columns(place(signal));
  Method::state(method, columns);
  return method;
}

template <CompactMethod Method>
void ManySignals<Method>::put(std::size_t signal, const Method& method) noexcept {
  ToColumns columns(place(signal));
  Method::state(method, columns);
}

template <CompactMethod Method>
void ManySignals<Method>::update(std::span<const double> samples, std::span<double> scores,
                                 InstructionSet set) {
  const std::size_t count = signals();
  if (scores.size() != count || (count > 0 && samples.size() % count != 0)) {
    throw ConfigError(
        fmt::format("many_signals.update needs rows of {} samples and as many scores, got {} "
                    "samples and {} scores",
                    count, samples.size(), scores.size()));
  }
  if (count == 0) return;
  const std::size_t rows = samples.size() / count;
  parallel_for((count + kTile - 1) / kTile, [&](std::size_t tile) {
    const std::size_t begin = tile * kTile;
    run_tile({samples, rows, begin, std::min(begin + kTile, count)}, set, scores.data());
  });
}

template <CompactMethod Method>
void ManySignals<Method>::run_tile(const Block& block, InstructionSet set,
                                   double* scores) noexcept {
  double best[kTile] = {};
  const TileLoop<Method> loop{fresh_, place(block.begin), block.end - block.begin};
  const auto sample = [&](std::size_t row) {
    return block.samples.data() + row * signals_ + block.begin;
  };
  bool steady = false;
  if constexpr (BecomesSteady<Method>) {
    run_with(set, [&]() EMDYN_INLINE_BODY { steady = loop.steady(); });
  }
  for (std::size_t row = 0; row < block.rows; ++row) {
    std::size_t advanced = 0;
    if (steady) {
      run_with(set, [&]() EMDYN_INLINE_BODY {
        advanced = loop.template advance<BecomesSteady<Method>>(sample(row), best);
      });
    } else {
      run_with(set, [&]() EMDYN_INLINE_BODY {
        advanced = loop.template advance<false>(sample(row), best);
      });
    }
    if (advanced != loop.width) loop.catch_up(sample(row));
  }
  std::copy(best, best + loop.width, scores + block.begin);
}

template <CompactMethod Method>
void ManySignals<Method>::merge(const ManySignals& other) requires MergeableMethod<Method> {
  // Clang before 16 instantiates members whose constraint is not met, too.
  if constexpr (MergeableMethod<Method>) {
    if (!(fresh_ == other.fresh_) || signals() != other.signals()) {
      throw ConfigError(
          "many_signals.merge needs two of the same configuration and number of signals; make both "
          "alike");
    }
    for (std::size_t i = 0; i < signals(); ++i) {
      if (method(i).can_merge(other.method(i))) continue;
      throw ConfigError(fmt::format(
          "many_signals.merge joins what is still learned, and the baseline of signal {} is in "
          "use or given; "
          "raise the number of samples it is learned from, or merge earlier",
          i));
    }
    for (std::size_t i = 0; i < signals(); ++i) {
      Method joined = method(i);
      joined.merge(other.method(i));
      put(i, joined);
    }
  }
}

template <CompactMethod Method>
void ManySignals<Method>::rearm(std::size_t signal) noexcept {
  Method each = method(signal);
  each.rearm();
  put(signal, each);
}

template <CompactMethod Method>
void ManySignals<Method>::reset() noexcept {
  for (std::size_t i = 0; i < signals(); ++i) put(i, fresh_);
}

template <CompactMethod Method>
std::vector<std::byte> ManySignals<Method>::snapshot() const {
  StateWriter archive;
  snapshot_detail::begin(archive, kForm, Method::kName);
  archive(static_cast<std::uint64_t>(signals()));
  snapshot_detail::write_params(archive, config_json(Method::kFields, config_));
  for (std::size_t i = 0; i < signals(); ++i) archive(method(i));
  return snapshot_detail::seal(archive);
}

template <CompactMethod Method>
ManySignals<Method> ManySignals<Method>::restore(std::span<const std::byte> bytes) {
  StateReader archive = snapshot_detail::open(kForm, bytes);
  const std::string name = snapshot_detail::read_name(archive);
  std::uint64_t count = 0;
  archive(count);
  const Params params = snapshot_detail::read_params(archive);
  if (!archive.ok()) snapshot_detail::refuse(kForm, "truncated");
  if (name != Method::kName) {
    snapshot_detail::refuse(kForm, fmt::format("it is of {}, not of {}", name, Method::kName));
  }
  try {
    Config config;
    apply_params(Method::kName, Method::kFields, params, config);
    StateWriter one;
    one(Method(config));
    // Before anything of that size is allocated.
    if (count > kMostSignals || count * one.bytes().size() > bytes.size()) {
      snapshot_detail::refuse(kForm, "its length does not fit");
    }
    ManySignals many(count, config);
    for (std::size_t i = 0; i < count && archive.ok(); ++i) {
      Method each = many.fresh_;
      archive(each);
      many.put(i, each);
    }
    if (archive.ok() && archive.at_end()) return many;
  } catch (const ConfigError& error) {
    snapshot_detail::refuse(kForm, error.what());
  }
  snapshot_detail::refuse(kForm, "its numbers are out of range");
}

template class ManySignals<Cusum>;
template class ManySignals<Ddm>;
template class ManySignals<ECusum>;
template class ManySignals<ESr>;
template class ManySignals<Eddm>;
template class ManySignals<Ewma>;
template class ManySignals<EwmaCusum>;
template class ManySignals<HddmA>;
template class ManySignals<HddmW>;
template class ManySignals<KSigma>;
template class ManySignals<PageHinkley>;

}  // namespace emdyn::detect
