#pragma once
#include <nanobind/nanobind.h>

/// What module.cpp puts together; one function a file.
namespace emdyn::python {

/// The exceptions of emdyn: Error and what derives from it.
void bind_errors(nanobind::module_& module);
/// LiveRun: a monitor under a training.
void bind_live_run(nanobind::module_& module);
/// Detector and SignalWatch, and what looks at an array as a whole.
void bind_detect(nanobind::module_& module);
/// Store, files, analyses, forecasts, reports.
void bind_runs(nanobind::module_& module);
/// FeatureGuard: how strange single inputs are, from features and logits.
void bind_guard(nanobind::module_& module);

}  // namespace emdyn::python
