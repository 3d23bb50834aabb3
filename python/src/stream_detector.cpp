#include "stream_detector.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::python {
namespace {

/// @throws ConfigError for an unknown name, and for a detector of rows.
const detect::Entry& series_entry(const std::string& name) {
  if (detect::takes_rows(name))
    throw ConfigError(
        name +
        " takes rows of several signals; give init() its name instead: emdyn.init(detector=...)");
  return detect::find_entry(name);
}

constexpr SnapshotForm kForm{"detector of Python", 0x3176796e79646d65, 1};

/// Parameters of a detector that alarms by itself are among its own.
Params own_params(const detect::Entry& entry, const detect::DetectOptions& options) {
  Params params = options.params;
  if (entry.alarms_itself) {
    if (options.alpha) params.emplace("alpha", shortest(*options.alpha));
    params.emplace("refractory_samples", std::to_string(options.refractory_samples));
    params.emplace("hysteresis", shortest(options.hysteresis));
  }
  if (options.longest_period && entry.front_end_inside) {
    params.emplace("longest_period", std::to_string(*options.longest_period));
  }
  return params;
}

/// What a snapshot must know to make the detector again: the options that differ from the entry's own.
Json options_json(const detect::DetectOptions& options) {
  Json json{
      {"detector", options.detector},     {"refractory_samples", options.refractory_samples},
      {"hysteresis", options.hysteresis}, {"disarm_score", options.disarm_score},
      {"disarm_p", options.disarm_p},     {"calibrator", static_cast<int>(options.calibrator)}};
  if (options.front_end) json["front_end"] = *options.front_end;
  if (options.alpha) json["alpha"] = *options.alpha;
  if (options.arm_score) json["arm_score"] = *options.arm_score;
  if (options.longest_period) json["longest_period"] = *options.longest_period;
  json["params"] = Json::object();
  for (const auto& [name, text] : options.params) json["params"][name] = text;
  return json;
}

detect::DetectOptions options_from(const Json& json) {
  detect::DetectOptions options;
  options.detector = required_text(json, "detector");
  options.refractory_samples =
      static_cast<std::int64_t>(required_number(json, "refractory_samples"));
  options.hysteresis = required_number(json, "hysteresis");
  options.disarm_score = required_number(json, "disarm_score");
  options.disarm_p = required_number(json, "disarm_p");
  const double calibrator = required_number(json, "calibrator");
  if (!(calibrator >= 0.0 && calibrator < static_cast<double>(detect::Calibrator::kKinds.size())))
    throw DataError("detector of Python: no such calibrator");
  options.calibrator = static_cast<detect::Calibrator::Kind>(static_cast<int>(calibrator));
  if (json.contains("front_end")) options.front_end = json["front_end"] == true;
  options.alpha = optional_number(json, "alpha");
  options.arm_score = optional_number(json, "arm_score");
  if (const auto period = optional_number(json, "longest_period"))
    options.longest_period = static_cast<std::int64_t>(*period);
  if (json.contains("params") && json["params"].is_object()) {
    for (const auto& [name, text] : json["params"].items())
      if (text.is_string()) options.params.emplace(name, text.get<std::string>());
  }
  return options;
}

}  // namespace

StreamDetector::StreamDetector(const detect::DetectOptions& options)
    : options_(options), entry_(series_entry(options.detector)) {
  options_.training = false;
  detect::check_options(
      options_);  // What cannot go together is refused in the words of every other door.
  detector_ = entry_.make(own_params(entry_, options_));
  if (options_.front_end.value_or(entry_.front_end)) {
    detect::FrontEnd::Config front_end;
    if (options_.longest_period) front_end.longest_period = *options_.longest_period;
    front_end_.emplace(front_end);
  }
  if (!entry_.alarms_itself) policy_.emplace(detect::alarm_policy(options_));
}

