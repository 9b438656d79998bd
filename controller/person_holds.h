// What people hold back until a time, and why: kept in the journal, told to the audit log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "core/status.h"
#include "journal/journal.h"
#include "planner/plan.h"
#include "planner/policy.h"

namespace tidewright {

/// Not thread-safe.
class PersonHolds {
 public:
  explicit PersonHolds(Journal& journal) : journal_(journal) {}

  Status Load();
  /// kInvalidArgument for an end that is not ahead.
  StatusOr<PersonHold> Add(WallTime until, const std::string& who, const std::string& why,
                           WallTime now);
  /// kNotFound when there is none of this id that still stands.
  Status Clear(const std::string& id, const std::string& who, const std::string& why, WallTime now);
  [[nodiscard]] std::vector<PersonHold> Active(WallTime now) const;
  /// Why this plan does not begin; nothing where it may, as an emergency may by the policy.
  [[nodiscard]] std::optional<Reason> Against(const Plan& plan, const Policy& policy,
                                              WallTime now) const;

 private:
  Status Save(std::vector<PersonHold> holds, int next);

  Journal& journal_;
  std::vector<PersonHold> holds_;
  int next_ = 1;
};

}  // namespace tidewright
