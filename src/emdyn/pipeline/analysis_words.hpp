#pragma once
#include <string>
#include <vector>

#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/overlay.hpp"

/// What an analysis says in lines of text.
namespace emdyn::pipeline {

/// "9 of 172 signals changed suddenly".
std::string headline(const Analysis& analysis);
/// "9 of 172 signals changed suddenly in at least one of 16 runs".
std::string headline(const Overlay& overlay);

/// At which rate false ones are among those told, and why this procedure.
std::string discovery_words(double level, std::size_t signals);

/// "test_accuracy: rose from 2 % to 98 % at step 1412 [1405, 1420] (…)" or "train_loss: no
/// transition (of 6 models …)".
std::string transition_sentence(const emergence::TransitionFit& fit);

/// "rise 2 % → 98 %", "bend -0.0051 → -0.0001 a step": for a cell of a table.
std::string short_change(const series::Transition& transition, const emergence::ValueRange& range);

/// "163 did not: 96 constant, 40 slow change, 20 with fewer than 5 points, 7 with equal values" or
/// nothing where all did.
std::string rest_words(const Analysis& analysis);

/// A trend of an indicator that stands after the correction for all that were looked at.
struct ShownTrend {
  std::string signal{}, indicator{};
  double tau = 0.0, p_value = 1.0, q_value = 1.0;
  bool slowing = false;  ///< It goes the way of a system that recovers ever more slowly.
};
/// Those at or below the false discovery rate, the smallest q-value first.
std::vector<ShownTrend> standing_trends(const Analysis& analysis);

/// "early warning: none of 24 trends in 6 signals before rise of … stands (smallest p 0.02,
/// corrected 0.9)", or why there are none.
std::string early_warning_words(const Analysis& analysis);

}  // namespace emdyn::pipeline
