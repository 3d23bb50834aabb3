#include "emdyn/terminal/plugin.hpp"

#include <array>

#include "emdyn/core/build_info.hpp"
#include "emdyn/torch_plugin/verbs.hpp"

namespace emdyn::torch_plugin {
namespace {

constexpr std::array kVerbs = {
    terminal::Verb{"bench", "speed of the labs, beside libtorch", run_bench},
    terminal::Verb{"demo", "the main job from end to end", run_demo},
    terminal::Verb{"guard", "how strange is each input, and why", run_guard},
    terminal::Verb{"lab", "simulated experiments", run_lab},
    terminal::Verb{"model", "networks: look at them, train them", run_model},
    terminal::Verb{"stress", "hostile, corrupted and strange inputs", run_stress},
};

constexpr terminal::Plugin kPlugin{terminal::kInterfaceVersion, kCommit, kVerbs};

}  // namespace
}  // namespace emdyn::torch_plugin

extern "C" __attribute__((visibility("default"))) const emdyn::terminal::Plugin*
emdyn_torch_plugin() {
  return &emdyn::torch_plugin::kPlugin;
}
