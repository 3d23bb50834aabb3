#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/information/measures.hpp"
#include "emdyn/emergence/information/timeline.hpp"

namespace emdyn::emergence::information {
namespace {

Json numbers(const Eigen::MatrixXd& matrix) {
  Json rows = Json::array();
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    Json row = Json::array();
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) row.push_back(number_or_null(matrix(i, j)));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json band(const std::optional<Banded>& banded) {
  if (!banded) return nullptr;
  return Json{{"value", number_or_null(banded->value)},
              {"low", number_or_null(banded->low)},
              {"high", number_or_null(banded->high)},
              {"p_value", number_or_null(banded->p_value)}};
}

/// A value without an interval of its own: the band is the null's, not the value's.
series::Interaction plain(std::vector<std::string> parts, std::string_view measure, double value,
                          const TimelineOptions& options) {
  series::Interaction record;
  record.parts = std::move(parts);
  record.measure = measure;
  record.value = {-HUGE_VAL, value, HUGE_VAL, options.level};
  record.estimator = options.copula ? "gaussian_copula" : "gaussian";
  return record;
}

}  // namespace

std::vector<series::Interaction> records(const std::vector<std::string>& names,
                                         const InteractionWindow& window,
                                         const TimelineOptions& options) {
  if (names.size() != static_cast<std::size_t>(window.mutual_information.rows())) {
    throw DataError("interaction_timeline: one name a signal is needed");
  }
  std::vector<series::Interaction> list;
  const double rare = 1.0 - options.level;
  const auto pair = [&](std::size_t a, std::size_t b, std::string_view measure,
                        const Eigen::MatrixXd& value, const Eigen::MatrixXd& p) {
    const auto i = static_cast<Eigen::Index>(a);
    const auto j = static_cast<Eigen::Index>(b);
    if (!(p(i, j) <= rare)) return;
    list.push_back(plain({names[a], names[b]}, measure, value(i, j), options));
    list.back().null = {p(i, j), "analytic"};
  };
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = a + 1; b < names.size(); ++b) {
      pair(a, b, kMutualInformationName, window.mutual_information, window.mutual_information_p);
    }
    for (std::size_t b = 0; b < names.size(); ++b) {
      pair(a, b, kTransferEntropyName, window.transfer_entropy, window.transfer_entropy_p);
    }
  }
  std::vector<std::string> present;
  for (const std::size_t member : window.present) present.push_back(names[member]);
  const auto add = [&](std::string_view measure, const std::optional<Banded>& banded) {
    if (!banded) return;
    list.push_back(plain(present, measure, banded->value, options));
    list.back().null = {banded->p_value, "independent_parts"};
  };
  add(kTotalCorrelationName, window.total_correlation);
  add(kOInformationName, window.o_information);
  add(kPsiName, window.psi);
  if (window.synergy) {
    std::vector<std::string> group;
    for (const std::size_t member : window.synergy->group) group.push_back(names[member]);
    // Chosen among many groups: no p-value of its own would be honest.
    list.push_back(plain(group, kOInformationName, window.synergy->o_information, options));
  }
  return list;
}

void to_json(Json& json, const InteractionWindow& window) {
  json = Json{{"begin", window.begin},
              {"end", window.end},
              {"present", window.present},
              {"mutual_information", numbers(window.mutual_information)},
              {"mutual_information_p", numbers(window.mutual_information_p)},
              {"transfer_entropy", numbers(window.transfer_entropy)},
              {"transfer_entropy_p", numbers(window.transfer_entropy_p)},
              {"total_correlation", band(window.total_correlation)},
              {"o_information", band(window.o_information)},
              {"psi", band(window.psi)},
              {"synergy", nullptr},
              {"note", window.note.empty() ? Json(nullptr) : Json(window.note)}};
  if (window.synergy) {
    json["synergy"] = Json{{"group", window.synergy->group},
                           {"o_information", number_or_null(window.synergy->o_information)}};
  }
}

void to_json(Json& json, const InteractionTimeline& timeline) {
  json = Json{{"signals", timeline.signals},
              {"rows", timeline.rows},
              {"together_since", number_or_null(timeline.together_since)},
              {"emergent_since", number_or_null(timeline.emergent_since)},
              {"windows", timeline.windows},
              {"note", timeline.note.empty() ? Json(nullptr) : Json(timeline.note)}};
}

}  // namespace emdyn::emergence::information
