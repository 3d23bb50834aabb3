#include "values.hpp"

#include <cmath>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::python {
namespace {

constexpr int kDeepest = 16;

std::string text_of(nb::handle value) { return nb::str(value).c_str(); }

/// One option of detection that is not a parameter of the detector itself.
struct Option {
  std::string_view name;
  void (*set)(detect::DetectOptions&, std::string_view label, std::string_view text);
};

double number(std::string_view label, std::string_view text, double low, double high) {
  return field_detail::parse_number(label, text, low, high);
}

constexpr Option kOptions[] = {
    {"alpha", [](auto& o, auto label, auto text) { o.alpha = number(label, text, 1e-12, 0.5); }},
    {"arl0",
     [](auto& o, auto label, auto text) { o.alpha = 1.0 / number(label, text, 2.0, 1e12); }},
    {"arm_score",
     [](auto& o, auto label, auto text) { o.arm_score = number(label, text, 1e-6, 1e6); }},
    {"refractory_samples",
     [](auto& o, auto label, auto text) {
       o.refractory_samples = field_detail::parse_integer(label, text, 0, 1e9);
     }},
    {"hysteresis",
     [](auto& o, auto label, auto text) { o.hysteresis = number(label, text, 0.0, 1.0); }},
    {"disarm_score",
     [](auto& o, auto label, auto text) { o.disarm_score = number(label, text, 0.0, 1e6); }},
    {"disarm_p",
     [](auto& o, auto label, auto text) { o.disarm_p = number(label, text, 0.0, 1.0); }},
    {"front_end", [](auto& o, auto label,
                     auto text) { o.front_end = field_detail::parse_boolean(label, text); }},
    {"training",
     [](auto& o, auto label, auto text) { o.training = field_detail::parse_boolean(label, text); }},
    {"longest_period",
     [](auto& o, auto label, auto text) {
       o.longest_period = field_detail::parse_integer(label, text, 0, 4096);
     }},
    {"calibrator",
     [](auto& o, auto label, auto text) {
       o.calibrator = static_cast<detect::Calibrator::Kind>(
           field_detail::parse_word(label, text, detect::Calibrator::kKinds));
     }},
};

}  // namespace

Array to_array(std::vector<double> values) {
  auto* kept = new std::vector<double>(std::move(values));
  const nb::capsule owner(kept,
                          [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
  return Array(kept->data(), {kept->size()}, owner);
}

nb::object to_python(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return nb::bool_(json.get<bool>());
    case Json::value_t::number_integer:
      return nb::int_(json.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      return nb::int_(json.get<std::uint64_t>());
    case Json::value_t::number_float:
      return nb::float_(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      return nb::steal(
          PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
    }
    case Json::value_t::array: {
      nb::list list;
      for (const Json& each : json) list.append(to_python(each));
      return list;
    }
    case Json::value_t::object: {
      nb::dict dict;
      for (const auto& [name, value] : json.items()) dict[name.c_str()] = to_python(value);
      return dict;
    }
    default:
      return nb::none();
  }
}

Json from_python(nb::handle value, int depth) {
  if (depth > kDeepest) {
    throw ConfigError("a configuration nests deeper than 16: give its parts names of their own");
  }
  if (value.is_none()) return nullptr;
  if (PyBool_Check(value.ptr())) return value.ptr() == Py_True;
  if (PyLong_Check(value.ptr())) {
    int overflow = 0;
    const long long whole = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) return static_cast<std::int64_t>(whole);
    return text_of(value);
  }
  if (PyFloat_Check(value.ptr())) {
    const double number = PyFloat_AsDouble(value.ptr());
    return std::isfinite(number) ? Json(number) : Json(text_of(value));
  }
  if (PyUnicode_Check(value.ptr())) return text_of(value);
  if (PyDict_Check(value.ptr())) {
    Json object = Json::object();
    for (const auto& [name, each] : nb::borrow<nb::dict>(value)) {
      object[text_of(name)] = from_python(each, depth + 1);
    }
    return object;
  }
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) {
    Json list = Json::array();
    for (nb::handle each : nb::iter(value)) list.push_back(from_python(each, depth + 1));
    return list;
  }
  return text_of(value);
}

Params params_of(const nb::dict& settings) {
  Params params;
  for (const auto& [name, value] : settings) {
    // Python's True is not the library's word for it.
    std::string text =
        PyBool_Check(value.ptr()) ? (value.ptr() == Py_True ? "true" : "false") : text_of(value);
    params.emplace(text_of(name), std::move(text));
  }
  return params;
}

detect::DetectOptions detect_options(const std::string& detector, const nb::dict& options) {
  detect::DetectOptions made;
  made.detector = detector;
  for (auto& [name, text] : params_of(options)) {
    const Option* found = nullptr;
    for (const Option& option : kOptions) {
      if (option.name == name) found = &option;
    }
    if (found == nullptr) {
      made.params.emplace(name, text);
    } else {
      found->set(made, name, text);
    }
  }
  if (made.alpha && made.arm_score) {
    throw ConfigError("alpha and arm_score exclude each other: a budget or a threshold, not both");
  }
  detect::check_options(made);
  return made;
}

}  // namespace emdyn::python
