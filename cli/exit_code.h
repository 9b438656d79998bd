// How commands of tidectl end.
#pragma once

#include "core/status.h"

namespace tidewright::cli {

/// Exit codes, also in `tidectl --help`.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitUsage = 2,
  kExitUnreachable = 3,
  kExitRefused = 4,
};

/// Says it on stderr; returns the exit code that fits.
int Fail(const Status& status);

}  // namespace tidewright::cli
