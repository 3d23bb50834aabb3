#include <nanobind/nanobind.h>

#include <string>

#include "bindings.hpp"
#include "emdyn/core/build_info.hpp"

NB_MODULE(_native, module) {
  module.doc() = "What emdyn's Python package is made of; use the package, not this.";
  module.attr("version") = std::string(emdyn::kVersion).c_str();
  emdyn::python::bind_errors(module);
  emdyn::python::bind_live_run(module);
  emdyn::python::bind_detect(module);
  emdyn::python::bind_runs(module);
  emdyn::python::bind_guard(module);
}
