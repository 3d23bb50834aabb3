#include "emdyn/app/terminal/plugin.hpp"

#include <array>

#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/build_info.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::array kVerbs = {
    app::terminal::Verb{"demo", "the main job from end to end", run_demo},
    app::terminal::Verb{"guard", "how strange is each input, and why", run_guard},
    app::terminal::Verb{"lab", "simulated experiments", run_lab},
    app::terminal::Verb{"model", "networks: look at them, train them", run_model},
    app::terminal::Verb{"stress", "hostile, corrupted and strange inputs", run_stress},
};

constexpr app::terminal::Plugin kPlugin{app::terminal::kInterfaceVersion, kCommit, kVerbs};

}  // namespace
}  // namespace emdyn::app::torch_plugin

extern "C" __attribute__((visibility("default"))) const emdyn::app::terminal::Plugin*
emdyn_torch_plugin() {
  return &emdyn::app::torch_plugin::kPlugin;
}
