#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/probe_checkpoint.hpp"

namespace emdyn::pipeline {
namespace {

/// The last run of digits in a text, or nothing.
std::optional<double> last_number(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t end = text.find_last_of(kDigits);
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t before = text.find_last_not_of(kDigits, end);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return parse_double(text.substr(begin, end + 1 - begin));
}

std::string file_part(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  const std::size_t ending = name.find(".safetensors");
  if (ending != std::string::npos) name.resize(ending);
  return name;
}

std::string folder_part(const std::string& path) {
  return std::filesystem::path(path).parent_path().filename().string();
}

struct Positions {
  std::vector<double> values;
  std::string from;
};

Positions positions(std::span<const CheckpointProbe> checkpoints) {
  const std::pair<const char*, std::string (*)(const std::string&)> parts[] = {
      {"numbers in the file names", file_part}, {"numbers in the folder names", folder_part}};
  for (const auto& [from, part] : parts) {
    std::set<double> seen;
    Positions found{{}, from};
    for (const CheckpointProbe& checkpoint : checkpoints) {
      const auto number = last_number(part(checkpoint.path));
      if (!number) break;
      found.values.push_back(*number);
      seen.insert(*number);
    }
    if (checkpoints.size() > 1 && seen.size() == checkpoints.size()) return found;
  }
  Positions order{std::vector<double>(checkpoints.size()), "the order given"};
  std::iota(order.values.begin(), order.values.end(), 0.0);
  return order;
}

/// Name of a signal without its layer, and its value where the layer has one.
using Value = std::pair<const char*, std::optional<double>>;

std::vector<Value> values_of(const LayerProbe& layer) {
  std::vector<Value> values = {{"weight_norm", layer.norm}};
  if (layer.ranks) {
    values.insert(values.end(), {{"spectral_norm", layer.ranks->spectral_norm},
                                 {"stable_rank", layer.ranks->stable_rank},
                                 {"effective_rank", layer.ranks->effective_rank},
                                 {"participation_ratio", layer.ranks->participation_ratio}});
  }
  if (layer.tail) values.emplace_back("alpha", layer.tail->alpha.value);
  if (layer.noise) values.emplace_back("spikes", static_cast<double>(layer.noise->spikes));
  if (layer.traps) values.emplace_back("traps", static_cast<double>(layer.traps->count));
  if (layer.change) {
    values.insert(values.end(), {{"change", layer.change->relative},
                                 {"change_cosine", layer.change->cosine},
                                 {"subspace_overlap", layer.change->subspace_overlap}});
  }
  return values;
}

}  // namespace

CheckpointRun checkpoint_run(std::span<const CheckpointProbe> checkpoints) {
  if (checkpoints.empty()) throw DataError("a run needs at least one checkpoint");
  const Positions at = positions(checkpoints);
  std::vector<std::size_t> order(checkpoints.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return at.values[i]; });
  CheckpointRun result;
  result.positions_from = at.from;
  result.run.info.name = file_part(checkpoints[order.front()].path);
  result.run.info.status = series::RunStatus::finished;
  result.run.info.source = "probe";
  std::map<std::string, std::size_t> known;
  for (const std::size_t i : order) {
    for (const LayerProbe& layer : checkpoints[i].layers) {
      if (!layer.measured) continue;
      for (const auto& [measure, value] : values_of(layer)) {
        const std::string name = std::string(measure) + "/" + layer.name;
        const auto [signal, fresh] = known.emplace(name, result.run.signals.size());
        if (fresh) result.run.signals.push_back({.name = name});
        // A measure that failed is a NaN: stored, counted, never a gap in silence.
        result.run.signals[signal->second].append(
            at.values[i], value.value_or(std::numeric_limits<double>::quiet_NaN()));
      }
    }
  }
  return result;
}

}  // namespace emdyn::pipeline
