#include "controller/process_guard.h"

#include <sys/prctl.h>

#include <cerrno>
#include <cstring>

namespace tidewright {

Status KeepMemoryPrivate() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return OkStatus();
  return Error(StatusCode::kInternal, "PR_SET_DUMPABLE: {}", std::strerror(errno));
}

}  // namespace tidewright
