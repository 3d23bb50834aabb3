#include "emdyn/model/network/adapters.hpp"

#include <gmock/gmock.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/script.h>

#include <fstream>
#include <functional>

#include "emdyn/core/error.hpp"
#include "emdyn/model/data/zip.hpp"
#include "emdyn/model/network/network_file.hpp"
#include "emdyn/model/network/shown.hpp"

namespace emdyn::model {
namespace {

using ::testing::HasSubstr;

const Signature kSignature{.input = {2}, .classes = 2};

std::string adapter_error(const std::function<void()>& act) {
  try {
    act();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

class ScriptFile : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A TorchScript file with this body of forward(self, x).
  std::filesystem::path script(const std::string& body) const {
    torch::jit::Module module("m");
    module.define("def forward(self, x):\n  " + body + "\n");
    const auto path = folder_ / "m.pt";
    module.save(path.string());
    return path;
  }

  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) /
                                  ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(BlackBox, AnswersWithoutAGradient) {
  const BlackBox model(kSignature, [](const torch::Tensor& x) { return 2 * x; });
  Ledger ledger;
  EXPECT_EQ(model.logits(torch::ones({3, 2}), ledger)[0][0].item<float>(), 2.0F);
  EXPECT_EQ(ledger, (Ledger{3, 0}));
  const auto loss = [](const torch::Tensor& logits) { return logits.select(1, 0); };
  EXPECT_THAT(adapter_error([&] {
                (void)model.gradient(torch::ones({1, 2}), loss, ledger);
              }),
              HasSubstr("black box"));
  EXPECT_THAT(adapter_error([&] {
                (void)model.features(torch::ones({1, 2}), ledger);
              }),
              HasSubstr("no features"));
}

TEST(BlackBox, WrongAnswersAreNamed) {
  const auto error = [](const BlackBox::Function& function) {
    return adapter_error([&] {
      Ledger ledger;
      (void)BlackBox(kSignature, function).logits(torch::ones({1, 2}), ledger);
    });
  };
  EXPECT_THAT(error([](const torch::Tensor& x) { return x.to(torch::kFloat64); }),
              HasSubstr("gave Double × 1 × 2"));
  EXPECT_THAT(error([](const torch::Tensor& x) { return x.sum(1); }), HasSubstr("gave Float × 1"));
  EXPECT_THAT(error([](const torch::Tensor& x) { return x / 0.0; }), HasSubstr("not finite"));
  EXPECT_THAT(error([](const torch::Tensor&) { return torch::Tensor(); }), HasSubstr("nothing"));
}

TEST(ModuleModel, IsItsModuleInEvaluation) {
  torch::nn::Linear linear(2, 2);
  torch::nn::Sequential sequential(linear, torch::nn::Dropout(0.5));
  const auto model = module_model(kSignature, sequential);
  Ledger ledger;
  const torch::Tensor x = torch::ones({4, 2});
  EXPECT_TRUE(torch::equal(model->logits(x, ledger), linear->forward(x)));
  const auto found = model->gradient(
      x, [](const torch::Tensor& logits) { return logits.select(1, 1); }, ledger);
  EXPECT_TRUE(torch::equal(found.input[2], linear->weight[1]));
  const auto any = module_model(kSignature, torch::nn::AnyModule(linear));
  EXPECT_TRUE(torch::equal(any->logits(x, ledger), linear->forward(x)));
}

TEST(ModuleModel, RefusesWhatDoesNotFit) {
  EXPECT_THAT(adapter_error([] { (void)module_model(kSignature, torch::nn::AnyModule()); }),
              HasSubstr("empty"));
  EXPECT_THAT(adapter_error([] { (void)module_model(kSignature, torch::nn::Sequential()); }),
              HasSubstr("empty"));
  EXPECT_THAT(adapter_error([] {
                (void)module_model(kSignature, torch::nn::AnyModule(torch::nn::Linear(3, 2)));
              }),
              HasSubstr("its module failed"));
  EXPECT_THAT(adapter_error([] {
                (void)module_model(kSignature, torch::nn::AnyModule(torch::nn::Linear(2, 3)));
              }),
              HasSubstr("gave Float × 1 × 3"));
}

TEST_F(ScriptFile, FilesOfTorchSaveAreNamedWithTheirMend) {
  const auto path = folder_ / "weights.pt";
  for (const std::string& bytes :
       {data::zip_bytes(
            {{"archive/data.pkl", "x"}, {"archive/data/0", "y"}, {"archive/version", "3"}}),
        std::string("\x80\x02\x8a\x0a\x6c")}) {
    std::ofstream(path, std::ios::binary) << bytes;
    for (const bool trusted : {false, true}) {
      const std::string error = adapter_error([&] { (void)load_model(path, {}, trusted); });
      EXPECT_THAT(error, HasSubstr("safetensors.torch.save_file(torch.load("));
      EXPECT_THAT(error, ::testing::Not(HasSubstr("--trust")));
    }
  }
}

TEST_F(ScriptFile, RunsOnlyWhenTrusted) {
  const auto path = script("return 2 * x");
  EXPECT_THAT(adapter_error([&] { (void)load_model(path); }), HasSubstr("add --trust"));
  EXPECT_THAT(adapter_error([&] { (void)load_model(path, {}, true); }), HasSubstr("--arch FILE"));
  const auto plan = folder_ / "m.toml";
  std::ofstream(plan) << "[model]\ninput = [2]\nclasses = 2\n";
  const auto model = load_model(path, plan, true);
  Ledger ledger;
  const auto found = model->gradient(
      torch::ones({1, 2}), [](const torch::Tensor& logits) { return logits.select(1, 1); }, ledger);
  EXPECT_TRUE(torch::equal(found.input, torch::tensor({{0.F, 2.F}})));
}

TEST_F(ScriptFile, WithoutAGradientIsAnswersOnly) {
  const auto with = script_model(script("return 2 * x"), kSignature, true);
  EXPECT_TRUE(with->differentiable());
  EXPECT_FALSE(shows_features(*with));
  const torch::Tensor leaf = torch::ones({1, 2}).requires_grad_(true);
  const Shown both = shown(*with, leaf);
  EXPECT_TRUE(both.logits.requires_grad());
  EXPECT_TRUE(torch::equal(both.logits, both.features)) << "logits stand in for features";
  for (const char* body : {"return 2 * x.detach()", "return torch.zeros_like(x) + x.detach()"}) {
    const auto without = script_model(script(body), kSignature, true);
    EXPECT_FALSE(without->differentiable()) << body;
    Ledger ledger;
    EXPECT_THAT(adapter_error([&] {
                  (void)without->gradient(
                      torch::ones({1, 2}),
                      [](const torch::Tensor& logits) { return logits.select(1, 0); }, ledger);
                }),
                HasSubstr("no gradient"));
  }
}

TEST_F(ScriptFile, NamesTheFault) {
  const auto error = [&](const std::string& body) {
    const auto path = script(body);
    return adapter_error([&] { (void)script_model(path, kSignature, true); });
  };
  EXPECT_THAT(error("return (x, x)"), HasSubstr("gives Tuple"));
  EXPECT_THAT(error("return x.sum(1)"), HasSubstr("gave Float × 1"));
  EXPECT_THAT(error("return x / 0"), HasSubstr("not finite"));
  EXPECT_THAT(error("return x.view(5, 5)"), HasSubstr("its TorchScript failed"));
  std::ofstream(folder_ / "x.pt") << "PK\x03\x04 no archive";
  EXPECT_THAT(adapter_error([&] { (void)script_model(folder_ / "x.pt", kSignature, true); }),
              HasSubstr("no TorchScript"));
}

TEST_F(ScriptFile, OtherFilesAreNetworks) {
  const Architecture plan{.signature = kSignature,
                          .layers = {{.kind = LayerKind::linear, .name = "0", .bias = false}}};
  save_network(make_network(plan, {.tensors = {{"0.weight", {2, 2}, {1, 2, 3, 4}}}}),
               folder_ / "n.safetensors");
  Ledger ledger;
  EXPECT_EQ(load_model(folder_ / "n.safetensors")
                ->logits(torch::ones({1, 2}), ledger)[0][1]
                .item<float>(),
            7.0F);
  EXPECT_THROW((void)load_model(folder_ / "absent.safetensors"), DataError);
}

}  // namespace
}  // namespace emdyn::model
