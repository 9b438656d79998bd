#include "cli/exit_code.h"

#include <cstdio>

namespace tidewright::cli {

int Fail(const Status& status) {
  std::fprintf(stderr, "tidectl: %s\n", Message(status).c_str());
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case StatusCode::kFailedPrecondition:
    case StatusCode::kNotFound:
      return kExitRefused;
    default:
      return kExitError;
  }
}

}  // namespace tidewright::cli
