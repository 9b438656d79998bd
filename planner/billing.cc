#include "planner/billing.h"

#include <algorithm>

namespace tidewright {

Duration PaidTime(Duration age, const BillingTerms& terms) {
  const Duration at_least = std::max({Duration(0), age, terms.minimum});
  if (terms.granularity <= Duration(0)) return at_least;
  const auto periods = (at_least + terms.granularity - Duration(1)) / terms.granularity;
  return terms.granularity * std::max<Duration::rep>(1, periods);
}

}  // namespace tidewright
