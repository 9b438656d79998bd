// What the local provisioner sees of its servers: their processes, their answers, their ports.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tidewright::local {

/// Processes whose working directory is `folder` (absolute, without symbolic links; also when it
/// has been deleted since) and whose command line names `port`: the server on that port, a script
/// that started it, a child that it forked; also what is just ending there. Zombies do not count. A
/// process id that another program got later fails both tests.
[[nodiscard]] std::vector<pid_t> ServerProcesses(const std::string& folder, int port);

struct Answer {
  /// What the server says its process is; absent when it tells only those who log in.
  std::optional<pid_t> process;
};
/// Of a Redis server on 127.0.0.1 that serves: absent while nothing listens, while it loads its
/// data, or when it does not answer within half a second.
[[nodiscard]] std::optional<Answer> Ask(int port);

/// Whether anything listens there; nobody is asked who it is.
[[nodiscard]] std::optional<Answer> Listens(int port);

/// Whether a server could listen there now.
[[nodiscard]] bool PortIsFree(int port);

}  // namespace tidewright::local
