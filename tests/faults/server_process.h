// redis-servers as the system sees them: to be killed, and started again as they were.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "core/status.h"
#include "io/subprocess.h"

namespace tidewright::faults {

struct ServerProcess {
  pid_t pid = -1;
  int port = 0;
  std::string directory;
};

/// Those that work below a folder, by port; also stopped ones.
[[nodiscard]] std::map<int, ServerProcess> ServersBelow(const std::string& folder);
/// With the settings of the suite's servers; `appendfsync` may be empty: nothing goes to disk.
[[nodiscard]] StatusOr<io::Subprocess> StartAgain(const ServerProcess& server,
                                                  const std::string& appendfsync);

}  // namespace tidewright::faults
