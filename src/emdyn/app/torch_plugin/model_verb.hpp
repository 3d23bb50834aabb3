#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/core/field.hpp"

namespace emdyn::app::torch_plugin {

/// What `emdyn model` was asked.
struct ModelOptions {
  std::filesystem::path path{};
  std::filesystem::path architecture{};
  std::filesystem::path data{};
  std::filesystem::path out = "emdyn-model";
  std::string kind{};
  std::string store{};
  std::string split{};
  std::string label_column{};
  std::size_t limit = 0;
  bool trust = false;
  Params settings{};
  bool resume = false;
  bool json = false;
};

/// `emdyn model info PATH`: layers, shapes, parameters.
int model_info(const ModelOptions& options, app::terminal::Console& console);
/// `emdyn model test PATH --data DATA`: errors on labelled examples.
int model_test(const ModelOptions& options, app::terminal::Console& console);
/// `emdyn model train KIND --data DIR`.
int model_train(const ModelOptions& options, app::terminal::Console& console);

}  // namespace emdyn::app::torch_plugin
