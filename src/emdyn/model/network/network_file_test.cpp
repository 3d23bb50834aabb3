#include "emdyn/model/network/network_file.hpp"

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/model/data/load.hpp"

namespace emdyn::model {
namespace {

using ::testing::HasSubstr;

const std::string kPlan =
    "[model]\ninput = [2]\nclasses = 1\n[[layer]]\nkind = \"linear\"\nname = \"a\"\n";

std::string network_file_error(const std::string& plan, const Safetensors& weights) {
  try {
    make_network(parse_architecture(plan, "file"), weights);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NetworkFile, SavedAndLoadedIsTheSameNetwork) {
  const Safetensors weights{.tensors = {{"a.bias", {1}, {3}}, {"a.weight", {1, 2}, {1, 2}}}};
  const Network network = make_network(parse_architecture(kPlan, "file"), weights);
  const auto folder = std::filesystem::path(::testing::TempDir()) / "network_file";
  std::filesystem::create_directories(folder);
  save_network(network, folder / "x.safetensors");
  const Network back = load_network(folder / "x.safetensors");
  Ledger ledger;
  EXPECT_EQ(back.logits(at::ones({1, 2}), ledger).item<float>(), 6.0F);
  EXPECT_EQ(weights_of(back), weights);
  EXPECT_EQ(back.signature(), network.signature());
  EXPECT_EQ(architecture_of(back), architecture_of(network));
  std::filesystem::remove_all(folder);
}

TEST(NetworkFile, NamesTheFileThatIsMissing) {
  const auto error_of_loading = [](const std::filesystem::path& weights) -> std::string {
    try {
      load_network(weights);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  const auto folder = std::filesystem::path(::testing::TempDir()) / "network_file_missing";
  std::filesystem::create_directories(folder);
  // An architecture would not help weights that are not there.
  EXPECT_THAT(error_of_loading(folder / "x.safetensors"), HasSubstr("cannot be opened"));
  write_safetensors(folder / "x.safetensors", {.tensors = {{"a.weight", {1, 2}, {1, 2}}}});
  EXPECT_THAT(error_of_loading(folder / "x.safetensors"), HasSubstr("--arch or write"));
  std::filesystem::remove_all(folder);
}

TEST(NetworkFile, TakesWrappersNamesOff) {
  const Architecture plan = parse_architecture(kPlan, "file");
  for (const std::string prefix :
       {"module.", "_orig_mod.", "model.", "_orig_mod.module.", "net.inner."}) {
    Notes notes;
    const Network network = make_network(
        plan, {.tensors = {{prefix + "a.weight", {1, 2}, {1, 2}}, {prefix + "a.bias", {1}, {3}}}},
        &notes);
    EXPECT_EQ(network.layers()[0].tensor("bias").item<float>(), 3.0F) << prefix;
    ASSERT_EQ(notes.size(), 1U) << prefix;
    EXPECT_THAT(notes[0], HasSubstr(prefix));
  }
  Notes notes;
  make_network(plan, {.tensors = {{"a.weight", {1, 2}, {1, 2}}, {"a.bias", {1}, {3}}}}, &notes);
  EXPECT_TRUE(notes.empty());
  // Not all have it: nothing is guessed.
  EXPECT_THAT(network_file_error(
                  kPlan, {.tensors = {{"module.a.weight", {1, 2}, {1, 2}}, {"a.bias", {1}, {3}}}}),
              HasSubstr("the file holds a.bias [1], module.a.weight [1, 2]"));
}

TEST(NetworkFile, NamesWhatDoesNotFit) {
  const StoredTensor weight{"a.weight", {1, 2}, {1, 2}};
  EXPECT_THAT(network_file_error(kPlan, {.tensors = {weight}}),
              HasSubstr("a.bias; the file holds a.weight [1, 2]; say bias = false"));
  EXPECT_EQ(network_file_error(kPlan + "bias = false", {.tensors = {weight}}), "no error");
  EXPECT_THAT(network_file_error(kPlan + "bias = false", {.tensors = {weight, {"b", {1}, {1}}}}),
              HasSubstr("tensor b [1] belongs to no layer"));
  EXPECT_THAT(
      network_file_error(kPlan + "bias = false", {.tensors = {{"a.weight", {1, 3}, {1, 2, 3}}}}),
      HasSubstr("layer a (linear) has a weight of [1, 3], got [2]"));
  EXPECT_THAT(
      network_file_error(kPlan + "bias = false", {.tensors = {{"a.weight", {2, 2}, {1, 2, 3, 4}}}}),
      HasSubstr("should give 1 logits"));
  EXPECT_THAT(
      network_file_error(kPlan + "bias = false", {.tensors = {{"a.weight", {1, 2}, {1, NAN}}}}),
      HasSubstr("not finite"));
}

TEST(NetworkFile, NeedsLayers) {
  EXPECT_THAT(network_file_error("[model]\ninput = [1]\nclasses = 1\n", {}),
              HasSubstr("no [[layer]]"));
}

TEST(NetworkFile, RefusesANetworkThatWouldTakeAllMemory) {
  std::string plan = "[model]\ninput = [1, 8, 8]\nclasses = 1\n";
  Safetensors weights;
  for (int i = 0; i < 20; ++i) {
    plan += "[[layer]]\nkind = \"conv\"\nbias = false\npadding = 1024\n";
    weights.tensors.push_back({std::to_string(i) + ".weight", {1, 1, 1, 1}, {1}});
  }
  EXPECT_THAT(network_file_error(plan, weights), HasSubstr("would give"));
}

// Networks and digits of others: in $EMDYN_SHARED/data, or ../shared/data beside the sources.
class PublishedNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("EMDYN_SHARED");
    data_ =
        std::filesystem::path(given != nullptr ? given : EMDYN_SOURCE_DIR "/../shared") / "data";
    if (!std::filesystem::exists(data_ / "models"))
      GTEST_SKIP() << "SKIPPED: " << data_ << " is absent (set EMDYN_SHARED)";
  }

  int errors(const std::string& weights, const std::string& architecture) const {
    const Network network =
        load_network(data_ / "models" / weights, std::filesystem::path(EMDYN_SOURCE_DIR) /
                                                     "examples" / "models" / architecture);
    const model::data::Dataset digits =
        model::data::load(data_ / "mnist", {.split = model::data::Split::test});
    Ledger ledger;
    int wrong = 0;
    for (std::size_t begin = 0; begin < digits.size(); begin += 1000) {
      const auto batch = digits.example(begin);
      const torch::Tensor logits = network.logits(
          at::from_blob(const_cast<float*>(batch.data()), {1000, 1, 28, 28}, torch::kFloat32),
          ledger);
      const torch::Tensor found = logits.argmax(1).contiguous();
      for (std::size_t i = 0; i < 1000; ++i)
        wrong += found.data_ptr<std::int64_t>()[i] != digits.labels[begin + i];
    }
    return wrong;
  }

  std::filesystem::path data_;
};

// 1.8 % of 10,000 test digits: github.com/locuslab/convex_adversarial.
TEST_F(PublishedNetwork, OfWongAndKolterMakes180Errors) {
  EXPECT_EQ(errors("convex_mnist_eps0.1.safetensors", "convex_mnist_eps0.1.toml"), 180);
}

// 0.94 %, as published for the baseline of github.com/hendrycks/outlier-exposure.
TEST_F(PublishedNetwork, OfOutlierExposureMakes94Errors) {
  EXPECT_EQ(
      errors("outlier_exposure_mnist_baseline_epoch_9.safetensors", "outlier_exposure_mnist.toml"),
      94);
}

}  // namespace
}  // namespace emdyn::model
