// Three ways to hold one process to a share of a core.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "core/status.h"
#include "core/time.h"

namespace tidewright::loadgen {

/// One process under a limit. The destructor lifts the limit and leaves nothing behind. Not
/// thread-safe.
class Leash {
 public:
  virtual ~Leash() = default;
  /// To be called every few milliseconds.
  virtual void Tick(MonoTime now) = 0;
  /// The limit stays when the object goes, where the means allows that.
  virtual void Keep() = 0;
};

/// Makes leashes. A means that is not permitted on this machine says so in Make…
class Means {
 public:
  virtual ~Means() = default;
  [[nodiscard]] virtual std::string Name() const = 0;
  [[nodiscard]] virtual StatusOr<std::unique_ptr<Leash>> Hold(pid_t pid, double share) = 0;
};

/// The kernel's cpu controller, version 2 or else version 1: a group for each process, with a
/// period as short as the kernel's smallest quota of 1 ms allows. kPermissionDenied where no group
/// can be made. Removes groups that a killed predecessor left empty.
[[nodiscard]] StatusOr<std::unique_ptr<Means>> MakeCgroupMeans(int version);

/// SIGSTOP when the process's main thread has used up its share, SIGCONT when it has earned some
/// again. Works everywhere for one's own processes.
[[nodiscard]] std::unique_ptr<Means> MakeSignalMeans();

/// Nanoseconds of cpu that the main thread has used; kNotFound when the process is no more.
[[nodiscard]] StatusOr<std::int64_t> MainThreadNanoseconds(pid_t pid);

}  // namespace tidewright::loadgen
