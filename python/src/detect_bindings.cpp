#include <nanobind/stl/unique_ptr.h>

#include <cmath>
#include <limits>

#include "bindings.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"
#include "emdyn/emergence/segment/segment.hpp"
#include "emdyn/probe/registry.hpp"
#include "stream_detector.hpp"
#include "values.hpp"

namespace emdyn::python {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

nb::bytes bytes_of(const std::vector<std::byte>& bytes) {
  return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
std::span<const std::byte> span_of_bytes(const nb::bytes& bytes) {
  return {static_cast<const std::byte*>(bytes.data()), bytes.size()};
}

/// What the run's own detectors would say, one sample at a time, in the caller's thread.
struct SignalWatch {
  detect::SeriesDetector detector;
  std::vector<series::Event> events{};

  nb::list push(double position, double value) {
    events.clear();
    (void)detector.push(position, value, events);
    nb::list list;
    for (const series::Event& event : events) list.append(to_python(Json(event)));
    return list;
  }
};

nb::dict detect_array(const Samples& samples, const std::optional<Samples>& positions,
                      const std::string& signal, const std::string& detector,
                      const nb::dict& options) {
  const std::span<const double> values = span_of(samples);
  if (positions && positions->shape(0) != values.size())
    throw ConfigError("detect: " + std::to_string(positions->shape(0)) + " positions for " +
                      std::to_string(values.size()) + " values: give one a value, or none");
  if (detect::takes_rows(detector))
    throw ConfigError(detector + " takes rows; detect() looks at one series");
  detect::SeriesDetector looking(signal, series::Axis::step, detect_options(detector, options));
  std::vector<double> scores(values.size(), kNaN);
  std::vector<double> p_values(values.size(), kNaN);
  std::vector<series::Event> events;
  {
    const nb::gil_scoped_release release;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double position = positions ? positions->data()[i] : static_cast<double>(i);
      const detect::Scored scored = looking.push(position, values[i], events);
      scores[i] = scored.score.value_or(kNaN);
      p_values[i] = scored.p_value.value_or(kNaN);
    }
  }
  nb::list told;
  for (const series::Event& event : events) told.append(to_python(Json(event)));
  nb::dict found;
  found["scores"] = nb::cast(to_array(std::move(scores)));
  found["p_values"] = nb::cast(to_array(std::move(p_values)));
  found["events"] = told;
  return found;
}

nb::object segment_array(const Samples& samples, const std::optional<Samples>& positions,
                         const nb::dict& settings) {
  emergence::segment::SegmentOptions options;
  apply_params("segment", emergence::segment::kFields, params_of(settings), options);
  Json found;
  {
    const nb::gil_scoped_release release;
    found = emergence::segment::segment_json(
        positions ? span_of(*positions) : std::span<const double>{}, span_of(samples), options);
  }
  return to_python(found);
}

template <class Entries>
nb::object registry_object(const Entries& registry) {
  Json list = Json::array();
  for (const DescribedEntry& entry : described(registry)) {
    list.push_back(entry_json(registry.form(), entry.facts, entry.own));
  }
  return to_python(list);
}

}  // namespace

void bind_detect(nb::module_& module) {
  nb::class_<StreamDetector>(module, "StreamDetector")
      .def(
          "__init__",
          [](StreamDetector* self, const std::string& detector, const nb::dict& options) {
            new (self) StreamDetector(detect_options(detector, options));
          },
          nb::arg("detector"), nb::arg("options"))
      .def("update", &StreamDetector::update, nb::arg("value"))
      .def(
          "update_many",
          [](StreamDetector& self, const Samples& samples) {
            std::vector<double> scores(samples.shape(0));
            std::vector<std::size_t> alarms;
            {
              const nb::gil_scoped_release release;
              self.update_many(span_of(samples), scores, alarms);
            }
            nb::list places;
            for (const std::size_t place : alarms) places.append(place);
            return nb::make_tuple(to_array(std::move(scores)), places);
          },
          nb::arg("values"))
      .def("reset", &StreamDetector::reset)
      .def("snapshot", [](const StreamDetector& self) { return bytes_of(self.snapshot()); })
      .def_static(
          "restore",
          [](const nb::bytes& bytes) { return StreamDetector::restore(span_of_bytes(bytes)); })
      .def_prop_ro("name", [](const StreamDetector& self) { return std::string(self.name()); })
      .def_prop_ro("config", [](const StreamDetector& self) { return to_python(self.config()); })
      .def_prop_ro("alarm", &StreamDetector::alarm)
      .def_prop_ro("p_value", &StreamDetector::p_value)
      .def_prop_ro("ready", &StreamDetector::ready)
      .def_prop_ro("samples", &StreamDetector::samples)
      .def_prop_ro("event", [](const StreamDetector& self) { return to_python(self.event()); });
  nb::class_<SignalWatch>(module, "SignalWatch")
      .def(
          "__init__",
          [](SignalWatch* self, const std::string& signal, const std::string& detector,
             const nb::dict& options) {
            new (self) SignalWatch{detect::SeriesDetector(signal, series::Axis::step,
                                                          detect_options(detector, options))};
          },
          nb::arg("signal"), nb::arg("detector"), nb::arg("options"))
      .def("push", &SignalWatch::push, nb::arg("position"), nb::arg("value"));
  module.def("detect", &detect_array, nb::arg("values"), nb::arg("positions").none(),
             nb::arg("signal"), nb::arg("detector"), nb::arg("options"));
  module.def("segment", &segment_array, nb::arg("values"), nb::arg("positions").none(),
             nb::arg("settings"));
  module.def("detectors", [] {
    nb::list both;
    for (nb::handle each : registry_object(detect::series_registry())) both.append(each);
    for (nb::handle each : registry_object(detect::row_registry())) both.append(each);
    return both;
  });
  module.def("probes", [] { return registry_object(probe::probes()); });
}

}  // namespace emdyn::python
