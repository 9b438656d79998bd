// Sparse-lag autoregression by ridge, in level or in log, run forward step by step.
#pragma once

#include "forecast/member.h"

namespace tidewright {

/// y(t) = c + Σ a_j·y(t − l_j) over lags 1, 2, 3, the season and its neighbours and multiples, the
/// long season and its neighbours. Forecasts beyond the first step feed on themselves; they are
/// kept within the range of history, half as much again above it.
class LagRidge : public Member {
 public:
  enum class Domain { kLevel, kLog };
  explicit LagRidge(Domain domain) : domain_(domain) {}

  [[nodiscard]] const char* Name() const override {
    return domain_ == Domain::kLog ? "log ridge" : "ridge";
  }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(int origin, std::span<double> out) const override;

 private:
  struct Model {
    int cutoff = 0;
    std::vector<int> lags;             ///< rising
    std::vector<double> coefficients;  ///< intercept first; empty where too little was known
    double lowest = 0;
    double highest = 0;
  };
  [[nodiscard]] const std::vector<double>& Source() const;
  void FitWithLags(const std::vector<int>& lags, const std::vector<int>& cutoffs);

  Domain domain_;
  const Prepared* p_ = nullptr;
  std::vector<Model> models_;
};

}  // namespace tidewright
