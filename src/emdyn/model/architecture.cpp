#include "emdyn/model/architecture.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <stdexcept>

// What toml++ asserts it takes for granted where NDEBUG is defined, and hostile text can break it
// (a line that ends after "["). So its assertions stay, and throw.
namespace emdyn::model {
namespace {
struct BrokenAssertion : std::logic_error {
  using std::logic_error::logic_error;
};
[[noreturn]] void assertion_broke(const char* what) { throw BrokenAssertion(what); }
}  // namespace
}  // namespace emdyn::model
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : ::emdyn::model::assertion_broke(#expr))
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"

namespace emdyn::model {
namespace {

constexpr std::size_t kLargestText = std::size_t{256} << 10;
// toml++ nests a table for every dot of a key and takes them apart by recursion.
constexpr std::ptrdiff_t kMostDots = 4096;
constexpr std::size_t kMostLayers = 1000;
constexpr int kDeepestBody = 16;
constexpr std::size_t kMostChannels = 4096;
constexpr std::int64_t kLargestExtent = 1 << 20;
constexpr std::int64_t kLargestExample = std::int64_t{1} << 26;

/// A number of a layer: its key, where it goes and its range.
struct Whole {
  std::string_view key;
  std::int64_t LayerPlan::*member;
  std::int64_t low;
  std::int64_t high;
};
constexpr std::array kWholes{
    Whole{"kernel", &LayerPlan::kernel, 1, 1024},   Whole{"stride", &LayerPlan::stride, 1, 1024},
    Whole{"padding", &LayerPlan::padding, 0, 1024}, Whole{"groups", &LayerPlan::groups, 1, 65536},
    Whole{"heads", &LayerPlan::heads, 1, 65536},    Whole{"layers", &LayerPlan::layers, 1, 16}};

/// The keys of a kind beside kind and name.
std::vector<std::string_view> keys_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::conv:
      return {"stride", "padding", "groups", "bias"};
    case LayerKind::linear:
      return {"bias"};
    case LayerKind::max_pool:
    case LayerKind::avg_pool:
      return {"kernel", "stride", "padding"};
    case LayerKind::leaky_relu:
      return {"slope"};
    case LayerKind::normalize:
      return {"mean", "deviation"};
    case LayerKind::batch_norm:
      return {"epsilon"};
    case LayerKind::layer_norm:
      return {"epsilon", "bias"};
    case LayerKind::residual:
      return {"body", "shortcut"};
    case LayerKind::per_frame:
      return {"body"};
    case LayerKind::lstm:
      return {"layers"};
    case LayerKind::attention:
      return {"heads", "bias"};
    default:
      return {};
  }
}

bool has_key(LayerKind kind, std::string_view key) {
  const auto keys = keys_of(kind);
  return std::ranges::find(keys, key) != keys.end();
}

std::optional<double> number_of(const toml::node& node) {
  if (const auto* whole = node.as_integer()) return static_cast<double>(whole->get());
  if (const auto* real = node.as_floating_point()) return real->get();
  return std::nullopt;
}

class ArchitectureReader {
 public:
  explicit ArchitectureReader(std::string_view what) : what_(what) {}

  Architecture read(const toml::table& root) {
    check_keys(root, "the file", {"model", "layer"});
    Architecture architecture;
    const toml::table* model = root["model"].as_table();
    if (model == nullptr) fail("has no [model] table");
    read_model(*model, architecture);
    if (const toml::node* layer = root.get("layer")) architecture.layers = layers(*layer, "", 0);
    return architecture;
  }

 private:
  [[noreturn]] void fail(std::string_view fault) const {
    throw DataError(fmt::format("{}: {}", what_, terminal_safe(fault)));
  }

  void check_keys(const toml::table& table, std::string_view where,
                  const std::vector<std::string_view>& known) const {
    for (const auto& [key, node] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      const auto nearest = nearest_word(key.str(), known);
      fail(fmt::format("line {}: {} has no key {}; {}", node.source().begin.line, where, key.str(),
                       nearest ? fmt::format("did you mean {}?", *nearest)
                               : fmt::format("it knows {}", fmt::join(known, ", "))));
    }
  }

  const toml::node& needed(const toml::table& table, std::string_view where,
                           std::string_view key) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) fail(fmt::format("{} needs the key {}", where, key));
    return *node;
  }

  std::int64_t whole(const toml::node& node, std::string_view where, std::string_view key,
                     std::int64_t low, std::int64_t high) const {
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < low || number->get() > high)
      fail(fmt::format("{}: {} must be a whole number from {} to {}", where, key, low, high));
    return number->get();
  }

  double real(const toml::node& node, std::string_view where, std::string_view key, double low,
              double high) const {
    const auto number = number_of(node);
    if (!number || !(*number >= low && *number <= high))
      fail(fmt::format("{}: {} must be a number from {:g} to {:g}", where, key, low, high));
    return *number;
  }

  std::string text(const toml::node& node, std::string_view where, std::string_view key) const {
    const auto* found = node.as_string();
    if (found == nullptr || found->get().empty() || found->get().size() > 200)
      fail(fmt::format("{}: {} must be a text of 1 to 200 bytes", where, key));
    return found->get();
  }

  std::vector<double> reals(const toml::node& node, std::string_view where,
                            std::string_view key) const {
    const toml::array* list = node.as_array();
    if (list == nullptr || list->empty() || list->size() > kMostChannels)
      fail(fmt::format("{}: {} must be a list of 1 to {} numbers, one a channel", where, key,
                       kMostChannels));
    std::vector<double> numbers;
    for (const toml::node& each : *list) numbers.push_back(real(each, where, key, -1e6, 1e6));
    return numbers;
  }

  void read_model(const toml::table& table, Architecture& architecture) const {
    check_keys(table, "[model]", {"name", "input", "classes", "low", "high"});
    if (const toml::node* name = table.get("name"))
      architecture.name = text(*name, "[model]", "name");
    Signature& signature = architecture.signature;
    const toml::array* input = needed(table, "[model]", "input").as_array();
    if (input == nullptr || input->empty() || input->size() > 4)
      fail("[model]: input must be the shape of one example, such as [1, 28, 28]");
    std::int64_t size = 1;
    for (const toml::node& extent : *input) {
      signature.input.push_back(whole(extent, "[model]", "input", 1, kLargestExtent));
      size *= signature.input.back();
      if (size > kLargestExample) fail("[model]: input has more than 67108864 values");
    }
    signature.classes =
        whole(needed(table, "[model]", "classes"), "[model]", "classes", 1, 1000000);
    if (const toml::node* low = table.get("low"))
      signature.low = real(*low, "[model]", "low", -1e6, 1e6);
    if (const toml::node* high = table.get("high"))
      signature.high = real(*high, "[model]", "high", -1e6, 1e6);
    if (!(signature.low < signature.high)) fail("[model]: low must be less than high");
  }

  std::vector<LayerPlan> layers(const toml::node& node, const std::string& around, int depth) {
    const toml::array* list = node.as_array();
    if (list == nullptr || list->empty()) fail("layers are given as [[layer]] tables");
    if (depth > kDeepestBody)
      fail(fmt::format("bodies are nested more than {} deep", kDeepestBody));
    std::vector<LayerPlan> found;
    for (const toml::node& each : *list) {
      const std::string place = around + std::to_string(found.size());
      const toml::table* table = each.as_table();
      if (table == nullptr) fail("layers are given as [[layer]] tables");
      if (++count_ > kMostLayers) fail(fmt::format("has more than {} layers", kMostLayers));
      found.push_back(layer(*table, place, depth));
    }
    return found;
  }

  LayerPlan layer(const toml::table& table, const std::string& place, int depth) {
    const std::string where = "layer " + place;
    LayerPlan plan;
    const std::string kind = text(needed(table, where, "kind"), where, "kind");
    const auto* known = std::ranges::find(kLayerKindWords, kind);
    if (known == kLayerKindWords.end()) {
      const auto nearest = nearest_word(kind, kLayerKindWords);
      fail(fmt::format("{}: no kind {}; {}", where, kind,
                       nearest ? fmt::format("did you mean {}?", *nearest)
                               : fmt::format("there are {}", fmt::join(kLayerKindWords, ", "))));
    }
    plan.kind = static_cast<LayerKind>(known - kLayerKindWords.begin());
    auto keys = keys_of(plan.kind);
    keys.insert(keys.end(), {"kind", "name"});
    check_keys(table, fmt::format("{} ({})", where, kind), keys);
    plan.name = table.contains("name") ? text(*table.get("name"), where, "name") : place;
    read_numbers(table, where, plan);
    if (const toml::node* body = table.get("body"))
      plan.body = layers(*body, plan.name + ".body.", depth + 1);
    if (const toml::node* shortcut = table.get("shortcut"))
      plan.shortcut = layers(*shortcut, plan.name + ".shortcut.", depth + 1);
    if (has_key(plan.kind, "body") && plan.body.empty()) fail(where + " needs a body");
    return plan;
  }

  void read_numbers(const toml::table& table, const std::string& where, LayerPlan& plan) const {
    for (const Whole& each : kWholes) {
      if (const toml::node* node = table.get(each.key))
        plan.*each.member = whole(*node, where, each.key, each.low, each.high);
    }
    if (has_key(plan.kind, "kernel")) {
      if (plan.kernel == 0) fail(where + " needs the key kernel");
      if (!table.contains("stride")) plan.stride = plan.kernel;
      if (2 * plan.padding > plan.kernel) fail(where + ": padding must be at most half the kernel");
    }
    if (const toml::node* slope = table.get("slope"))
      plan.slope = real(*slope, where, "slope", -1e3, 1e3);
    if (const toml::node* epsilon = table.get("epsilon"))
      plan.epsilon = real(*epsilon, where, "epsilon", 0.0, 1e3);
    if (const toml::node* bias = table.get("bias")) {
      if (bias->as_boolean() == nullptr) fail(where + ": bias must be true or false");
      plan.bias = bias->as_boolean()->get();
    }
    if (plan.kind != LayerKind::normalize) return;
    plan.mean = reals(needed(table, where, "mean"), where, "mean");
    plan.deviation = reals(needed(table, where, "deviation"), where, "deviation");
    if (plan.mean.size() != plan.deviation.size())
      fail(where + ": mean and deviation must be equally long");
    if (std::ranges::any_of(plan.deviation, [](double value) { return value < 1e-6; }))
      fail(where + ": every deviation must be at least 1e-6");
  }

  std::string_view what_;
  std::size_t count_ = 0;
};

