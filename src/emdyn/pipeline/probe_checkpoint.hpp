#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/probe/geometry/weight_change.hpp"
#include "emdyn/probe/spectra/correlation_traps.hpp"
#include "emdyn/probe/spectra/heavy_tail.hpp"
#include "emdyn/probe/spectra/marchenko_pastur.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"
#include "emdyn/series/run.hpp"

/// Measures the weights of checkpoint files of any architecture, tensor by tensor.
namespace emdyn::pipeline {

struct ProbeConfig {
  std::int64_t least_tail = 10;
  std::int64_t replicates = 0;
  double level = 0.99;
  bool traps = true;
  std::int64_t directions = 8;
  std::int64_t largest_side = 4096;
  std::int64_t seed = 0;
};
inline constexpr std::array kProbeFields{
    Field<ProbeConfig>{"least_tail", &ProbeConfig::least_tail, 5, 1e6,
                       "eigenvalues that a heavy tail holds at least"},
    Field<ProbeConfig>{"replicates", &ProbeConfig::replicates, 0, 1e5,
                       "bootstrap replicates of each tail's p-value; 0: none"},
    Field<ProbeConfig>{"level", &ProbeConfig::level, 0.5, 0.9999,
                       "probability that pure noise has no spike and no trap"},
    Field<ProbeConfig>{"traps", &ProbeConfig::traps, 0, 0,
                       "look for correlation traps; twice the time"},
    Field<ProbeConfig>{"directions", &ProbeConfig::directions, 1, 64,
                       "leading singular directions compared with the other checkpoint"},
    Field<ProbeConfig>{"largest_side", &ProbeConfig::largest_side, 4, 65536,
                       "smaller sides above it get norms only: a spectrum costs the cube of it"},
    Field<ProbeConfig>{"seed", &ProbeConfig::seed, 0, 1e15, "of shuffles and replicates"},
};

/// What one tensor says. A tensor of two or more extents is taken as a matrix: the first extent by
/// all others, which for a convolution is [out, in · height · width].
struct LayerProbe {
  std::string name{};
  std::string type{};
  std::vector<std::int64_t> shape{};
  std::uint64_t parameters = 0;
  bool measured = false;         ///< False for integers and types that are not read: see `note`.
  std::uint64_t nonfinite = 0;   ///< NaN and infinite weights.
  std::optional<double> norm{};  ///< Frobenius; absent with non-finite weights.
  std::optional<probe::RankMeasures> ranks{};  ///< Of matrices with both sides above 1.
  std::optional<probe::HeavyTail> tail{};
  std::optional<probe::MarchenkoPasturFit> noise{};
  std::optional<probe::CorrelationTraps> traps{};
  std::optional<probe::WeightChange> change{};  ///< Against the other checkpoint.
  std::string note{};                           ///< Why something is absent, and how to mend it.
};

struct CheckpointProbe {
  std::string path{};
  std::size_t files = 0;
  std::uint64_t parameters = 0;      ///< Of the measured tensors.
  std::vector<LayerProbe> layers{};  ///< In the order of the file.
};

/// Measures every tensor of a checkpoint, one batch of tensors at a time: the batch's memory stays
/// below what the largest tensor alone takes (its values as float32, twice with `against`, and 16
/// bytes for each squared entry of the smaller side). Records do not depend on the number of
/// threads.
/// @param path see model::TensorFile. @param against another checkpoint, compared by tensor name.
/// @param task hears of weights as layers finish, one thread at a time.
/// @return nothing when the task was stopped.
/// @throws DataError naming file, tensor and fault; ConfigError.
std::optional<CheckpointProbe> probe_checkpoint(
    const std::filesystem::path& path, const ProbeConfig& config = {},
    const std::optional<std::filesystem::path>& against = std::nullopt, const Task& task = {});

/// Several checkpoints of one training as a run: signals "alpha/<layer>", "stable_rank/<layer>", …
/// along the positions.
struct CheckpointRun {
  series::Run run{};
  std::string positions_from{};  ///< What acts as the position: said to the user.
};

/// Positions are the last numbers in the files' names (or, where those say nothing, in their
/// folders' names) when they differ, else 0, 1, … as given. Checkpoints are put in that order;
/// layers that one lacks leave a gap. @throws DataError for no checkpoint.
CheckpointRun checkpoint_run(std::span<const CheckpointProbe> checkpoints);

void to_json(Json& json, const LayerProbe& layer);
void to_json(Json& json, const CheckpointProbe& checkpoint);

}  // namespace emdyn::pipeline
