#include "emdyn/provoke/trial/records/evidence.hpp"

namespace emdyn::provoke::trial {
namespace {

Json count_or_null(const std::optional<std::uint64_t>& count) {
  return count ? Json(*count) : Json(nullptr);
}

}  // namespace

CurveFinding curve_finding(series::StressCurve curve, series::Axis axis) {
  std::vector<double> positions;
  std::vector<double> values;
  for (const auto& point : curve.points) {
    positions.push_back(point.position);
    values.push_back(point.value.estimate);
  }
  const auto fit = emergence::fit_transition(curve.order_parameter, axis, positions, values);
  CurveFinding finding{.curve = std::move(curve)};
  finding.words = fit.note.empty() ? emergence::describe(fit) : fit.note;
  finding.transition = emergence::fitted_transition(fit);
  return finding;
}

void to_json(Json& json, const AttackFinding& finding) {
  json = {{"name", finding.name},
          {"errors", finding.errors},
          {"forward", finding.forward},
          {"gradient", finding.gradient},
          {"seconds", finding.seconds}};
}

void to_json(Json& json, const CurveFinding& finding) {
  json = {{"curve", finding.curve},
          {"transition", finding.transition ? Json(finding.transition->record) : Json(nullptr)},
          {"words", finding.words}};
}

void to_json(Json& json, const CorruptionFinding& finding) {
  json = {{"name", finding.name}, {"error_rate", finding.error_rate}};
}

void to_json(Json& json, const OodFinding& finding) {
  json = {{"set", finding.set},         {"score", finding.score},       {"auroc", finding.auroc},
          {"aupr_in", finding.aupr_in}, {"aupr_out", finding.aupr_out}, {"fpr95", finding.fpr95}};
}

void to_json(Json& json, const TripwireFinding& finding) {
  json = {{"tripwire", finding.name},
          {"attack", finding.attack},
          {"detected", finding.plain},
          {"adaptive_detected", finding.adaptive}};
}

void to_json(Json& json, const DiagnosisFinding& finding) {
  json = {{"flag", finding.flag}, {"advice", finding.advice}};
}

void to_json(Json& json, const StressEvidence& evidence) {
  json = {{"examples", evidence.examples},
          {"norm", evidence.norm},
          {"epsilon", evidence.epsilon},
          {"clean_errors", evidence.clean_errors},
          {"attacks", evidence.attacks},
          {"best_attack_errors", count_or_null(evidence.best_attack_errors)},
          {"certified_bound", count_or_null(evidence.certified_bound)},
          {"undecided", count_or_null(evidence.undecided)},
          {"curves", evidence.curves},
          {"corruptions", evidence.corruptions},
          {"ood", evidence.ood},
          {"tripwires", evidence.tripwires},
          {"diagnosis", evidence.diagnosis},
          {"notes", evidence.notes},
          {"settings", evidence.settings},
          {"ledger", evidence.ledger},
          {"seconds", evidence.seconds}};
}

}  // namespace emdyn::provoke::trial