toml::array numbers(const std::vector<double>& values) {
  toml::array list;
  for (const double value : values) list.push_back(value);
  return list;
}

toml::array layer_tables(const std::vector<LayerPlan>& layers, const std::string& around) {
  toml::array list;
  for (const LayerPlan& plan : layers) {
    toml::table table;
    table.insert("kind", std::string(word(plan.kind)));
    if (plan.name != around + std::to_string(list.size())) table.insert("name", plan.name);
    const LayerPlan usual;
    for (const Whole& each : kWholes) {
      const bool pool_stride = each.key == "stride" && has_key(plan.kind, "kernel");
      if (has_key(plan.kind, each.key) && (pool_stride || plan.*each.member != usual.*each.member))
        table.insert(each.key, plan.*each.member);
    }
    if (has_key(plan.kind, "slope")) table.insert("slope", plan.slope);
    if (has_key(plan.kind, "epsilon")) table.insert("epsilon", plan.epsilon);
    if (has_key(plan.kind, "bias") && !plan.bias) table.insert("bias", false);
    if (!plan.mean.empty()) table.insert("mean", numbers(plan.mean));
    if (!plan.deviation.empty()) table.insert("deviation", numbers(plan.deviation));
    if (!plan.body.empty()) table.insert("body", layer_tables(plan.body, plan.name + ".body."));
    if (!plan.shortcut.empty())
      table.insert("shortcut", layer_tables(plan.shortcut, plan.name + ".shortcut."));
    list.push_back(std::move(table));
  }
  return list;
}

}  // namespace

