#include "emdyn/model/files/architecture.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"

namespace emdyn::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kModel = "[model]\ninput = [1, 8, 8]\nclasses = 3\n";

std::string architecture_error(const std::string& text) {
  try {
    parse_architecture(text, "file");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

std::string layer(const std::string& keys) { return kModel + "[[layer]]\n" + keys + "\n"; }

TEST(Architecture, NumbersLayersAsNnSequentialDoes) {
  const Architecture found = parse_architecture(
      layer("kind = \"conv\"\nstride = 2") + "[[layer]]\nkind = \"residual\"\n" +
          "[[layer.body]]\nkind = \"conv\"\nname = \"b\"\nbias = false\n" +
          "[[layer.body]]\nkind = \"relu\"\n" + "[[layer]]\nkind = \"max_pool\"\nkernel = 2\n",
      "file");
  EXPECT_THAT(found.signature.input, ElementsAre(1, 8, 8));
  ASSERT_EQ(found.layers.size(), 3U);
  EXPECT_EQ(found.layers[0], (LayerPlan{.kind = LayerKind::conv, .name = "0", .stride = 2}));
  EXPECT_EQ(found.layers[1].body[0].name, "b");
  EXPECT_FALSE(found.layers[1].body[0].bias);
  EXPECT_EQ(found.layers[1].body[1].name, "1.body.1");
  EXPECT_EQ(found.layers[2].stride, 2) << "a pool's stride is its kernel";
}

TEST(Architecture, WritesWhatItReads) {
  Architecture one{.name = "n", .signature = {.input = {3, 8, 8}, .classes = 2, .high = 255.0}};
  one.layers = {
      {.kind = LayerKind::normalize, .name = "0", .mean = {0.1, 0.2, 1}, .deviation = {1, 2, 0.3}},
      {.kind = LayerKind::residual,
       .name = "block",
       .body = {{.kind = LayerKind::conv, .name = "block.body.0", .bias = false, .padding = 1},
                {.kind = LayerKind::batch_norm, .name = "bn", .epsilon = 1e-3}},
       .shortcut = {{.kind = LayerKind::conv, .name = "s", .groups = 3}}},
      {.kind = LayerKind::max_pool, .name = "2", .kernel = 3, .stride = 1, .padding = 1},
      {.kind = LayerKind::lstm, .name = "3", .layers = 2},
      {.kind = LayerKind::attention, .name = "4", .heads = 4},
      {.kind = LayerKind::leaky_relu, .name = "5", .slope = 0.2}};
  const std::string text = architecture_text(one);
  EXPECT_EQ(parse_architecture(text, "file"), one) << text;
}

TEST(Architecture, NamesTheFault) {
  EXPECT_THAT(architecture_error("model"), HasSubstr("line 1"));
  EXPECT_THAT(architecture_error(""), HasSubstr("no [model]"));
  EXPECT_THAT(architecture_error(kModel + "[\nhigh = 2"),
              HasSubstr("not TOML"));  // An assertion of toml++.
  // Letters that toml++ takes for unreachable where a blank may stand.
  EXPECT_THAT(architecture_error("[model]\ninput = [1, \u0221\n"), HasSubstr("line 2"));
  EXPECT_TRUE(parse_architecture(kModel, "file").layers.empty()) << "enough for TorchScript";
  EXPECT_THAT(architecture_error(kModel + "[layer]\nkind = \"relu\""), HasSubstr("[[layer]]"));
  EXPECT_THAT(architecture_error(layer("kind = \"relo\"")), HasSubstr("did you mean relu"));
  EXPECT_THAT(architecture_error(layer("kind = \"conv\"\nstrid = 2")),
              HasSubstr("did you mean stride"));
  EXPECT_THAT(architecture_error(layer("kind = \"conv\"\nstrid = 2")), HasSubstr("line 6"));
  EXPECT_THAT(architecture_error(layer("kind = \"relu\"\nstride = 2")), HasSubstr("no key stride"));
  EXPECT_THAT(architecture_error(layer("kind = \"conv\"\nstride = 0")),
              HasSubstr("stride must be"));
  EXPECT_THAT(architecture_error(layer("kind = \"conv\"\nstride = 1.5")),
              HasSubstr("stride must be"));
  EXPECT_THAT(architecture_error(layer("kind = \"max_pool\"")), HasSubstr("needs the key kernel"));
  EXPECT_THAT(architecture_error(layer("kind = \"residual\"")), HasSubstr("needs a body"));
  EXPECT_THAT(architecture_error(layer("kind = \"normalize\"\nmean = [0]\ndeviation = [nan]")),
              HasSubstr("deviation must be a number"));
  EXPECT_THAT(architecture_error(layer("kind = \"normalize\"\nmean = [0]\ndeviation = [0]")),
              HasSubstr("at least 1e-6"));
  EXPECT_THAT(
      architecture_error("[model]\ninput = [8]\nclasses = 2\nlow = 1\n[[layer]]\nkind = \"relu\""),
      HasSubstr("low must be less"));
  EXPECT_THAT(architecture_error("[model]\ninput = [65536, 65536]\nclasses = 2\n"),
              HasSubstr("input has"));
}

TEST(Architecture, BoundsDepthAndSize) {
  std::string deep = kModel;
  std::string path = "layer";
  for (int i = 0; i < 20; ++i, path += ".body") deep += "[[" + path + "]]\nkind = \"per_frame\"\n";
  EXPECT_THAT(architecture_error(deep + "[[" + path + "]]\nkind = \"relu\"\n"),
              HasSubstr("16 deep"));
  std::string many = kModel;
  for (int i = 0; i < 1001; ++i) many += "[[layer]]\nkind = \"relu\"\n";
  EXPECT_THAT(architecture_error(many), HasSubstr("1000 layers"));
  std::string dots = "a";
  for (int i = 0; i < 100'000; ++i) dots += ".a";
  EXPECT_THAT(architecture_error(dots + " = 1"), HasSubstr("too large"));
  EXPECT_THAT(architecture_error(dots.substr(0, 8001) + " = 1"), HasSubstr("no key a"));
  EXPECT_THAT(architecture_error("a = " + std::string(50'000, '[')), HasSubstr("line 1"));
}

}  // namespace
}  // namespace emdyn::model
