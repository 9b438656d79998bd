// One guard each: what it says against a proposal. Internal to the planner; guards.h judges by all
// of them.
#pragma once

#include <string>
#include <utility>

#include "planner/guards.h"

namespace tidewright::planner {

struct Verdict {
  std::optional<Reason> reason;  ///< absent: nothing against it
  int allowed = 0;               ///< shards to go to; `from` is a veto
};
using Guard = Verdict (*)(const Situation&, const Proposal&);

inline Verdict Pass(const Proposal& p) { return {std::nullopt, p.to}; }
inline Verdict Veto(const Proposal& p, ReasonCode code, std::string text) {
  return {Reason{code, std::move(text)}, p.from};
}
inline Verdict Weaken(int allowed, ReasonCode code, std::string text) {
  return {Reason{code, std::move(text)}, allowed};
}

namespace guards {

// Both ways (both.cc).
Verdict InFlight(const Situation& s, const Proposal& p);
Verdict MovesMustBePossible(const Situation& s, const Proposal& p);
Verdict Cooldown(const Situation& s, const Proposal& p);
Verdict Settling(const Situation& s, const Proposal& p);
Verdict RateLimit(const Situation& s, const Proposal& p);
Verdict Windows(const Situation& s, const Proposal& p);
Verdict Held(const Situation& s, const Proposal& p);
Verdict StepLimit(const Situation& s, const Proposal& p);

// Increases (scale_out.cc).
Verdict Maximum(const Situation& s, const Proposal& p);
Verdict Budget(const Situation& s, const Proposal& p);
Verdict PoorForecast(const Situation& s, const Proposal& p);

// Decreases, and what moves data without need (scale_in.cc).
Verdict Minimum(const Situation& s, const Proposal& p);
Verdict LossMustBeSurvivable(const Situation& s, const Proposal& p);
Verdict HitsMustSuffice(const Situation& s, const Proposal& p);
Verdict NodesMustBeWell(const Situation& s, const Proposal& p);
Verdict DataMustBeFresh(const Situation& s, const Proposal& p);
Verdict ForecastMustBeTrusted(const Situation& s, const Proposal& p);
Verdict DemandMustStayLow(const Situation& s, const Proposal& p);
Verdict ObservedLoadMustBeLow(const Situation& s, const Proposal& p);

}  // namespace guards
}  // namespace tidewright::planner
