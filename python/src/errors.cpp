#include <nanobind/nanobind.h>

#include <filesystem>

#include "bindings.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::python {
namespace {

namespace nb = nanobind;

/// The types live as long as the process: a translator has no place to keep them in.
struct Types {
  PyObject* error = nullptr;
  PyObject* config = nullptr;
  PyObject* data = nullptr;
  PyObject* store = nullptr;
  PyObject* model = nullptr;
  PyObject* unavailable = nullptr;
};
Types& types() {
  static Types kept;
  return kept;
}

PyObject* new_type(nb::module_& module, const char* name, PyObject* also, const char* about) {
  PyObject* base = types().error != nullptr ? types().error : PyExc_Exception;
  const nb::object bases = also != nullptr
                               ? nb::object(nb::make_tuple(nb::handle(base), nb::handle(also)))
                               : nb::borrow(base);
  const std::string qualified = std::string("emdyn.") + name;
  PyObject* type = PyErr_NewExceptionWithDoc(qualified.c_str(), about, bases.ptr(), nullptr);
  if (type == nullptr) throw nb::python_error();
  module.attr(name) = nb::handle(type);
  return type;
}

void translate(const std::exception_ptr& thrown, void*) {
  const Types& known = types();
  try {
    std::rethrow_exception(thrown);
  } catch (const ConfigError& error) {
    PyErr_SetString(known.config, error.what());
  } catch (const DataError& error) {
    PyErr_SetString(known.data, error.what());
  } catch (const StoreError& error) {
    PyErr_SetString(known.store, error.what());
  } catch (const ModelError& error) {
    PyErr_SetString(known.model, error.what());
  } catch (const UnavailableError& error) {
    PyErr_SetString(known.unavailable, error.what());
  } catch (const Error& error) {
    PyErr_SetString(known.error, error.what());
  } catch (const Task::Stopped&) {
    PyErr_SetString(PyExc_KeyboardInterrupt, "stopped");
  } catch (const std::filesystem::filesystem_error& error) {
    PyErr_SetString(known.data, error.what());
  }
}

}  // namespace

void bind_errors(nb::module_& module) {
  Types& known = types();
  known.error = new_type(module, "Error", nullptr, "What every error of emdyn derives from.");
  known.config = new_type(module, "ConfigError", PyExc_ValueError,
                          "A setting that cannot be honoured; the message names it and the mend.");
  known.data = new_type(module, "DataError", PyExc_ValueError, "Input that cannot be read.");
  known.store = new_type(module, "StoreError", PyExc_OSError,
                         "A store that cannot be opened, read or written.");
  known.model = new_type(module, "ModelError", PyExc_ValueError,
                         "A network or its weights that cannot be used.");
  known.unavailable = new_type(module, "UnavailableError", PyExc_RuntimeError,
                               "Something that is not installed here.");
  nb::register_exception_translator(translate);
}

}  // namespace emdyn::python
