#include "live_run.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <cmath>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/live_forecast.hpp"

namespace emdyn::python {
namespace {

namespace nb = nanobind;
using collect::monitor::Monitor;

constexpr std::size_t kMostObjects = 4096;  // Names made anew at every step would fill any table.
constexpr std::size_t kMostEvents = 10'000;
constexpr int kDeepest = 8;

std::atomic<unsigned> forks{0};

void count_forks() {
  static const bool counted = [] {
    pthread_atfork(nullptr, nullptr, [] { ++forks; });
    return true;
  }();
  (void)counted;
}

std::unique_ptr<collect::monitor::RunObserver> observer_of(const LiveRun::Options& options) {
  if (!options.forecast) return nullptr;
  pipeline::LiveForecastOptions forecast;
  forecast.deadline = options.deadline;
  return std::make_unique<pipeline::LiveForecast>(forecast, options.about.configuration);
}

std::string type_of(PyObject* value) {
  return nb::cast<std::string>(
      nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(value))).attr("__name__"));
}

}  // namespace

LiveRun::LiveRun(const Options& options, nb::object complain)
    : complain_(std::move(complain)),
      pending_(nb::none()),
      axis_(options.axis),
      born_(forks),
      thread_(std::this_thread::get_id()) {
  count_forks();
  auto store = collect::store::Store::open(options.store, collect::store::Mode::write);
  monitor_ = std::make_unique<Monitor>(
      store.create(options.about), options.monitor,
      [this](const series::Event& event) { take(event); }, observer_of(options));
  id_ = monitor_->run_id();
}

LiveRun::~LiveRun() {
  if (forked()) {
    (void)monitor_.release();  // Its thread lives in the parent: joining it would wait for ever.
  } else {
    const nb::gil_scoped_release release;
    monitor_.reset();
  }
  clear();
}

bool LiveRun::forked() const noexcept { return born_ != forks.load(std::memory_order_relaxed); }

void LiveRun::complain(const std::string& text) { complain_(text); }

bool LiveRun::usable() {
  if (!closed_ && !forked()) [[likely]]
    return true;
  complain(
      closed_
          ? "log() after finish(): start a run with emdyn.init() first"
          : "log() in a forked process is not recorded: log in the process that called emdyn.init()");
  return false;
}

std::optional<double> LiveRun::step_of(nb::handle step) {
  if (step.is_none()) return next_step_;
  double number = 0.0;
  if (PyUnicode_Check(step.ptr())) {
    number = NAN;
  } else if (PyFloat_Check(step.ptr())) {
    number = PyFloat_AsDouble(step.ptr());
  } else if (const nb::object as_float = nb::steal(PyNumber_Float(step.ptr()));
             as_float.is_valid()) {
    number = PyFloat_AsDouble(as_float.ptr());
  } else {
    PyErr_Clear();
    number = NAN;
  }
  if (std::isfinite(number)) [[likely]]
    return number;
  complain(fmt::format("step must be a finite number, got {}: nothing of this call is logged",
                       nb::repr(step).c_str()));
  return std::nullopt;
}

std::optional<LiveRun::SignalId> LiveRun::signal_of(PyObject* name) {
  if (const auto known = objects_.find(name); known != objects_.end()) [[likely]]
    return known->second;
  Py_ssize_t size = 0;
  const char* text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &size) : nullptr;
  if (text == nullptr) {
    PyErr_Clear();
    complain(fmt::format("a signal's name must be a text, got {}: give the value a name",
                         type_of(name)));
    return std::nullopt;
  }
  const std::string key(text, static_cast<std::size_t>(size));
  auto known = names_.find(key);
  if (known == names_.end()) {
    try {
      const nb::gil_scoped_release release;
      known = names_.emplace(key, monitor_->add_signal(key, axis_)).first;
    } catch (const Error& error) {
      complain(error.what());
      return std::nullopt;
    }
  }
  if (objects_.size() < kMostObjects) {
    Py_INCREF(name);
    objects_.emplace(name, known->second);
  }
  return known->second;
}

void LiveRun::log_item(PyObject* name, PyObject* value, double step) {
  double number = 0.0;
  if (PyFloat_CheckExact(value)) [[likely]] {
    number = PyFloat_AsDouble(value);
  } else if (PyLong_CheckExact(value)) {
    number = PyLong_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred() != nullptr) {  // Beyond the range of doubles.
      PyErr_Clear();
      number =
          PyObject_RichCompareBool(value, nb::int_(0).ptr(), Py_LT) == 1 ? -INFINITY : INFINITY;
    }
  } else {
    log_slowly(name, value, step, 0);
    return;
  }
  if (const auto signal = signal_of(name)) monitor_->log(*signal, step, number);
}

void LiveRun::log_slowly(PyObject* name, PyObject* value, double step, int depth) {
  if (value == Py_None) return;  // Missing.
  if (PyDict_Check(value) && depth < kDeepest) {
    PyObject* key = nullptr;
    PyObject* each = nullptr;
    Py_ssize_t place = 0;
    while (PyDict_Next(value, &place, &key, &each) != 0) {
      const nb::object joined = nb::str(nb::handle(name)) + nb::str("/") + nb::str(nb::handle(key));
      log_slowly(joined.ptr(), each, step, depth + 1);
    }
    return;
  }
  // Of a text float() would make a number: a mistake more often than not.
  nb::object number = PyUnicode_Check(value) || PyBytes_Check(value)
                          ? nb::object()
                          : nb::steal(PyNumber_Float(value));
  if (!number.is_valid()) {
    PyErr_Clear();
    complain(fmt::format(
        "{} is of type {}, no number, and is not logged: log a float, or an array of one element",
        terminal_safe(nb::str(nb::handle(name)).c_str()), type_of(value)));
    return;
  }
  if (const auto signal = signal_of(name))
    monitor_->log(*signal, step, PyFloat_AsDouble(number.ptr()));
}

