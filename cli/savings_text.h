// What was saved, and what other policies would have come to, as text. Pure.
#pragma once

#include <string>

#include "tidewright/v1/controller.pb.h"

namespace tidewright::cli {

namespace pb = ::tidewright::v1;

/// What is simulated is labelled "estimated", what was lost is negative, what is not known is said.
[[nodiscard]] std::string SavingsText(const pb::Status& status);

}  // namespace tidewright::cli
