#include "emdyn/pipeline/probe_checkpoint.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/files/safetensors.hpp"

namespace emdyn::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

class ProbeCheckpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / (std::string("emdyn-probe-") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const model::Safetensors& content) const {
    fs::create_directories((folder_ / name).parent_path());
    model::write_safetensors(folder_ / name, content);
    return folder_ / name;
  }
  fs::path folder_;
};

model::Safetensors network(std::uint64_t seed) {
  return {.tensors = {{"a.weight", {40, 30}, noise(1200, seed)},
                      {"b.weight", {8, 4, 3, 3}, noise(288, seed + 1)},
                      {"b.bias", {8}, noise(8, seed + 2)},
                      {"c.scalar", {}, {4.0F}}}};
}

TEST_F(ProbeCheckpoint, MeasuresEveryLayer) {
  const auto probed = probe_checkpoint(write("n.safetensors", network(1)));
  ASSERT_EQ(probed->layers.size(), 4U);
  EXPECT_EQ(probed->parameters, 1200U + 288U + 8U + 1U);
  const LayerProbe& dense = probed->layers[0];
  EXPECT_EQ(dense.name, "a.weight");
  EXPECT_NEAR(*dense.norm, dense.ranks->frobenius_norm, 1e-9);
  EXPECT_EQ(dense.ranks->numerical_rank, 30U);
  EXPECT_GT(dense.tail->alpha.value, 1.0);
  EXPECT_EQ(dense.noise->spikes, 0U);
  EXPECT_NEAR(dense.noise->variance.value, 1.0, 4.0 * *dense.noise->variance.standard_error);
  EXPECT_EQ(dense.traps->count, 0U);
  EXPECT_FALSE(dense.change.has_value());
  // A convolution is [out, in · height · width]: its smaller side is 8.
  const LayerProbe& convolution = *std::ranges::find(probed->layers, "b.weight", &LayerProbe::name);
  EXPECT_EQ(convolution.ranks->numerical_rank, 8U);
  EXPECT_FALSE(convolution.tail.has_value());
  EXPECT_THAT(convolution.note, HasSubstr("no tail: 8 eigenvalues"));
  const LayerProbe& bias = *std::ranges::find(probed->layers, "b.bias", &LayerProbe::name);
  EXPECT_TRUE(bias.norm.has_value());
  EXPECT_FALSE(bias.ranks.has_value());
  EXPECT_EQ(*std::ranges::find(probed->layers, "c.scalar", &LayerProbe::name)->norm, 4.0);
}

TEST_F(ProbeCheckpoint, BadLayersAreDefined) {
  auto broken = network(1);
  broken.tensors[0].values[7] = NAN;
  broken.tensors[1].values.assign(288, 0.0F);
  broken.tensors.push_back({"d.weight", {12, 12}, std::vector<float>(144, 2.5F)});
  broken.tensors.push_back({"e.row", {1, 20}, noise(20, 3)});
  broken.tensors.push_back({"f.nan", {4, 4}, std::vector<float>(16, NAN)});
  const auto probed = probe_checkpoint(write("n.safetensors", broken));
  const auto layer = [&](std::string_view name) -> const LayerProbe& {
    return *std::ranges::find(probed->layers, name, &LayerProbe::name);
  };
  EXPECT_EQ(layer("a.weight").nonfinite, 1U);
  EXPECT_THAT(layer("a.weight").note, HasSubstr("1 of 1200 weights are not finite"));
  EXPECT_FALSE(layer("a.weight").norm.has_value());
  EXPECT_EQ(layer("b.weight").ranks->numerical_rank, 0U);
  EXPECT_THAT(layer("b.weight").note, HasSubstr("all weights are zero"));
  EXPECT_EQ(layer("d.weight").ranks->numerical_rank, 1U);
  EXPECT_EQ(layer("d.weight").noise->spikes, 1U);
  EXPECT_EQ(layer("d.weight").traps->count, 0U);
  EXPECT_FALSE(layer("e.row").ranks.has_value());
  EXPECT_EQ(layer("f.nan").nonfinite, 16U);
}

TEST_F(ProbeCheckpoint, WholeNumbersAndUnknownTypesAreSkippedWithANote) {
  const std::string header = R"({"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("q":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[8,10]}})";
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  replace_file(folder_ / "n.safetensors", bytes + header + std::string(10, 'x'));
  const auto probed = probe_checkpoint(folder_ / "n.safetensors");
  ASSERT_EQ(probed->layers.size(), 2U);
  EXPECT_FALSE(probed->layers[0].measured);
  EXPECT_THAT(probed->layers[0].note, HasSubstr("whole numbers"));
  EXPECT_THAT(probed->layers[1].note, HasSubstr("F8_E5M2 is not read"));
  EXPECT_EQ(probed->parameters, 0U);
}

