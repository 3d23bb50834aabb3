#include "emdyn/app/torch_plugin/subject.hpp"

namespace emdyn::app::torch_plugin {

void SubjectOptions::add_to(CLI::App& app) {
  app.add_option("--model", model,
                 "weights of the network (safetensors), TorchScript, or pipe:PATH: a model that "
                 "another process owns (docs/stress.md)")
      ->required();
  app.add_option("--arch", architecture,
                 "its architecture (TOML); default: the weights' name with .toml");
  app.add_flag("--trust", trust, "load TorchScript, which runs code of its maker");
  app.add_option("--data", data, "examples: a folder in MNIST's layout or a file")->required();
  app.add_option("--split", split, "train or test, of data in two parts")
      ->check(CLI::IsMember({"train", "test"}));
  app.add_option("--limit", limit, "only the first so many examples; 0 for all")
      ->capture_default_str();
}

void RunOptions::add_to(CLI::App& app) {
  app.add_option("--threads", threads,
                 "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--json", json, "print one JSON document");
}

}  // namespace emdyn::app::torch_plugin