double StreamDetector::update(double sample) {
  alarm_ = false;
  ++samples_;
  if (!std::isfinite(sample)) {
    if (front_end_) front_end_->skip(1);
    detector_->skip(1);
    p_value_ = 1.0;
    return 0.0;
  }
  if (front_end_) {
    const bool ready = front_end_->ready();
    const double residual = front_end_->update(sample);
    if (!ready) return 0.0;
    sample = entry_.domain == detect::Domain::unit_interval ? math::normal_cdf(residual) : residual;
  }
  const double score = detector_->update(sample);
  const std::optional<double> null_p = detector_->p_value();
  if (policy_) {
    const auto decision = policy_->step(score, null_p);
    p_value_ = decision.p_value;
    if (decision.alarm) {
      note(detector_->evidence(), entry_.name, decision.p_value);
      detector_->rearm();
    }
  } else {
    p_value_ = null_p.value_or(1.0);
    if (score > 0.0) {
      for (const detect::OwnAlarm& own : detector_->alarms())
        note(own.evidence, own.member, own.p_value);
    }
  }
  return score;
}

void StreamDetector::note(const detect::Evidence& evidence, std::string_view member, double p) {
  alarm_ = true;
  const detect::EventKind kind = evidence.kind.value_or(entry_.kind);
  event_ = Json{{"detector", member},
                {"kind", series::word(kind)},
                {"direction", series::word(evidence.direction)},
                {"score", evidence.score},
                {"p_value", p},
                {"sample", samples_ - 1},
                {"onset", samples_ - 1 - std::min(samples_ - 1, evidence.onset_samples_ago)}};
}

void StreamDetector::update_many(std::span<const double> samples, std::span<double> scores,
                                 std::vector<std::size_t>& alarms) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    scores[i] = update(samples[i]);
    if (alarm_) alarms.push_back(i);
  }
}

void StreamDetector::reset() {
  detector_->reset();
  if (front_end_) front_end_->reset();
  if (policy_) policy_->reset();
  alarm_ = false;
  p_value_ = 1.0;
  samples_ = 0;
  event_ = nullptr;
}

template <class Self, class Archive>
void StreamDetector::state(Self& self, Archive& archive) {
  archive(self.alarm_, self.p_value_, self.samples_);
  if (self.front_end_) archive(*self.front_end_);
  if (self.policy_) archive(*self.policy_);
  archive.require(self.samples_ <= std::uint64_t{1} << 62);
}

std::vector<std::byte> StreamDetector::snapshot() const {
  StateWriter archive;
  snapshot_detail::begin(archive, kForm, entry_.name);
  archive.text(json_text(options_json(options_)));
  archive.text(json_text(event_));
  state(*this, archive);
  const std::vector<std::byte> inner = detect::snapshot(*detector_);
  archive.text({reinterpret_cast<const char*>(inner.data()), inner.size()});
  return snapshot_detail::seal(archive);
}

std::unique_ptr<StreamDetector> StreamDetector::restore(std::span<const std::byte> bytes) {
  constexpr std::size_t kLongestText = 1 << 16;
  StateReader archive = snapshot_detail::open(kForm, bytes);
  (void)snapshot_detail::read_name(archive);
  const std::string options = archive.text(kLongestText);
  const std::string event = archive.text(kLongestText);
  if (!archive.ok()) snapshot_detail::refuse(kForm, "truncated");
  try {
    auto made = std::make_unique<StreamDetector>(options_from(parse_json(options, "snapshot")));
    made->event_ = parse_json(event, "snapshot");
    state(*made, archive);
    const std::string inner = archive.text(bytes.size());
    if (!archive.ok() || !archive.at_end())
      snapshot_detail::refuse(kForm, "its state does not fit its options");
    auto detector = detect::restore(std::as_bytes(std::span(inner)));
    if (detector->name() != made->detector_->name() ||
        detector->config() != made->detector_->config())
      snapshot_detail::refuse(kForm, "its parts are of different detectors");
    made->detector_ = std::move(detector);
    return made;
  } catch (const ConfigError& error) {
    snapshot_detail::refuse(kForm, error.what());
  }
}

}  // namespace emdyn::python
