// Which keys the section `policy` has, and what each may hold. Internal to config.
#pragma once

#include "config/section.h"
#include "planner/policy.h"

namespace tidewright::config {

/// Into `policy`, which holds the defaults; what is wrong goes into the section's report.
void ReadPolicy(Section& section, Policy& policy);

}  // namespace tidewright::config
