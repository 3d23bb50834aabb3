#include "emdyn/detect/registry.hpp"

#include <fmt/format.h>

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/adwin.hpp"
#include "emdyn/detect/bocpd.hpp"
#include "emdyn/detect/conformal.hpp"
#include "emdyn/detect/cusum.hpp"
#include "emdyn/detect/ddm.hpp"
#include "emdyn/detect/e_detector.hpp"
#include "emdyn/detect/eddm.hpp"
#include "emdyn/detect/ensemble/auto_detector.hpp"
#include "emdyn/detect/ewma.hpp"
#include "emdyn/detect/focus.hpp"
#include "emdyn/detect/hddm.hpp"
#include "emdyn/detect/k_sigma.hpp"
#include "emdyn/detect/kswin.hpp"
#include "emdyn/detect/page_hinkley.hpp"
#include "emdyn/detect/robust_z.hpp"
#include "emdyn/detect/spot.hpp"

namespace emdyn::detect {
namespace {

template <Detector D>
std::unique_ptr<AnyDetector> make(const Params& params) {
  typename D::Config config;
  apply_params(D::kName, D::kFields, params, config);
  return std::make_unique<Boxed<D>>(config);
}

template <Detector D>
constexpr Entry entry() {
  return {D::kName,   D::kSummary, D::kPaper,    D::kCost,
          D::kDomain, D::kKind,    D::kFrontEnd, [] { return describe_fields(D::kFields); },
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
    entry<Dspot>(),
    entry<ECusum>(),
    entry<ESr>(),
    entry<Eddm>(),
    entry<Ewma>(),
    entry<FocusGaussian>(),
    entry<FocusBernoulli>(),
    entry<FocusPoisson>(),
    entry<HddmA>(),
    entry<HddmW>(),
    entry<KSigma>(),
    entry<Kswin>(),
    entry<PageHinkley>(),
    entry<RobustZ>(),
    entry<SpotDetector>(),
};
// clang-format on

constexpr std::uint64_t kMagic = 0x5445444e59444d45ULL;  // "EMDYNDET"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kLongestText = 256;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.dump();
}

[[noreturn]] void refuse(std::string_view why) {
  throw DataError(fmt::format("detector snapshot: {}; take a new one with this version", why));
}

}  // namespace

std::span<const Entry> entries() noexcept { return kEntries; }

const Entry& find_entry(std::string_view name) {
  std::array<std::string_view, kEntries.size()> known;
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return kEntries[i];
    known[i] = kEntries[i].name;
  }
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format("unknown detector \"{}\"{}; see detect --list", name,
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string()));
}

std::unique_ptr<AnyDetector> make_detector(std::string_view name, const Params& params) {
  return find_entry(name).make(params);
}

std::vector<std::byte> snapshot(const AnyDetector& detector) {
  StateWriter archive;
  archive(kMagic, kVersion);
  archive.text(detector.name());
  const Json config = detector.config();
  archive(static_cast<std::uint32_t>(config.size()));
  for (const auto& [name, value] : config.items()) {
    archive.text(name);
    archive.text(text_of(value));
  }
  detector.save(archive);
  archive(checksum(archive.bytes()));
  return archive.take();
}

std::unique_ptr<AnyDetector> restore(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) refuse("too short");
  StateReader(bytes.last(sizeof sum))(sum);
  bytes = bytes.first(bytes.size() - sizeof sum);
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  StateReader archive(bytes);
  archive(magic, version);
  if (!archive.ok() || magic != kMagic) refuse("not a snapshot");
  if (version != kVersion) refuse(fmt::format("version {} is not {}", version, kVersion));
  if (checksum(bytes) != sum) refuse("damaged");
  const std::string name = archive.text(kLongestText);
  std::uint32_t count = 0;
  archive(count);
  Params params;
  for (std::uint32_t i = 0; i < count && archive.ok(); ++i) {
    std::string key = archive.text(kLongestText);
    params.insert_or_assign(std::move(key), archive.text(kLongestText));
  }
  if (!archive.ok()) refuse("truncated");
  try {
    auto detector = make_detector(name, params);
    detector->load(archive);
    if (!archive.ok() || !archive.at_end()) refuse("its state does not fit its parameters");
    return detector;
  } catch (const ConfigError& error) {
    refuse(terminal_safe(error.what()));
  }
}

}  // namespace emdyn::detect
