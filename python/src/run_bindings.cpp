#include <nanobind/stl/vector.h>

#include <algorithm>

#include "bindings.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/pipeline/probe_checkpoint.hpp"
#include "emdyn/pipeline/run_report.hpp"
#include "emdyn/pipeline/source.hpp"
#include "values.hpp"

namespace emdyn::python {
namespace {

using collect::store::Mode;
using collect::store::Store;

/// A run in memory, its signals as arrays.
struct History {
  series::Run run;
};

template <class Work>
auto without_gil(Work&& work) {
  const nb::gil_scoped_release release;
  return work();
}

nb::object signal_object(const series::Signal& signal) {
  nb::dict made;
  made["name"] = signal.name.c_str();
  made["axis"] = std::string(series::word(signal.axis)).c_str();
  made["positions"] = nb::cast(to_array(signal.positions));
  made["values"] = nb::cast(to_array(signal.values));
  made["seconds"] = signal.seconds.empty() ? nb::none() : nb::cast(to_array(signal.seconds));
  nb::list segments;
  for (const std::size_t segment : signal.segments) segments.append(segment);
  made["segments"] = segments;
  return made;
}

nb::object info_object(const series::RunInfo& info) {
  Json json{{"id", info.id},
            {"name", info.name},
            {"status", series::word(info.status)},
            {"created", info.created},
            {"configuration", info.configuration},
            {"tags", info.tags},
            {"source", info.source},
            {"notes", info.notes}};
  return to_python(json);
}

nb::object records_object(const History& history, const std::string& kind) {
  const series::Run& run = history.run;
  Json list = Json::array();
  if (kind == "events") {
    list = run.events;
  } else if (kind == "transitions") {
    list = run.transitions;
  } else if (kind == "forecasts") {
    list = run.forecasts;
  } else {
    list = run.attributions;
  }
  return to_python(list);
}

const series::Signal& find_signal(const History& history, const std::string& name) {
  if (const series::Signal* signal = history.run.find(name)) return *signal;
  std::vector<std::string_view> known;
  for (const series::Signal& each : history.run.signals) known.push_back(each.name);
  const auto nearest = nearest_word(name, known);
  throw DataError(
      "the run has no signal \"" + terminal_safe(name) + "\"" +
      (nearest ? "; did you mean \"" + terminal_safe(*nearest) + "\"?" : "; .signals names them"));
}

History history_of(const std::string& name, const nb::dict& signals, nb::handle configuration) {
  History history;
  history.run.info.name = name;
  history.run.info.configuration = from_python(configuration);
  for (const auto& [key, arrays] : signals) {
    const auto pair = nb::cast<nb::tuple>(arrays);
    const auto positions = nb::cast<Samples>(pair[0]);
    const auto values = nb::cast<Samples>(pair[1]);
    series::Signal& signal = history.run.signals.emplace_back();
    signal.name = nb::str(key).c_str();
    if (positions.shape(0) != values.shape(0))
      throw ConfigError(signal.name + ": " + std::to_string(positions.shape(0)) +
                        " positions for " + std::to_string(values.shape(0)) +
                        " values: give one a value");
    for (std::size_t i = 0; i < values.shape(0); ++i)
      signal.append(positions.data()[i], values.data()[i]);
  }
  series::make_whole(history.run);
  return history;
}

History open_run(const std::string& store_path, const std::string& text) {
  Store store = Store::open(store_path, Mode::read);
  return {store.load(store.find(text))};
}

nb::list read_path(const std::string& path) {
  pipeline::Source source;
  source.text = path;
  auto runs = without_gil([&] { return pipeline::load_runs(source); });
  nb::list list;
  for (series::Run& run : runs) list.append(nb::cast(History{std::move(run)}));
  return list;
}

nb::object stored_runs(const std::string& store_path) {
  Store store = Store::open(store_path, Mode::read);
  return to_python(Json(store.runs()));
}

pipeline::AnalyzeOptions analyze_options(const nb::dict& given) {
  pipeline::AnalyzeOptions options;
  for (const auto& [key, value] : given) {
    const std::string name = nb::str(key).c_str();
    const auto number = [&](double low, double high) {
      return field_detail::parse_number("analyze." + name, nb::str(value).c_str(), low, high);
    };
    if (name == "signals") {
      options.signals = nb::cast<std::vector<std::string>>(value);
    } else if (name == "false_discoveries") {
      options.false_discoveries = number(1e-6, 0.5);
    } else if (name == "alpha") {
      options.transition.alpha = number(1e-9, 0.5);
    } else if (name == "min_size") {
      options.transition.min_size = number(0.0, 1e300);
    } else if (name == "window") {
      options.early_warning.window =
          static_cast<decltype(options.early_warning.window)>(number(0, 1e9));
    } else if (name == "interactions") {
      options.parts.interactions = nb::cast<bool>(value);
    } else {
      throw ConfigError("analyze() has no option " + name);
    }
  }
  return options;
}

nb::object analyze_run(const History& history, const nb::dict& given) {
  const pipeline::AnalyzeOptions options = analyze_options(given);
  return to_python(without_gil(
      [&] { return pipeline::analysis_json(pipeline::analyze(history.run, options)); }));
}

nb::object forecast_of(const History& history, const std::optional<double>& deadline,
                       const std::optional<double>& at, double level) {
  return to_python(without_gil([&] {
    forecast::ForecastOptions options;
    options.deadline = pipeline::forecast_deadline(history.run, deadline);
    options.at = at;
    options.level = level;
    return pipeline::forecast_json(pipeline::forecast_run(history.run, options));
  }));
}

nb::object write_report(const History& history, const std::string& path,
                        const std::optional<double>& deadline) {
  return to_python(without_gil([&] {
    pipeline::RunReportOptions options;
    options.deadline = deadline;
    const pipeline::WrittenReport written = pipeline::write_run_report(history.run, options, path);
    return Json{{"path", written.path}, {"bytes", written.bytes}, {"headline", written.headline}};
  }));
}

nb::object probe_file(const std::string& path, const std::optional<std::string>& against,
                      const nb::dict& settings) {
  pipeline::ProbeConfig config;
  apply_params("probe", pipeline::kProbeFields, params_of(settings), config);
  return to_python(without_gil([&] {
    const auto other = against ? std::optional<std::filesystem::path>(*against) : std::nullopt;
    return Json(*pipeline::probe_checkpoint(path, config, other));
  }));
}

}  // namespace

void bind_runs(nb::module_& module) {
  nb::class_<History>(module, "History")
      .def_prop_ro("info", [](const History& self) { return info_object(self.run.info); })
      .def_prop_ro("signals",
                   [](const History& self) {
                     nb::list names;
                     for (const series::Signal& signal : self.run.signals)
                       names.append(signal.name);
                     return names;
                   })
      .def("signal", [](const History& self,
                        const std::string& name) { return signal_object(find_signal(self, name)); })
      .def("records", &records_object)
      .def("analyze", &analyze_run)
      .def("forecast", &forecast_of, nb::arg("deadline").none(), nb::arg("at").none(),
           nb::arg("level"))
      .def("report", &write_report, nb::arg("path"), nb::arg("deadline").none());
  module.def("history", &history_of, nb::arg("name"), nb::arg("signals"), nb::arg("configuration"));
  module.def("open", &open_run, nb::arg("store"), nb::arg("run"));
  module.def("read", &read_path, nb::arg("path"));
  module.def("runs", &stored_runs, nb::arg("store"));
  module.def("probe", &probe_file, nb::arg("path"), nb::arg("against").none(), nb::arg("settings"));
}

}  // namespace emdyn::python