Architecture parse_architecture(std::string_view text, std::string_view what) {
  if (text.size() > kLargestText || std::ranges::count(text, '.') > kMostDots)
    throw DataError(fmt::format("{}: too large for an architecture (256 KiB, 4096 dots)", what));
  try {
    return ArchitectureReader(what).read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format("{}: line {}: {}", what, error.source().begin.line,
                                terminal_safe(error.description())));
  } catch (const BrokenAssertion&) {
    throw DataError(fmt::format("{}: not TOML: a key, table or value is cut off", what));
  }
}

Architecture read_architecture(const std::filesystem::path& path) {
  return parse_architecture(read_whole_file(path, kLargestText), terminal_safe(path.string()));
}

std::string architecture_text(const Architecture& architecture) {
  toml::array input;
  for (const std::int64_t extent : architecture.signature.input) input.push_back(extent);
  toml::table model;
  if (!architecture.name.empty()) model.insert("name", architecture.name);
  model.insert("input", std::move(input));
  model.insert("classes", architecture.signature.classes);
  model.insert("low", architecture.signature.low);
  model.insert("high", architecture.signature.high);
  toml::table root;
  root.insert("model", std::move(model));
  if (!architecture.layers.empty()) root.insert("layer", layer_tables(architecture.layers, ""));
  std::ostringstream text;
  text << root << "\n";
  return text.str();
}

}  // namespace emdyn::model
