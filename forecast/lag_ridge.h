// Sparse-lag autoregression by ridge, in level or in log, run forward step by step.
#pragma once

#include "forecast/domain.h"
#include "forecast/member.h"

namespace tidewright {

/// y(t) = c + Σ a_j·y(t − l_j) over lags 1, 2, 3, the season and its neighbours and multiples, the
/// long season and its neighbours. Forecasts beyond the first step feed on themselves; they are
/// kept within the range of history, half as much again above it.
class LagRidge : public Member {
 public:
  explicit LagRidge(Domain domain) : domain_(domain) {}

  [[nodiscard]] const char* Name() const override {
    return domain_ == Domain::kLog ? "log ridge" : "ridge";
  }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  struct Model {
    int cutoff = 0;
    std::vector<int> lags;            ///< rising; the first are 1 … kShortLags
    std::vector<float> coefficients;  ///< intercept first; empty where too little was known
    Bounds bounds;
  };

  /// Models of models_[first, last), whose lags are the same; cutoffs rise.
  void FitModels(const Prepared& p, std::size_t first, std::size_t last);

  Domain domain_;
  std::vector<Model> models_;
};

}  // namespace tidewright
