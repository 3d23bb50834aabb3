#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/registry.hpp"
#include "emdyn/core/snapshot.hpp"

namespace emdyn {

/// A registry whose entries make objects that can be saved and restored. `Any` is the boxed object; `Shape` is what
/// Entry::make needs besides the parameters (the number of channels of a detector of rows), kept in the snapshot.
template <RegistryEntry Entry, class Any, class... Shape>
class SnapshotRegistry : public Registry<Entry> {
 public:
  constexpr SnapshotRegistry(const RegistryForm& form, const SnapshotForm& snapshots,
                             std::span<const Entry> entries) noexcept
      : Registry<Entry>(form, entries), snapshots_(snapshots) {}

  /// Name, shape, parameters and state as versioned bytes; replay is bit-exact.
  std::vector<std::byte> snapshot(const Any& object, Shape... shape) const {
    StateWriter archive;
    snapshot_detail::begin(archive, snapshots_, object.name());
    archive(shape...);
    snapshot_detail::write_params(archive, object.config());
    object.save(archive);
    return snapshot_detail::seal(archive);
  }

  /// The bytes may be hostile. @throws DataError when they are no snapshot of this form.
  std::unique_ptr<Any> restore(std::span<const std::byte> bytes) const {
    StateReader archive = snapshot_detail::open(snapshots_, bytes);
    const std::string name = snapshot_detail::read_name(archive);
    std::tuple<Shape...> shape{};
    std::apply(archive, shape);
    const Params params = snapshot_detail::read_params(archive);
    if (!archive.ok()) snapshot_detail::refuse(snapshots_, "truncated");
    try {
      auto object = std::apply(
          [&](Shape... each) {
            const Entry& entry = this->find(name);
            if constexpr (requires { entry.bytes(params, each...); }) {
              // Before it is allocated: a large state must be there to be loaded.
              const double room = kModestBytes + 16.0 * static_cast<double>(bytes.size());
              if (entry.bytes(params, each...) > room) {
                snapshot_detail::refuse(snapshots_, "its parameters do not fit its size");
              }
            }
            return entry.make(params, each...);
          },
          shape);
      object->load(archive);
      if (archive.ok() && archive.at_end()) return object;
    } catch (const ConfigError& error) {
      snapshot_detail::refuse(snapshots_, error.what());
    }
    snapshot_detail::refuse(snapshots_, "its state does not fit its parameters");
  }

 private:
  static constexpr double kModestBytes = 64e6;

  SnapshotForm snapshots_;
};

}  // namespace emdyn
