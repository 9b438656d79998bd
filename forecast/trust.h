// How far a forecast may be trusted, by what the same method would have said before.
#pragma once

#include <string>

#include "forecast/combination.h"
#include "forecast/forecast.h"
#include "forecast/residuals.h"

namespace tidewright {

struct Verdict {
  Trust trust = Trust::kNone;
  double recent_error = 0;  ///< as Forecast::recent_error
  std::string reason;       ///< for people
};

[[nodiscard]] Verdict Judge(const Prepared& p, const Combined& combined, const Residuals& residuals,
                            const std::vector<RealisedCoverage>& realised);

}  // namespace tidewright
