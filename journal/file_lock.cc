#include "journal/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tidewright {

StatusOr<FileLock> FileLock::Acquire(const std::string& path) {
  // Close-on-exec: a redis-server that we start must not keep the lock when we are gone.
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return Error(StatusCode::kFailedPrecondition,
                 "{}: {}; its folder must exist and be writable by this user", path,
                 std::strerror(errno));
  }
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) {
      return Error(StatusCode::kFailedPrecondition, "{} cannot be locked: {}", path,
                   std::strerror(error));
    }
    char text[32] = {};
    const ssize_t size = pread(descriptor, text, sizeof(text) - 1, 0);
    std::string owner(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    owner.erase(owner.find_last_not_of('\n') + 1);
    return Error(StatusCode::kFailedPrecondition,
                 "{} is held by process {}: another controller works with this journal; stop it "
                 "first, or use another data folder",
                 path, owner.empty() ? "(unknown)" : owner);
  }
  // For people alone; the lock holds without it, also when the disk is full.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(descriptor, pid.data(), pid.size(), 0);
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace tidewright
