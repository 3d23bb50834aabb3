#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/emergence/mirage/mirage.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"

namespace emdyn::emergence::mirage {

/// Which series of a long table to judge.
struct TableMirageQuery {
  scaling::SeriesQuery series{};  ///< Axis, and along scale the point of training.
  std::string
      graded{};  ///< Name of the graded metric; empty: every metric whose name says it is graded.
  std::string continuous{};  ///< Name of the continuous metric; empty: the first of the same task
                             ///< whose name says what it measures. A metric of another task (a
                             ///< validation loss) serves every task.
  std::optional<MetricKind> continuous_kind{};  ///< Default: by its name.
  std::size_t min_points = 4;                   ///< Shorter graded series are left out.
};

struct TableJudgement {
  std::string task{};
  std::string group{};  ///< TableSeries::group_name().
  Judgement judgement{};
};

/// Judges every graded series of the table against the continuous one of the same task and group,
/// where there is one; those without come back undecided with advice. In order of the table;
/// parallel over series, deterministic.
/// @throws DataError as LongTable::series(), or when no metric of the table is graded (names are
/// listed).
std::vector<TableJudgement> judge_table(const scaling::LongTable& table,
                                        const TableMirageQuery& query,
                                        const MirageOptions& options = {});

void to_json(Json& json, const TableJudgement& row);

}  // namespace emdyn::emergence::mirage
