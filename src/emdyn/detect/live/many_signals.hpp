#pragma once
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "emdyn/core/simd.hpp"
#include "emdyn/detect/drift/ddm.hpp"
#include "emdyn/detect/drift/eddm.hpp"
#include "emdyn/detect/drift/hddm.hpp"
#include "emdyn/detect/level/cusum.hpp"
#include "emdyn/detect/level/e_detector.hpp"
#include "emdyn/detect/level/ewma.hpp"
#include "emdyn/detect/level/ewma_cusum.hpp"
#include "emdyn/detect/level/k_sigma.hpp"
#include "emdyn/detect/level/page_hinkley.hpp"

namespace emdyn::detect {

/// A method whose whole state is a few numbers, so that each of them can be kept in an array
/// of its own: the detectors of O(1) that need no window.
// clang-format off
template <class M>
concept CompactMethod =
    std::is_trivially_copyable_v<M> && std::constructible_from<M, const typename M::Config&> &&
    requires(M method, const M& view, double sample, std::uint64_t count) {
      { M::kName } -> std::convertible_to<std::string_view>;
      { M::kDomain } -> std::convertible_to<Domain>;
      { method.update(sample) } noexcept -> std::same_as<double>;
      { method.skip(count) } noexcept;
      { method.rearm() } noexcept;
      { view.ready() } noexcept -> std::same_as<bool>;
      { view.evidence() } noexcept -> std::same_as<Evidence>;
    };
/// One whose detectors can join what two parts of the same signal taught them.
template <class M>
concept MergeableMethod = CompactMethod<M> &&
    requires(M method, const M& part) {
      { method.can_merge(part) } noexcept -> std::same_as<bool>;
      { method.merge(part) } noexcept;
    };
// clang-format on

/// One detector over very many signals at once. Every signal has the same clock (one row of samples
/// is one sample of each signal) and the same configuration, and its state is that of a detector of
/// its own, to the last bit, on any number of threads and any instruction set: the loop over the
/// signals runs the detector's own update().
///
/// A sample that is not finite is missing: skip(1) of that signal, whose score is 0. Signals may
/// begin late.
///
/// Layout: tiles of 256 signals; within a tile one array for every number of the state, so that the
/// loop fills vector registers, and the tile stays in the first-level cache while the rows of a
/// block pass. Tiles are independent: they run on all cores and the result does not depend on how
/// many.
///
/// Cost: that of the detector in time; bytes_per_signal() of memory, in tiles.
template <CompactMethod Method>
class ManySignals {
 public:
  using Config = typename Method::Config;

  /// @throws ConfigError if a field is out of range.
  ManySignals(std::size_t signals, const Config& config);

  std::size_t signals() const noexcept { return signals_; }
  /// Whether the signal's baseline is learned.
  bool ready(std::size_t signal) const noexcept { return method(signal).ready(); }
  std::size_t bytes_per_signal() const noexcept { return columns_ * sizeof(Word); }

  /// A block of samples, shape [row, signal].
  /// @param scores one a signal: the largest score of the block, 0 during warm-up.
  /// @throws ConfigError when the lengths do not fit.
  void update(std::span<const double> samples, std::span<double> scores,
              InstructionSet set = best_instruction_set());

  /// Joins what two parts of the same signals taught, for methods that can.
  /// @throws ConfigError when the configurations differ or a signal's evidence is in the way: it
  /// depends on the order of samples and cannot be joined.
  void merge(const ManySignals& other) requires MergeableMethod<Method>;

  /// The detector of one signal, as it stands.
  Method method(std::size_t signal) const noexcept;
  /// Of the last row.
  Evidence evidence(std::size_t signal) const noexcept { return method(signal).evidence(); }
  /// Forgets the evidence of one signal, keeps its baseline.
  void rearm(std::size_t signal) noexcept;
  void reset() noexcept;

  /// Versioned bytes of configuration and state.
  std::vector<std::byte> snapshot() const;
  /// The bytes may be hostile. @throws DataError when they are no snapshot of this version and
  /// method.
  static ManySignals restore(std::span<const std::byte> bytes);

  /// Same configuration, same state.
  bool operator==(const ManySignals& other) const {
    return signals_ == other.signals_ && fresh_ == other.fresh_ && words_ == other.words_;
  }

 private:
  using Word = std::uint64_t;
  struct Block;

  Word* place(std::size_t signal) noexcept;
  const Word* place(std::size_t signal) const noexcept;
  void put(std::size_t signal, const Method& method) noexcept;
  void run_tile(const Block& block, InstructionSet set, double* scores) noexcept;

  Config config_;
  Method fresh_;
  std::size_t signals_;
  std::size_t columns_;      // Numbers of the state of one signal.
  std::vector<Word> words_;  // Of tile t, number k, signal i of the tile: [t][k][i].
};

extern template class ManySignals<Cusum>;
extern template class ManySignals<Ddm>;
extern template class ManySignals<ECusum>;
extern template class ManySignals<ESr>;
extern template class ManySignals<Eddm>;
extern template class ManySignals<Ewma>;
extern template class ManySignals<EwmaCusum>;
extern template class ManySignals<HddmA>;
extern template class ManySignals<HddmW>;
extern template class ManySignals<KSigma>;
extern template class ManySignals<PageHinkley>;

}  // namespace emdyn::detect
