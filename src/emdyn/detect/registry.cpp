#include "emdyn/detect/registry.hpp"

#include <algorithm>
#include <array>

#include "emdyn/core/snapshot_registry.hpp"
#include "emdyn/detect/drift/adwin.hpp"
#include "emdyn/detect/drift/ddm.hpp"
#include "emdyn/detect/drift/eddm.hpp"
#include "emdyn/detect/drift/hddm.hpp"
#include "emdyn/detect/drift/kswin.hpp"
#include "emdyn/detect/ensemble/auto_detector.hpp"
#include "emdyn/detect/ensemble/watch_detector.hpp"
#include "emdyn/detect/level/bocpd.hpp"
#include "emdyn/detect/level/cusum.hpp"
#include "emdyn/detect/level/e_detector.hpp"
#include "emdyn/detect/level/ewma.hpp"
#include "emdyn/detect/level/focus.hpp"
#include "emdyn/detect/level/k_sigma.hpp"
#include "emdyn/detect/level/page_hinkley.hpp"
#include "emdyn/detect/level/robust_z.hpp"
#include "emdyn/detect/novelty/conformal.hpp"
#include "emdyn/detect/novelty/matrix_profile.hpp"
#include "emdyn/detect/novelty/spectral_residual.hpp"
#include "emdyn/detect/novelty/spot.hpp"
#include "emdyn/detect/training/divergence.hpp"
#include "emdyn/detect/training/frozen.hpp"
#include "emdyn/detect/training/plateau.hpp"
#include "emdyn/detect/training/schedule.hpp"

namespace emdyn::detect {
namespace {

template <Detector D>
std::unique_ptr<AnyDetector> make(const Params& params) {
  typename D::Config config;
  apply_params(D::kName, D::kFields, params, config);
  return std::make_unique<Boxed<D>>(config);
}

template <class D>
concept StatesItsPrice = requires {
  D::kCalibrated;
};

template <class D>
concept ResetsAfterAlarms = requires {
  D::kResets;
};

template <class D>
concept JudgesSamples = requires {
  D::kJudgesSamples;
};

template <Detector D>
constexpr Entry entry() {
  constexpr bool alarms_itself = requires(const D& detector) { detector.alarms(); };
  constexpr bool front_end_inside = requires(typename D::Config config) { config.longest_period; };
  constexpr bool by_default = D::kName == kDefaultDetector;
  constexpr bool warns = requires(const D& detector) { detector.warns(); };
  return {facts_of<D>(D::kDomain),
          D::kFrontEnd,
          StatesItsPrice<D>,
          alarms_itself,
          front_end_inside,
          by_default,
          ResetsAfterAlarms<D>,
          JudgesSamples<D>,
          warns,
          &make<D>};
}

// The only list of detectors of one signal. Add yours here, in alphabetical order.
// clang-format off
constexpr std::array kEntries{
    entry<Adwin>(),
    entry<AutoDetector>(),
    entry<Bispot>(),
    entry<Bocpd>(),
    entry<Conformal>(),
    entry<Cusum>(),
    entry<Ddm>(),
    entry<Divergence>(),
    entry<Dspot>(),
    entry<ECusum>(),
    entry<ESr>(),
    entry<Eddm>(),
    entry<Ewma>(),
    entry<FocusGaussian>(),
    entry<FocusBernoulli>(),
    entry<FocusPoisson>(),
    entry<Frozen>(),
    entry<HddmA>(),
    entry<HddmW>(),
    entry<KSigma>(),
    entry<Kswin>(),
    entry<MatrixProfile>(),
    entry<NormGrowth>(),
    entry<PageHinkley>(),
    entry<Plateau>(),
    entry<RobustZ>(),
    entry<ScheduleStep>(),
    entry<SpectralResidual>(),
    entry<SpotDetector>(),
    entry<WatchDetector>(),
};
// clang-format on

constexpr SnapshotRegistry<Entry, AnyDetector> kRegistry{
    {.what = "detector", .several = "detectors", .list = "emdyn detect --list"},
    {"detector", 0x5445444e59444d45ULL /* "EMDYNDET" */, 4},
    kEntries};

constexpr const Entry& kDefault = *std::ranges::find(kEntries, true, &Entry::by_default);

}  // namespace

const Registry<Entry>& series_registry() noexcept { return kRegistry; }

std::span<const Entry> entries() noexcept { return kRegistry.entries(); }

const Entry& find_entry(std::string_view name) { return kRegistry.find(name); }

const Entry& default_entry() noexcept { return kDefault; }

std::vector<Fact> facts(const Entry& entry) {
  return {{"kind", "scalar"},
          {"domain", word(entry.domain)},
          {"event", series::word(entry.kind)},
          {"front_end", entry.front_end},
          {"after_alarm", entry.resets && !entry.front_end ? "reset" : "rearm"},
          {"warnings", entry.warns},
          {"budget", entry.budgeted()},
          {"default", entry.by_default}};
}

std::unique_ptr<AnyDetector> make_detector(std::string_view name, const Params& params) {
  return kRegistry.find(name).make(params);
}

std::vector<std::byte> snapshot(const AnyDetector& detector) {
  return kRegistry.snapshot(detector);
}

std::unique_ptr<AnyDetector> restore(std::span<const std::byte> bytes) {
  return kRegistry.restore(bytes);
}

}  // namespace emdyn::detect
