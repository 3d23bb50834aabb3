#include <array>

#include "emdyn/app/terminal/plugin.hpp"
#include "emdyn/core/build_info.hpp"
#include "verbs.hpp"

namespace emdyn::bench {
namespace {

constexpr std::array kTorchVerbs{
    app::terminal::Verb{"lab", "training steps per second, cost of probes", &run_lab},
    app::terminal::Verb{"stress", "what the attacks' driver saves", &run_stress},
};

constexpr app::terminal::Plugin kPlugin{app::terminal::kInterfaceVersion, kCommit, kTorchVerbs};

}  // namespace
}  // namespace emdyn::bench

extern "C" __attribute__((visibility("default"))) const emdyn::app::terminal::Plugin*
emdyn_torch_plugin() {
  return &emdyn::bench::kPlugin;
}
