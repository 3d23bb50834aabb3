#pragma once
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

using emdyn::EntryFacts;

/// What users are told of any detector, be it of samples or of rows.
struct DetectorFacts : EntryFacts {
  Domain domain;
  EventKind kind;
};

/// The facts of a detector class of either registry.
template <class D>
constexpr DetectorFacts facts_of(Domain domain) {
  return {{D::kName, D::kSummary, D::kPaper, D::kCost, [] { return describe_fields(D::kFields); }},
          domain,
          D::kKind};
}

}  // namespace emdyn::detect
