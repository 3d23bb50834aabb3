
#include "bindings.hpp"
#include "emdyn/core/error.hpp"
#include "live_run.hpp"
#include "values.hpp"

namespace emdyn::python {
namespace {

using collect::monitor::Overflow;

LiveRun::Options options_of(const std::string& store, const std::string& name,
                            nb::handle configuration, const nb::dict& how) {
  LiveRun::Options options;
  options.store = store;
  options.about.name = name;
  options.about.configuration = from_python(configuration);
  options.about.source = "python";
  for (const auto& [key, value] : how) {
    const std::string option = nb::str(key).c_str();
    if (option == "tags") {
      for (nb::handle tag : nb::iter(value)) options.about.tags.emplace_back(nb::str(tag).c_str());
    } else if (option == "seed") {
      if (!value.is_none()) options.about.seed = nb::cast<std::uint64_t>(value);
    } else if (option == "axis") {
      options.axis = series::axis_from_word(nb::cast<std::string>(value));
    } else if (option == "wait") {
      options.monitor.overflow = nb::cast<bool>(value) ? Overflow::wait : Overflow::drop;
    } else if (option == "detect") {
      options.monitor.recorder.detect = nb::cast<bool>(value);
    } else if (option == "false_discovery_rate") {
      options.monitor.recorder.false_discovery_rate = nb::cast<double>(value);
    } else if (option == "forecast") {
      options.forecast = nb::cast<bool>(value);
    } else if (option == "deadline") {
      if (!value.is_none()) options.deadline = nb::cast<double>(value);
    } else if (option == "detection") {
      const auto detection = nb::cast<nb::dict>(value);
      nb::dict rest;
      std::string detector(detect::kDefaultDetector);
      for (const auto& [each, given] : detection) {
        if (std::string(nb::str(each).c_str()) == "detector") {
          detector = nb::str(given).c_str();
        } else {
          rest[each] = given;
        }
      }
      options.monitor.recorder.detection = detect_options(detector, rest);
    } else {
      throw ConfigError("init() has no option " + option);
    }
  }
  return options;
}

series::RunStatus status_of(const std::string& word) { return series::run_status_from_word(word); }

nb::object event_object(const series::Event& event) { return to_python(Json(event)); }

/// Py_VISIT wants its last parameter called `arg`.
int traverse_live_run(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self)) return 0;
  return nb::inst_ptr<LiveRun>(self)->traverse(visit, arg);
}
int clear_live_run(PyObject* self) {
  nb::inst_ptr<LiveRun>(self)->clear();
  return 0;
}
PyType_Slot live_run_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse_live_run)},
                                {Py_tp_clear, reinterpret_cast<void*>(clear_live_run)},
                                {0, nullptr}};

/// Where emdyn.log() goes; of the process, as in every library that has such a function.
struct Current {
  nb::object run;  // Keeps `live` alive; None: nobody called init().
  LiveRun* live = nullptr;
  nb::object absent;  // Called where there is no run.
};
Current& current() {
  static auto* kept = new Current;  // Never destroyed: Python may be gone by then.
  return *kept;
}

void log_to_current(nb::handle values, nb::handle step) {
  const Current& now = current();
  if (now.live == nullptr) [[unlikely]] {
    if (now.absent.is_valid()) now.absent();
    return;
  }
  now.live->log(values, step);
}

void set_current(nb::object run, nb::object absent) {
  Current& now = current();
  now.live = run.is_none() ? nullptr : nb::cast<LiveRun*>(run);
  now.run = std::move(run);
  now.absent = std::move(absent);
}

}  // namespace

void bind_live_run(nb::module_& module) {
  module.def("log", &log_to_current, nb::arg("values"), nb::arg("step") = nb::none(),
             "log(values, step=None): one step's values to the run that init() started.");
  module.def("set_current", &set_current, nb::arg("run").none(), nb::arg("absent").none());
  nb::class_<LiveRun>(module, "LiveRun", nb::type_slots(live_run_slots))
      .def(
          "__init__",
          [](LiveRun* self, const std::string& store, const std::string& name,
             nb::handle configuration, const nb::dict& how, nb::object complain) {
            new (self) LiveRun(options_of(store, name, configuration, how), std::move(complain));
          },
          nb::arg("store"), nb::arg("name"), nb::arg("configuration"), nb::arg("options"),
          nb::arg("complain"))
      .def("log", &LiveRun::log, nb::arg("values"), nb::arg("step") = nb::none())
      .def("log_value", &LiveRun::log_value, nb::arg("name"), nb::arg("value"),
           nb::arg("step") = nb::none())
      .def(
          "log_many",
          [](LiveRun& run, const std::string& name, const Samples& values,
             const std::optional<Samples>& steps) {
            run.log_many(name, steps ? span_of(*steps) : std::span<const double>{},
                         span_of(values));
          },
          nb::arg("name"), nb::arg("values"), nb::arg("steps") = nb::none())
      .def(
          "log_row",
          [](LiveRun& run, nb::list names, nb::list values, nb::handle step, double alpha) {
            nb::list list;
            for (const series::Event& event : run.log_row(names, values, step, alpha))
              list.append(event_object(event));
            return list;
          },
          nb::arg("names"), nb::arg("values"), nb::arg("step"), nb::arg("alpha"))
      .def("record", [](LiveRun& run,
                        nb::handle event) { run.record(from_python(event).get<series::Event>()); })
      .def("set_configuration",
           [](LiveRun& run, nb::handle configuration) {
             run.set_configuration(from_python(configuration));
           })
      .def("set_notes", [](LiveRun& run, nb::handle notes) { run.set_notes(from_python(notes)); })
      .def("flush", &LiveRun::flush)
      .def("finish", [](LiveRun& run, const std::string& status) { run.finish(status_of(status)); })
      .def("on_pending", &LiveRun::on_pending, nb::arg("call").none())
      .def("take_events",
           [](LiveRun& run) {
             nb::list list;
             for (const series::Event& event : run.take_events()) list.append(event_object(event));
             return list;
           })
      .def_prop_ro("has_events", &LiveRun::has_events)
      .def_prop_ro("last_event",
                   [](const LiveRun& run) {
                     const auto event = run.last_event();
                     return event ? event_object(*event) : nb::none();
                   })
      .def_prop_ro("id", &LiveRun::id)
      .def_prop_ro("closed", &LiveRun::closed)
      .def_prop_ro("next_step", &LiveRun::next_step)
      .def_prop_ro("points", [](const LiveRun& run) { return run.monitor()->points(); })
      .def_prop_ro("dropped", [](const LiveRun& run) { return run.monitor()->dropped(); })
      .def_prop_ro("nonfinite", [](const LiveRun& run) { return run.monitor()->nonfinite(); })
      .def_prop_ro("events", [](const LiveRun& run) { return run.monitor()->events(); });
}

}  // namespace emdyn::python
