#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// What users are told of any detector, be it of samples or of rows.
struct EntryFacts {
  std::string_view name;
  std::string_view summary;
  std::string_view paper;
  std::string_view cost;
  Domain domain;
  EventKind kind;
  Json (*fields)();  ///< Names, types, ranges, defaults and help of its parameters.
};

/// The facts of a detector class of either registry.
template <class D>
constexpr EntryFacts facts_of(Domain domain) {
  return {D::kName, D::kSummary, D::kPaper, D::kCost, domain, D::kKind, [] {
            return describe_fields(D::kFields);
          }};
}

/// How the snapshots of one registry begin, and what they are called in messages.
struct SnapshotForm {
  std::string_view what;  ///< "detector", "detector of rows".
  std::uint64_t magic;
  std::uint32_t version;
};

namespace snapshot_detail {
void begin(StateWriter& archive, const SnapshotForm& form, std::string_view name);
void write_params(StateWriter& archive, const Json& config);
std::vector<std::byte> seal(StateWriter& archive);
/// Past magic, version and checksum. @throws DataError when one of them does not fit.
StateReader open(const SnapshotForm& form, std::span<const std::byte> bytes);
std::string read_name(StateReader& archive);
Params read_params(StateReader& archive);
[[noreturn]] void refuse(const SnapshotForm& form, std::string_view why);
[[noreturn]] void unknown(const SnapshotForm& form, std::string_view name,
                          std::span<const std::string_view> known);
}  // namespace snapshot_detail

/// What a registry does with its one array of entries: find by name, save, restore. `Any` is the
/// boxed detector; `Shape` is what Entry::make needs besides the parameters (the number of channels
/// of a detector of rows), kept in the snapshot.
template <class Entry, class Any, class... Shape>
class EntryList {
 public:
  constexpr EntryList(const SnapshotForm& form, std::span<const Entry> entries)
      : form_(form), entries_(entries) {}

  constexpr std::span<const Entry> entries() const noexcept { return entries_; }

  /// @throws ConfigError for an unknown name, offering the nearest.
  const Entry& find(std::string_view name) const {
    std::vector<std::string_view> known;
    for (const Entry& entry : entries_) {
      if (entry.name == name) return entry;
      known.push_back(entry.name);
    }
    snapshot_detail::unknown(form_, name, known);
  }

  std::vector<std::byte> snapshot(const Any& detector, Shape... shape) const {
    StateWriter archive;
    snapshot_detail::begin(archive, form_, detector.name());
    archive(shape...);
    snapshot_detail::write_params(archive, detector.config());
    detector.save(archive);
    return snapshot_detail::seal(archive);
  }

  /// The bytes may be hostile. @throws DataError when they are no snapshot of this form.
  std::unique_ptr<Any> restore(std::span<const std::byte> bytes) const {
    StateReader archive = snapshot_detail::open(form_, bytes);
    const std::string name = snapshot_detail::read_name(archive);
    std::tuple<Shape...> shape{};
    std::apply(archive, shape);
    const Params params = snapshot_detail::read_params(archive);
    if (!archive.ok()) snapshot_detail::refuse(form_, "truncated");
    try {
      auto detector = std::apply(
          [&](Shape... each) {
            const Entry& entry = find(name);
            if constexpr (requires { entry.bytes(params, each...); }) {
              // Before it is allocated: a large state must be there to be loaded.
              const double room = kModestBytes + 16.0 * static_cast<double>(bytes.size());
              if (entry.bytes(params, each...) > room) {
                snapshot_detail::refuse(form_, "its parameters do not fit its size");
              }
            }
            return entry.make(params, each...);
          },
          shape);
      detector->load(archive);
      if (archive.ok() && archive.at_end()) return detector;
    } catch (const ConfigError& error) {
      snapshot_detail::refuse(form_, error.what());
    }
    snapshot_detail::refuse(form_, "its state does not fit its parameters");
  }

 private:
  static constexpr double kModestBytes = 64e6;

  SnapshotForm form_;
  std::span<const Entry> entries_;
};

}  // namespace emdyn::detect
