// One policy on one trace, and what many of them come to together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "planner/scaling_policy.h"
#include "replay/faults.h"
#include "replay/optimum.h"
#include "replay/quota_trial.h"
#include "replay/store_model.h"

namespace tidewright::replay {

/// Who is replayed. A policy is made anew for each trace.
struct Contestant {
  std::string name;
  /// `notes` sees every forecast of a policy that makes some.
  std::function<std::unique_ptr<ScalingPolicy>(const ScalingTerms&, ForecastFaults notes)> make;
  bool hindsight = false;  ///< learns from the judged steps instead of those before them
};

struct TrialSettings {
  FaultSettings faults = {};
  std::uint64_t seed = 1;
  bool keep_course = false;  ///< Trial::served and Trial::forecasts
  /// A quota is replayed instead of shards. Of the faults only those of metrics and forecasts are.
  std::optional<QuotaRules> quota = {};
};

/// What was forecast for one step, an hour before it.
struct Foreseen {
  int index = 0;
  double median = 0;
  double high = 0;  ///< the 95 % quantile
};

struct Trial {
  Outcome outcome;
  std::vector<Move> decisions;  ///< every answer, also to stay
  long asked = 0;               ///< how often; as many as decisions
  double milliseconds = 0;      ///< that answering took
  std::vector<ServedStep> served;
  std::vector<Foreseen> foreseen;
};

/// The terms that a store sets its policies.
[[nodiscard]] ScalingTerms TermsOf(const StoreModel& store);

[[nodiscard]] Trial RunTrial(const Series& trace, const StoreModel& store,
                             const Contestant& contestant, const TrialSettings& settings,
                             Clock& clock);

/// What one trial is measured by; without optima the ratios to them are NaN.
struct Score {
  double cost_ratio = 0;   ///< J ÷ that of the optimum
  double hours_ratio = 0;  ///< node-hours ÷ those of the zero-violation optimum
};

/// Many trials of one contestant as one line: ratios by their geometric mean, shares by the mean of
/// the traces' (a long trace counts no more than a short one), the rest as sums.
class Pool {
 public:
  void Add(const Trial& trial, const Score& score);
  [[nodiscard]] int traces() const { return traces_; }
  [[nodiscard]] double CostRatio() const;
  [[nodiscard]] double HoursRatio() const;
  [[nodiscard]] double MillisecondsPerDecision() const;
  [[nodiscard]] double ViolatingShare() const;
  [[nodiscard]] double UnservedShare() const;
  [[nodiscard]] double Cost(double penalty) const { return node_hours_ + penalty * unserved_; }
  [[nodiscard]] double node_hours() const { return node_hours_; }
  [[nodiscard]] double unserved_hours() const { return unserved_; }
  [[nodiscard]] long violating() const { return violating_; }
  [[nodiscard]] long episodes() const { return episodes_; }
  [[nodiscard]] long moves() const { return moves_; }
  [[nodiscard]] long steps() const { return steps_; }

 private:
  int traces_ = 0;
  double log_cost_ = 0;
  double log_hours_ = 0;
  double node_hours_ = 0;
  double unserved_ = 0;
  double violating_shares_ = 0;
  double unserved_shares_ = 0;
  double milliseconds_ = 0;
  long violating_ = 0;
  long episodes_ = 0;
  long moves_ = 0;
  long steps_ = 0;
  long decisions_ = 0;
};

}  // namespace tidewright::replay
