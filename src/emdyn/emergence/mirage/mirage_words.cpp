#include <fmt/format.h>

#include <array>
#include <cmath>

#include "emdyn/core/text.hpp"
#include "emdyn/emergence/mirage/mirage.hpp"

namespace emdyn::emergence::mirage {
namespace {

template <class T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string odds(double log_bayes_factor) {
  const double size = std::abs(log_bayes_factor);
  return size < 13.8 ? fmt::format("{:.3g} times", std::exp(size))
                     : std::string("more than a million times");
}

std::string of_reason(const Judgement& j) {
  switch (j.reason) {
    case Reason::weak_evidence:
      return fmt::format(
          "the Bayes factor of {:.2g} between a sudden and a smooth course is not enough",
          std::exp(*j.evidence));
    case Reason::no_continuous_metric:
      return "there is no continuous metric of the same outputs";
    case Reason::continuous_flat:
      return fmt::format("{} does not move", terminal_safe(j.continuous));
    case Reason::no_change:
      return "it shows no change to explain";
    case Reason::gradual:
      return "it changes gradually: nothing sudden to explain";
    case Reason::too_few_points:
      return fmt::format("too few points ({})", j.points);
    case Reason::decided:
      break;
  }
  return "";
}

}  // namespace

std::string place_digits(double position) {
  return std::abs(position) >= 100.0 ? fmt::format("{:.0f}", position)
                                     : fmt::format("{:.3g}", position);
}

std::string_view word(MirageVerdict verdict) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"undecided", "artefact", "real"};
  return kWords[static_cast<std::size_t>(verdict)];
}

std::string_view word(Reason reason) noexcept {
  constexpr std::array<std::string_view, 7> kWords{
      "decided",   "weak_evidence", "no_continuous_metric", "continuous_flat",
      "no_change", "gradual",       "too_few_points"};
  return kWords[static_cast<std::size_t>(reason)];
}

series::Mirage Judgement::record() const {
  return {std::string(word(verdict)), continuous, evidence};
}

std::string describe(const Judgement& j) {
  std::string text = fmt::format("{} along {}: {}", terminal_safe(j.graded), series::word(j.axis),
                                 word(j.verdict));
  if (j.verdict == MirageVerdict::undecided) {
    text += "; " + of_reason(j);
  } else if (j.verdict == MirageVerdict::artefact) {
    text += fmt::format("; {} changes smoothly, {} likelier than suddenly",
                        terminal_safe(j.continuous), odds(*j.evidence));
  } else {
    text += fmt::format("; {} changes suddenly too, near {} ({} likelier than smoothly)",
                        terminal_safe(j.continuous), place_digits(j.place->estimate),
                        odds(*j.evidence));
  }
  if (j.composition && j.composition->explained > 0.8) {
    text += fmt::format("; p^L with L = {:.3g} explains {:.0f} % of its course",
                        j.composition->tokens_used, 100.0 * j.composition->explained);
  }
  if (!j.advice.empty()) text += "; to decide: " + j.advice;
  return text;
}

void to_json(Json& json, const Resolution& r) {
  json = Json{{"items", number_or_null(r.items)},
              {"rate", number_or_null(r.rate)},
              {"items_needed", number_or_null(r.items_needed)},
              {"power", number_or_null(r.power)}};
}

void to_json(Json& json, const Judgement& j) {
  json = Json{{"verdict", word(j.verdict)},
              {"metric", j.continuous},
              {"evidence", number_or_null(j.evidence)},
              {"reason", word(j.reason)},
              {"graded", j.graded},
              {"axis", series::word(j.axis)},
              {"probability_real", number_or_null(j.probability_real)},
              {"graded_evidence", number_or_null(j.graded_evidence)},
              {"graded_low", number_or_null(j.graded_low)},
              {"graded_high", number_or_null(j.graded_high)},
              {"graded_size", number_or_null(j.graded_size)},
              {"share", number_or_null(j.share)},
              {"place", value_or_null(j.place)},
              {"kink", number_or_null(j.kink)},
              {"graded_score", number_or_null(j.graded_score)},
              {"continuous_score", number_or_null(j.continuous_score)},
              {"composition", value_or_null(j.composition)},
              {"resolution", j.resolution},
              {"points", j.points},
              {"notes", j.notes},
              {"advice", j.advice}};
}

}  // namespace emdyn::emergence::mirage