void LiveRun::log(nb::handle values, nb::handle step) {
  if (!usable()) return;
  if (!PyDict_Check(values.ptr())) {
    complain(fmt::format("log() takes a dict of names to numbers, got {}: log({{\"loss\": value}})",
                         type_of(values.ptr())));
    return;
  }
  const auto position = step_of(step);
  if (!position) return;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t place = 0;
  while (PyDict_Next(values.ptr(), &place, &name, &value) != 0) log_item(name, value, *position);
  next_step_ = *position + 1.0;
  if (has_events()) [[unlikely]]
    tell_pending();
}

void LiveRun::log_value(nb::handle name, nb::handle value, nb::handle step) {
  if (!usable()) return;
  const auto position = step_of(step);
  if (!position) return;
  log_item(name.ptr(), value.ptr(), *position);
  next_step_ = *position + 1.0;
  if (has_events()) [[unlikely]]
    tell_pending();
}

void LiveRun::log_many(const std::string& name, std::span<const double> positions,
                       std::span<const double> values) {
  if (!usable()) return;
  if (!positions.empty() && positions.size() != values.size()) {
    throw ConfigError(fmt::format("log_many: {} steps for {} values: give one a value, or none",
                                  positions.size(), values.size()));
  }
  const nb::str key(name.c_str());
  const auto signal = signal_of(key.ptr());
  if (!signal) return;
  const double first = next_step_;
  const nb::gil_scoped_release release;
  constexpr std::size_t kPart = 4096;  // Less than any ring: a flush between parts leaves room.
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && i % kPart == 0) monitor_->flush();
    const double position = positions.empty() ? first + static_cast<double>(i) : positions[i];
    monitor_->log(*signal, position, values[i]);
    next_step_ = position + 1.0;
  }
  monitor_->flush();
}

std::vector<series::Event> LiveRun::log_row(nb::list names, nb::list values, nb::handle step,
                                            double alpha) {
  std::vector<series::Event> events;
  if (!usable()) return events;
  const auto position = step_of(step);
  if (!position) return events;
  if (names.size() != values.size()) throw ConfigError("log_row: as many values as names, please");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const nb::handle value = values[i];
    if (value.is_none()) continue;
    const auto name = nb::cast<std::string>(names[i]);
    auto known = names_.find(name);
    if (known == names_.end())
      known = names_.emplace(name, monitor_->add_signal(name, axis_, false)).first;
    const double number = PyFloat_AsDouble(value.ptr());
    monitor_->log(known->second, *position, number);
    auto detector = row_detectors_.find(name);
    if (detector == row_detectors_.end()) {
      detect::DetectOptions options;
      options.detector = detect::kWatch;
      options.alpha = alpha;
      detector = row_detectors_.emplace(name, detect::SeriesDetector(name, axis_, options)).first;
    }
    (void)detector->second.push(*position, number, events);
  }
  return events;
}

void LiveRun::record(const series::Event& event) {
  if (!usable()) return;
  monitor_->record(event);
}

void LiveRun::set_configuration(const Json& configuration) {
  if (!usable()) return;
  monitor_->set_configuration(configuration);
}

void LiveRun::set_notes(const Json& notes) {
  if (usable()) monitor_->set_notes(notes);
}

void LiveRun::flush() {
  if (!usable()) return;
  const nb::gil_scoped_release release;
  monitor_->flush();
}

void LiveRun::finish(series::RunStatus status) {
  if (closed_ || forked()) return;
  closed_ = true;
  const nb::gil_scoped_release release;
  monitor_->finish(status);
}

void LiveRun::take(const series::Event& event) {
  const std::lock_guard lock(events_mutex_);
  if (events_.size() >= kMostEvents) events_.pop_front();
  events_.push_back(event);
  last_event_ = event;
  waiting_.store(true, std::memory_order_release);
}

std::vector<series::Event> LiveRun::take_events() {
  const std::lock_guard lock(events_mutex_);
  std::vector<series::Event> taken(events_.begin(), events_.end());
  events_.clear();
  waiting_.store(false, std::memory_order_release);
  return taken;
}

std::optional<series::Event> LiveRun::last_event() const {
  const std::lock_guard lock(events_mutex_);
  return last_event_;
}

void LiveRun::tell_pending() {
  if (pending_.is_none() || std::this_thread::get_id() != thread_) return;
  pending_();
}

int LiveRun::traverse(visitproc visit, void* argument) {
  for (PyObject* each : {complain_.ptr(), pending_.ptr()}) {
    if (each == nullptr) continue;
    if (const int result = visit(each, argument); result != 0) return result;
  }
  return 0;
}

void LiveRun::clear() {
  complain_.reset();
  pending_.reset();
  for (const auto& each : std::exchange(objects_, {})) Py_DECREF(each.first);
}

}  // namespace emdyn::python
