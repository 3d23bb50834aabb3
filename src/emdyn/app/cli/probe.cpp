#include <fmt/format.h>

#include <algorithm>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/probe_checkpoint.hpp"
#include "emdyn/probe/registry.hpp"

namespace emdyn::app::cli {
namespace {

using pipeline::CheckpointProbe;
using pipeline::LayerProbe;
using terminal::Table;

std::string extents(const LayerProbe& layer) {
  std::string text;
  for (const std::int64_t extent : layer.shape) {
    text += fmt::format("{}{}", text.empty() ? "" : "x", extent);
  }
  return text.empty() ? "1" : text;
}

std::string alpha_text(const LayerProbe& layer) {
  if (!layer.tail) return "–";
  const std::string fit =
      layer.tail->p_value ? fmt::format(" (p {})", short_number(layer.tail->p_value)) : "";
  return fmt::format("{:.2f} ± {:.2f}{}", layer.tail->alpha.value,
                     layer.tail->alpha.standard_error.value_or(0.0), fit);
}

template <class Record>
std::string count_of(const std::optional<Record>& record, std::size_t Record::*member) {
  return record ? count_text((*record).*member) : "–";
}

/// What stands beside a layer's name in the table.
std::vector<std::string> cells(const LayerProbe& layer, bool compared) {
  const auto& ranks = layer.ranks;
  const auto number = [](const std::optional<double>& value) { return short_number(value); };
  const auto of_ranks = [&](double probe::RankMeasures::*member) {
    return ranks ? short_number((*ranks).*member) : std::string("–");
  };
  std::vector<std::string> row = {layer.name,
                                  extents(layer),
                                  count_text(layer.parameters),
                                  alpha_text(layer),
                                  of_ranks(&probe::RankMeasures::stable_rank),
                                  of_ranks(&probe::RankMeasures::effective_rank),
                                  count_of(layer.noise, &probe::MarchenkoPasturFit::spikes),
                                  count_of(layer.traps, &probe::CorrelationTraps::count),
                                  of_ranks(&probe::RankMeasures::spectral_norm),
                                  number(layer.norm)};
  if (compared) {
    const auto& change = layer.change;
    row.push_back(change ? number(change->relative) : "–");
    row.push_back(change ? number(change->cosine) : "–");
    row.push_back(change && change->subspace_overlap
                      ? fmt::format("{} ({})", number(change->subspace_overlap),
                                    number(change->overlap_by_chance))
                      : "–");
  }
  return row;
}

/// Notes that are alike are one line with a count.
void print_notes(const CheckpointProbe& checkpoint, Console& console) {
  std::vector<std::pair<std::string, std::vector<std::string>>> notes;
  for (const LayerProbe& layer : checkpoint.layers) {
    if (layer.note.empty()) continue;
    const auto known = std::ranges::find(notes, layer.note, [](const auto& n) { return n.first; });
    if (known == notes.end()) {
      notes.push_back({layer.note, {layer.name}});
    } else {
      known->second.push_back(layer.name);
    }
  }
  for (const auto& [note, layers] : notes) {
    console.line(layers.size() == 1 ? fmt::format("  {}: {}", terminal_safe(layers[0]), note)
                                    : fmt::format("  {} layers ({}, …): {}", layers.size(),
                                                  terminal_safe(layers[0]), note));
  }
}

void print_checkpoint(const CheckpointProbe& checkpoint, bool compared, Console& console) {
  const auto matrices = std::ranges::count_if(
      checkpoint.layers, [](const LayerProbe& layer) { return layer.ranks.has_value(); });
  const auto measured = std::ranges::count_if(checkpoint.layers, &LayerProbe::measured);
  console.line(fmt::format(
      "{}: {} parameters in {} tensors; {} matrices, {} vectors or scalars (norms in --json), {} "
      "not measured",
      console.bold(terminal_safe(checkpoint.path)), count_text(checkpoint.parameters),
      checkpoint.layers.size(), matrices, measured - matrices,
      static_cast<std::ptrdiff_t>(checkpoint.layers.size()) - measured));
  std::vector<Table::Column> columns = {{"layer"},
                                        {"shape", Table::Align::right},
                                        {"parameters", Table::Align::right},
                                        {"alpha", Table::Align::right},
                                        {"stable rank", Table::Align::right},
                                        {"effective rank", Table::Align::right},
                                        {"spikes", Table::Align::right},
                                        {"traps", Table::Align::right},
                                        {"spectral norm", Table::Align::right},
                                        {"norm", Table::Align::right}};
  if (compared) {
    columns.insert(columns.end(), {{"change", Table::Align::right},
                                   {"cosine", Table::Align::right},
                                   {"overlap (chance)", Table::Align::right}});
  }
  Table table(columns);
  for (const LayerProbe& layer : checkpoint.layers) {
    if (layer.ranks) table.row(cells(layer, compared));
  }
  if (matrices > 0) table.print(console);
  print_notes(checkpoint, console);
}

/// First and last value of the signals that tell most, one row a layer.
void print_run(const pipeline::CheckpointRun& run, Console& console) {
  console.line(fmt::format("Along the checkpoints (positions: {}):", run.positions_from));
  Table table({{"signal"},
               {"from", Table::Align::right},
               {"to", Table::Align::right},
               {"first", Table::Align::right},
               {"last", Table::Align::right}});
  for (const series::Signal& signal : run.run.signals) {
    if (!signal.name.starts_with("alpha/") && !signal.name.starts_with("stable_rank/")) continue;
    table.row({signal.name, shortest(signal.positions.front()), shortest(signal.positions.back()),
               short_number(signal.values.front()), short_number(signal.values.back())});
  }
  table.print(console);
}

Json run_json(const pipeline::CheckpointRun& run) {
  Json signals = Json::array();
  for (const series::Signal& signal : run.run.signals) {
    Json values = Json::array();
    for (const double value : signal.values) values.push_back(number_or_null(value));
    signals.push_back({{"name", signal.name}, {"positions", signal.positions}, {"values", values}});
  }
  return {{"positions_from", run.positions_from}, {"signals", std::move(signals)}};
}

std::string settings_footer() {
  std::string footer = "Settings:";
  for (const Json& field : describe_fields(pipeline::kProbeFields)) {
    footer += fmt::format("\n  {:<14} {} [{}]", field["name"].get<std::string>(),
                          field["help"].get<std::string>(), json_text(field["default"]));
  }
  return footer;
}

/// One checkpoint after the other; nothing when the user interrupted.
std::optional<std::vector<CheckpointProbe>> probe_all(const std::vector<std::string>& paths,
                                                      const std::string& against,
                                                      const pipeline::ProbeConfig& config,
                                                      Console& console) {
  std::vector<CheckpointProbe> probed;
  const auto other = against.empty() ? std::nullopt : std::optional<std::filesystem::path>(against);
  for (const std::string& path : paths) {
    std::optional<terminal::Progress> progress;
    const Task task(console.stop_flag(), [&](const TaskProgress& told) {
      if (!progress) progress.emplace(console, std::string(told.what), told.planned, "weights");
      progress->update(told.done);
    });
    auto found = pipeline::probe_checkpoint(path, config, other, task);
    if (!found) return std::nullopt;
    probed.push_back(std::move(*found));
  }
  return probed;
}

}  // namespace

int run_probe(Arguments arguments, Console& console) {
  CLI::App app(
      "Measure the weights of checkpoints, layer by layer, whatever the architecture: heavy tails, "
      "noise bulk and spikes, ranks, norms. Several checkpoints are a run.",
      "probe");
  std::vector<std::string> paths;
  std::string against;
  std::vector<std::string> settings;
  bool json = false;
  bool list = false;
  app.add_option("CHECKPOINT", paths,
                 "safetensors file, index of shards (*.safetensors.index.json), or their folder");
  app.add_option("--against", against, "another checkpoint to compare every layer with");
  app.add_option("--set", settings, "NAME=VALUE: a setting below; may be repeated")
      ->allow_extra_args(false);
  app.add_flag("--list", list, "every probe of the library: what it needs, costs and cites");
  app.add_flag("--json", json, "one JSON document");
  app.footer(settings_footer());
  if (!terminal::parse(app, arguments, console)) return kFine;
  if (list) {
    terminal::list_entries("probes", probe::probes().form(), described(probe::probes()), json,
                           console);
    return kFine;
  }
  if (paths.empty()) throw ConfigError("probe: name a CHECKPOINT, or --list");
  pipeline::ProbeConfig config;
  apply_params("probe", pipeline::kProbeFields, terminal::parse_settings(settings, "--set"),
               config);
  const auto probed = probe_all(paths, against, config, console);
  if (!probed) return kInterrupted;
  if (json) {
    Json document{{"checkpoints", *probed},
                  {"against", against.empty() ? Json(nullptr) : Json(against)},
                  {"settings", config_json(pipeline::kProbeFields, config)}};
    document["run"] =
        probed->size() > 1 ? run_json(pipeline::checkpoint_run(*probed)) : Json(nullptr);
    console.json(document);
    return kFine;
  }
  for (const CheckpointProbe& checkpoint : *probed) {
    print_checkpoint(checkpoint, !against.empty(), console);
  }
  if (probed->size() > 1) print_run(pipeline::checkpoint_run(*probed), console);
  return kFine;
}

}  // namespace emdyn::app::cli
