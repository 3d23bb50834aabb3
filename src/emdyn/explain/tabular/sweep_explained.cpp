#include "emdyn/explain/tabular/sweep_explained.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::explain {
namespace {

constexpr std::size_t kFolds = 5;
constexpr std::size_t kStrengthRows = 60;
constexpr std::size_t kStrengthPairs = 3;
constexpr std::size_t kMostHeldOut = 2000;  // More rows only make a known figure more exact.

double held_out_r2(const SweepTable& table, const forecast::ForestOptions& options) {
  std::vector<std::size_t> order(table.outcome.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Philox random(options.seed, 0x666f6c64);
  shuffle(order, random);
  order.resize(std::min(order.size(), kMostHeldOut));
  double mean = 0.0;
  for (const std::size_t i : order) mean += table.outcome[i] / static_cast<double>(order.size());
  double error = 0.0;
  double variance = 0.0;
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    forecast::FeatureTable train{table.values.columns, {}};
    std::vector<double> outcome;
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k % kFolds == fold) continue;
      train.add(table.values.row(order[k]));
      outcome.push_back(table.outcome[order[k]]);
    }
    const auto forest = forecast::fit_forest(train, outcome, options);
    for (std::size_t k = fold; k < order.size(); k += kFolds) {
      const double y = table.outcome[order[k]];
      error += std::pow(y - forest.predict(table.values.row(order[k])), 2);
      variance += std::pow(y - mean, 2);
    }
  }
  return variance > 0.0 ? 1.0 - error / variance : 0.0;
}

forecast::FeatureTable sample_of(const forecast::FeatureTable& table, std::size_t most) {
  forecast::FeatureTable part{table.columns, {}};
  const std::size_t step = std::max<std::size_t>(1, (table.rows() + most - 1) / most);
  for (std::size_t i = 0; i < table.rows(); i += step) part.add(table.row(i));
  return part;
}

std::optional<Counterfactual> smallest_change(const SweepExplained& explained,
                                              const SweepExplainOptions& options) {
  const SweepTable& table = explained.table;
  const auto found = std::ranges::find(table.source_row, *options.change_row);
  if (found == table.source_row.end()) {
    throw DataError(fmt::format("row {} is not there or has no outcome", *options.change_row + 1));
  }
  if (!options.change_level && !table.yes_no) {
    throw ConfigError("a change of a number needs the level it shall pass: give --level");
  }
  CounterfactualOptions search;
  search.level = options.change_level.value_or(0.5);
  for (std::size_t j = 0; j < table.settings.size(); ++j) {
    if (!table.settings[j].words.empty()) search.categories.push_back(j);
  }
  const auto row = static_cast<std::size_t>(found - table.source_row.begin());
  return counterfactual([&](std::span<const double> x) { return explained.forest.predict(x); },
                        table.values.row(row), table.values, search);
}

Json spread_json(const WithSpread& value) {
  return {{"mean", value.mean}, {"spread", value.spread}};
}

// Smallest and largest value of the table in each bin of a column, and how many rows.
struct BinFacts {
  double low = 0.0;
  double high = 0.0;
  std::size_t rows = 0;
};

std::vector<BinFacts> bin_facts(const SweepExplained& explained, std::size_t column) {
  std::vector<BinFacts> facts(explained.anova.bins.count(column));
  for (std::size_t i = 0; i < explained.table.values.rows(); ++i) {
    const double x = explained.table.values.row(i)[column];
    if (!std::isfinite(x)) continue;
    BinFacts& bin = facts[explained.anova.bins.bin(column, x)];
    bin.low = bin.rows == 0 ? x : std::min(bin.low, x);
    bin.high = bin.rows == 0 ? x : std::max(bin.high, x);
    ++bin.rows;
  }
  return facts;
}

std::string range_text(const SweepSetting& setting, double low, double high) {
  if (low == high) return setting.text(low);
  return fmt::format("{} to {}", setting.text(low), setting.text(high));
}

Json setting_json(const SweepExplained& explained, const Marginal& marginal) {
  const SweepSetting& setting = explained.table.settings[marginal.column];
  const auto facts = bin_facts(explained, marginal.column);
  Json values = Json::array();
  for (std::size_t b = 0; b < facts.size(); ++b) {
    Json row = setting.words.empty() ? Json{{"from", facts[b].low}, {"to", facts[b].high}}
                                     : Json{{"word", setting.text(facts[b].low)}};
    row["rows"] = facts[b].rows;
    row["mean"] = marginal.at[b].mean;
    row["spread"] = marginal.at[b].spread;
    values.push_back(std::move(row));
  }
  return {{"name", setting.name},
          {"share", spread_json(marginal.share)},
          {"values", std::move(values)}};
}

Json heat_json(const SweepExplained& explained) {
  if (explained.anova.pairs.empty()) return nullptr;
  const PairMarginal& pair = explained.anova.pairs.front();
  const HeatMap map = heat_map(explained, pair, 12);
  Json mean = Json::array(), spread = Json::array();
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    Json mean_row = Json::array(), spread_row = Json::array();
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      mean_row.push_back(map.at[r * map.columns.size() + c].mean);
      spread_row.push_back(map.at[r * map.columns.size() + c].spread);
    }
    mean.push_back(std::move(mean_row));
    spread.push_back(std::move(spread_row));
  }
  return {{"first", explained.table.settings[pair.first].name},
          {"second", explained.table.settings[pair.second].name},
          {"first_values", map.rows},
          {"second_values", map.columns},
          {"mean", std::move(mean)},
          {"spread", std::move(spread)}};
}

