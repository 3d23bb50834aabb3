#include "emdyn/report/chart/data.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace emdyn::report {

namespace {

struct FamilyWord {
  std::string_view part;
  std::string_view family;
};

// The first part found in the name decides, so the more telling words come first.
constexpr std::array kFamilyWords{
    FamilyWord{"grad", "gradients"},
    FamilyWord{"weight", "weights"},
    FamilyWord{"fourier", "representation"},
    FamilyWord{"rank", "representation"},
    FamilyWord{"cka", "representation"},
    FamilyWord{"embed", "representation"},
    FamilyWord{"represent", "representation"},
    FamilyWord{"dimension", "representation"},
    FamilyWord{"spectr", "representation"},
    FamilyWord{"collapse", "representation"},
    FamilyWord{"eigen", "representation"},
    FamilyWord{"activation", "activations"},
    FamilyWord{"dead", "activations"},
    FamilyWord{"kurtosis", "activations"},
    FamilyWord{"attention", "activations"},
    FamilyWord{"logit", "activations"},
    FamilyWord{"act/", "activations"},
    FamilyWord{"act_", "activations"},
    FamilyWord{"param", "weights"},
    FamilyWord{"update", "weights"},
    FamilyWord{"loss", "loss"},
    FamilyWord{"acc", "loss"},
    FamilyWord{"perplexity", "loss"},
    FamilyWord{"ppl", "loss"},
    FamilyWord{"nll", "loss"},
    FamilyWord{"token", "data"},
    FamilyWord{"batch", "data"},
    FamilyWord{"data", "data"},
    FamilyWord{"epoch", "data"},
    FamilyWord{"sample", "data"},
    FamilyWord{"error", "loss"},
    FamilyWord{"entropy", "loss"},
};

}  // namespace

std::string_view signal_family(std::string_view signal) noexcept {
  const auto contains = [signal](std::string_view part) {
    const auto same = [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    };
    return std::search(signal.begin(), signal.end(), part.begin(), part.end(), same) !=
           signal.end();
  };
  for (const FamilyWord& word : kFamilyWords) {
    if (contains(word.part)) return word.family;
  }
  return "other";
}

ReportData report_data(series::Run run) {
  ReportData data;
  if (!run.signals.empty()) data.axis = run.signals.front().axis;
  data.signals.reserve(run.signals.size());
  std::uint64_t stored = 0;
  for (series::Signal& signal : run.signals) {
    stored += signal.size();
    ReportSignal shown;
    shown.points = std::move(signal);
    data.signals.push_back(std::move(shown));
  }
  for (series::Transition& transition : run.transitions) {
    data.transitions.push_back({std::move(transition), {}, {}});
  }
  for (series::Attribution& attribution : run.attributions) {
    data.drivers.push_back({{}, {}, std::move(attribution)});
  }
  data.forecast.forecasts = std::move(run.forecasts);
  std::stable_sort(data.forecast.forecasts.begin(), data.forecast.forecasts.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  data.events = std::move(run.events);
  data.info = std::move(run.info);
  data.costs.points_stored = stored;
  const Json& notes = data.info.notes;
  if (notes.is_object() && notes.contains("points_dropped")) {
    const Json& dropped = notes["points_dropped"];
    if (dropped.is_number_unsigned() ||
        (dropped.is_number_integer() && dropped.get<std::int64_t>() >= 0)) {
      data.costs.points_dropped = dropped.get<std::uint64_t>();
    }
  }
  return data;
}

}  // namespace emdyn::report
