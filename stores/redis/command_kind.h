// Which commands change nothing.
#pragma once

#include "stores/redis/connection.h"

namespace tidewright::redis {

/// Whether the command only looks. What is not known to do so counts as a change.
[[nodiscard]] bool OnlyReads(const Command& command);

}  // namespace tidewright::redis
