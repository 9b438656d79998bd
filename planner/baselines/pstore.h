// P-Store: SPAR's forecast, inflated, and the cheapest feasible schedule of moves for it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "planner/baselines/spar.h"
#include "planner/baselines/support.h"
#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct PStoreSettings {
  double inflation = 0.15;  ///< of the forecast
  Duration horizon = std::chrono::hours(8);
  int scale_in_after = 3;  ///< decisions in a row that want it
  Duration refit_every = std::chrono::days(7);
};

/// What is served in each step of a move, worked out once.
class MoveTable {
 public:
  explicit MoveTable(const ScalingTerms& terms)
      : moves_(terms.moves), fewest_(terms.fewest), most_(terms.most) {}
  [[nodiscard]] int fewest() const { return fewest_; }
  [[nodiscard]] int most() const { return most_; }
  const std::vector<double>& Capacity(int from, int to);

 private:
  MoveModel moves_;
  int fewest_;
  int most_;
  std::vector<std::vector<double>> rows_;  // [from][to]
};

/// What to do now for this load (in shards' worth) of the steps to come; nothing where no schedule
/// of moves bears it.
[[nodiscard]] std::optional<int> FirstFeasibleMove(const std::vector<double>& load, int shards,
                                                   MoveTable& table);

/// cost(t, A) = min over B of cost(t − τ(B, A), B) + billed, infinite where the inflated forecast
/// exceeds what a move serves; of the sizes that are feasible at the end of the horizon the fewest.
/// Where none is: at once to what the inflated forecast's maximum over the longest move from here
/// needs, or demand as it is. Until SPAR can be fitted, the forecast is the last value.
/// Source: Taft et al., P-Store, SIGMOD'18, sections 4 and 5.
class PStore : public ScalingPolicy {
 public:
  explicit PStore(const ScalingTerms& terms, PStoreSettings settings = {});
  [[nodiscard]] std::string Name() const override { return "p-store"; }
  [[nodiscard]] int Shards(const ScalingQuestion& question) override;

 private:
  /// In shards' worth, inflated; the first is the step to come.
  [[nodiscard]] std::vector<double> Load(const std::vector<double>& values, WallTime now);
  void Refit(const std::vector<double>& values, WallTime now);

  ScalingTerms terms_;
  PStoreSettings settings_;
  MoveTable table_;
  Filled filled_;
  std::optional<Spar> spar_;
  WallTime refit_at_ = WallTime::min();
  int wanted_scale_in_ = 0;
};

/// The larger of P-Store's answer and the tuned reactive policy's, as AHPA combines its proactive
/// and its reactive size. Source: Zhou et al., AHPA, IAAI'23.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeLargerOfBoth(const ScalingTerms& terms,
                                                              double penalty);

}  // namespace tidewright::baselines
