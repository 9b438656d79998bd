// Keeps what is in our memory, passwords among it, from leaving the process by ways of the system.
#pragma once

#include "core/status.h"

namespace tidewright {

/// No core dump of this process is written, neither to a file nor to a collector, and no other
/// process of our user may look into it (PR_SET_DUMPABLE). Programs that we start are not concerned.
[[nodiscard]] Status KeepMemoryPrivate();

}  // namespace tidewright