TEST_F(ProbeCheckpoint, ComparesByName) {
  const auto before = write("before.safetensors", network(1));
  auto moved = network(1);
  for (float& value : moved.tensors[0].values) value *= 1.5F;
  moved.tensors[2].shape = {2, 4};
  moved.tensors[3].name = "renamed";
  const auto probed = probe_checkpoint(write("now.safetensors", moved), {}, before);
  EXPECT_NEAR(probed->layers[0].change->relative, 0.5, 1e-6);
  EXPECT_NEAR(probed->layers[0].change->cosine, 1.0, 1e-9);
  EXPECT_NEAR(*probed->layers[0].change->subspace_overlap, 1.0, 1e-6);
  const auto layer = [&](std::string_view name) -> const LayerProbe& {
    return *std::ranges::find(probed->layers, name, &LayerProbe::name);
  };
  EXPECT_EQ(layer("b.weight").change->relative, 0.0);
  EXPECT_THAT(layer("b.bias").note, HasSubstr("another shape"));
  EXPECT_THAT(layer("renamed").note, HasSubstr("not in the other checkpoint"));
}

TEST_F(ProbeCheckpoint, LargeSidesGetNormsOnly) {
  const auto path = write("n.safetensors", network(1));
  const auto probed = probe_checkpoint(path, {.largest_side = 20}, path);
  EXPECT_THAT(probed->layers[0].note, HasSubstr("smaller side 30 is above largest_side 20"));
  EXPECT_TRUE(probed->layers[0].norm.has_value());
  EXPECT_EQ(probed->layers[0].change->relative, 0.0);
  EXPECT_THROW(probe_checkpoint(path, {.largest_side = 0}), ConfigError);
}

TEST_F(ProbeCheckpoint, DoesNotDependOnThreadsAndCanBeStopped) {
  const auto path = write("n.safetensors", network(1));
  const Json free = *probe_checkpoint(path, {.replicates = 5});
  {
    const ThreadLimit one(1);
    EXPECT_EQ(Json(*probe_checkpoint(path, {.replicates = 5})), free);
  }
  std::uint64_t last = 0;
  std::atomic<bool> stop = false;
  const Task task(&stop, [&](const TaskProgress& progress) {
    EXPECT_GT(progress.done, last);
    last = progress.done;
    EXPECT_EQ(progress.planned, 1497U);
  });
  EXPECT_TRUE(probe_checkpoint(path, {}, std::nullopt, task).has_value());
  EXPECT_EQ(last, 1497U);
  stop = true;
  EXPECT_FALSE(probe_checkpoint(path, {}, std::nullopt, task).has_value());
}

TEST_F(ProbeCheckpoint, SeveralAreARunAlongTheirNumbers) {
  std::vector<CheckpointProbe> probed;
  for (const char* name : {"step_2000.safetensors", "step_500.safetensors"}) {
    probed.push_back(*probe_checkpoint(write(name, network(probed.size()))));
  }
  const CheckpointRun run = checkpoint_run(probed);
  EXPECT_EQ(run.positions_from, "numbers in the file names");
  const series::Signal* rank = run.run.find("stable_rank/a.weight");
  ASSERT_NE(rank, nullptr);
  EXPECT_THAT(rank->positions, ElementsAre(500.0, 2000.0));
  EXPECT_THAT(rank->values, ElementsAre(probed[1].layers[0].ranks->stable_rank,
                                        probed[0].layers[0].ranks->stable_rank));
  EXPECT_NE(run.run.find("weight_norm/b.bias"), nullptr);
  EXPECT_EQ(run.run.find("alpha/b.bias"), nullptr);
}

TEST_F(ProbeCheckpoint, FoldersOrTheOrderGiveThePositionElse) {
  std::vector<CheckpointProbe> probed;
  for (const char* name : {"checkpoint-20/model.safetensors", "checkpoint-9/model.safetensors"}) {
    probed.push_back(*probe_checkpoint(write(name, network(probed.size()))));
  }
  EXPECT_EQ(checkpoint_run(probed).positions_from, "numbers in the folder names");
  EXPECT_THAT(checkpoint_run(probed).run.signals[0].positions, ElementsAre(9.0, 20.0));
  probed[0].path = "before.safetensors";
  EXPECT_EQ(checkpoint_run(probed).positions_from, "the order given");
  EXPECT_THAT(checkpoint_run(probed).run.signals[0].positions, ElementsAre(0.0, 1.0));
  EXPECT_THROW(checkpoint_run({}), DataError);
}

TEST_F(ProbeCheckpoint, RefusesWhatIsNoCheckpoint) {
  EXPECT_THROW(probe_checkpoint(folder_ / "none.safetensors"), DataError);
  replace_file(folder_ / "n.safetensors", "nonsense and more of it");
  EXPECT_THROW(probe_checkpoint(folder_ / "n.safetensors"), DataError);
  EXPECT_THROW(probe_checkpoint(folder_), DataError) << "a truncated file in a folder";
}

}  // namespace
}  // namespace emdyn::pipeline
