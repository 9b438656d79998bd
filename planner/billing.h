// How nodes are billed. Pure arithmetic.
#pragma once

#include "core/time.h"

namespace tidewright {

struct BillingTerms {
  Duration granularity{0};  ///< a period that was begun is paid whole; 0: by the second
  Duration minimum{0};      ///< a node that was begun is paid for so long at least
  int committed = 0;        ///< so many nodes are paid for, whether they are there or not

  /// Whether a node that leaves may be paid for longer than it was there.
  [[nodiscard]] bool ByPeriod() const { return granularity > Duration(0) || minimum > Duration(0); }
  [[nodiscard]] bool Any() const { return ByPeriod() || committed > 0; }
  friend bool operator==(const BillingTerms&, const BillingTerms&) = default;
};

/// For how long a node of this age is paid: max(age, minimum), in whole periods. At the very end of
/// a period that is its age: it may leave, and nothing is lost.
[[nodiscard]] Duration PaidTime(Duration age, const BillingTerms& terms);

}  // namespace tidewright
