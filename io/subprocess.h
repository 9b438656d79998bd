// Programs started by us.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/status.h"

namespace tidewright::io {

struct SpawnOptions {
  std::vector<std::string> command;  ///< program (found in PATH) and arguments
  std::string working_directory;     ///< empty: ours
  std::string input_file = {};       ///< stdin; empty: nothing to read
  std::string output_file;           ///< stdout, appended; empty: discarded
  std::string error_file = {};       ///< stderr, appended; empty: as stdout
  bool own_session = true;           ///< survives our death and our terminal's signals
};

/// A child process. Move-only; the destructor neither waits nor kills. Not thread-safe.
class Subprocess {
 public:
  [[nodiscard]] static StatusOr<Subprocess> Spawn(const SpawnOptions& options);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Reaps it when it has ended: exit code, or 128 + signal; absent while it runs.
  std::optional<int> Poll();
  void Signal(int signal);
  /// SIGTERM, and SIGKILL after `grace`; reaps. Returns the exit code as Poll does.
  int Stop(Duration grace, Clock& clock);
  /// The same for it and all that it started, where it has a session of its own.
  int StopSession(Duration grace, Clock& clock);
  /// Waits for its end; absent when `timeout` passed first.
  std::optional<int> Wait(Duration timeout, Clock& clock);

 private:
  explicit Subprocess(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct RunResult {
  int exit_code = 0;
  std::string output;  ///< stdout and stderr together
};
/// Runs a program to its end. kDeadlineExceeded, and the program killed, when it takes longer.
[[nodiscard]] StatusOr<RunResult> Run(const std::vector<std::string>& command, Duration timeout,
                                      Clock& clock);

/// Whether a process of that id exists (it may be a zombie of another parent).
[[nodiscard]] bool ProcessExists(pid_t pid);

/// A TCP port of 127.0.0.1 that is free now, and whose port + 10000 is free too (cluster bus).
[[nodiscard]] StatusOr<int> FreePort();

}  // namespace tidewright::io