Json change_json(const SweepExplained& explained) {
  if (!explained.change) return nullptr;
  Json changes = Json::array();
  for (const SettingChange& each : explained.change->changes) {
    const SweepSetting& setting = explained.table.settings[each.column];
    changes.push_back({{"setting", setting.name},
                       {"from", setting.text(each.from)},
                       {"to", setting.text(each.to)},
                       {"units", each.units}});
  }
  return {{"before", explained.change->before},
          {"after", explained.change->after},
          {"cost", explained.change->cost},
          {"changes", std::move(changes)}};
}

// Neighbouring bins merged into at most `most` groups: the first bin of each, and one past the last.
std::vector<std::size_t> merged(std::size_t bins, std::size_t most) {
  std::vector<std::size_t> edges;
  const std::size_t groups = std::min(bins, most);
  for (std::size_t g = 0; g <= groups; ++g) edges.push_back(g * bins / groups);
  return edges;
}

}  // namespace

SweepExplained explain_sweep(SweepTable table, const SweepExplainOptions& options) {
  SweepExplained explained;
  explained.table = std::move(table);
  const SweepTable& own = explained.table;
  if (own.settings.size() < 2) {
    throw DataError(fmt::format("only {} varies in these rows: there is nothing to compare it with",
                                own.settings.front().name));
  }
  forecast::ForestOptions forest = options.forest;
  forest.bins = options.bins;
  explained.forest = forecast::fit_forest(own.values, own.outcome, forest);
  explained.anova = functional_anova(explained.forest, own.values, options.bins);
  explained.held_out_r2 = held_out_r2(own, forest);
  const auto sample = sample_of(own.values, kStrengthRows);
  const RowFunction function = [&](std::span<const double> x) {
    return explained.forest.predict(x);
  };
  for (std::size_t p = 0; p < std::min(kStrengthPairs, explained.anova.pairs.size()); ++p) {
    const PairMarginal& pair = explained.anova.pairs[p];
    explained.strength.push_back(interaction_strength(function, sample, pair.first, pair.second));
  }
  if (options.change_row) explained.change = smallest_change(explained, options);
  return explained;
}

std::vector<std::string> bin_texts(const SweepExplained& explained, std::size_t column) {
  std::vector<std::string> texts;
  for (const BinFacts& bin : bin_facts(explained, column)) {
    texts.push_back(range_text(explained.table.settings[column], bin.low, bin.high));
  }
  return texts;
}

HeatMap heat_map(const SweepExplained& explained, const PairMarginal& pair, std::size_t most) {
  const auto rows = bin_facts(explained, pair.first);
  const auto columns = bin_facts(explained, pair.second);
  const auto row_edges = merged(rows.size(), most);
  const auto column_edges = merged(columns.size(), most);
  const auto label = [&](std::size_t column, const std::vector<BinFacts>& facts, std::size_t from,
                         std::size_t to) {
    const SweepSetting& setting = explained.table.settings[column];
    return range_text(setting, facts[from].low, facts[to - 1].high);
  };
  HeatMap map;
  for (std::size_t r = 0; r + 1 < row_edges.size(); ++r) {
    map.rows.push_back(label(pair.first, rows, row_edges[r], row_edges[r + 1]));
  }
  for (std::size_t c = 0; c + 1 < column_edges.size(); ++c) {
    map.columns.push_back(label(pair.second, columns, column_edges[c], column_edges[c + 1]));
  }
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      WithSpread cell;
      double total = 0.0;
      for (std::size_t a = row_edges[r]; a < row_edges[r + 1]; ++a) {
        for (std::size_t b = column_edges[c]; b < column_edges[c + 1]; ++b) {
          const double weight = static_cast<double>(rows[a].rows * columns[b].rows);
          cell.mean += weight * pair.at[a * columns.size() + b].mean;
          cell.spread += weight * pair.at[a * columns.size() + b].spread;
          total += weight;
        }
      }
      map.at.push_back({cell.mean / total, cell.spread / total});
    }
  }
  return map;
}

Json sweep_json(const SweepExplained& explained) {
  Json settings = Json::array();
  std::vector<Marginal> single = explained.anova.single;
  std::ranges::stable_sort(
      single, [](const Marginal& a, const Marginal& b) { return a.share.mean > b.share.mean; });
  for (const Marginal& each : single) settings.push_back(setting_json(explained, each));
  Json pairs = Json::array();
  for (std::size_t p = 0; p < explained.anova.pairs.size(); ++p) {
    const PairMarginal& pair = explained.anova.pairs[p];
    pairs.push_back({{"first", explained.table.settings[pair.first].name},
                     {"second", explained.table.settings[pair.second].name},
                     {"share", spread_json(pair.share)},
                     {"strength", p < explained.strength.size() ? Json(explained.strength[p])
                                                                : Json(nullptr)}});
  }
  return {{"outcome", explained.table.outcome_text},
          {"yes_no", explained.table.yes_no},
          {"rows", explained.table.outcome.size()},
          {"rows_without_outcome", explained.table.without_outcome},
          {"passed_over", explained.table.passed_over},
          {"mean", explained.anova.mean},
          {"held_out_r2", explained.held_out_r2},
          {"settings", std::move(settings)},
          {"pairs", std::move(pairs)},
          {"beyond_pairs", spread_json(explained.anova.beyond_pairs)},
          {"heat_map", heat_json(explained)},
          {"change", change_json(explained)}};
}

}  // namespace emdyn::explain
