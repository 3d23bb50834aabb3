#include "emdyn/stress/auto_attack.hpp"

#include "emdyn/stress/apgd.hpp"
#include "emdyn/stress/fab.hpp"
#include "emdyn/stress/square.hpp"

namespace emdyn::stress {

void AutoAttack::run(Search& search) const {
  Apgd({.steps = config_.steps}).run(search);
  Apgd({.steps = config_.steps, .loss = LossKind::logit_ratio, .targets = config_.targets})
      .run(search);
  Fab({.steps = config_.steps, .targets = config_.targets}).run(search);
  if (search.norm() != Norm::l1) Square({.queries = config_.queries}).run(search);
}

}  // namespace emdyn::stress
