// One process at a time.
#pragma once

#include <string>
#include <utility>

#include "core/status.h"

namespace tidewright {

/// An exclusive lock on a file, with our process id in it, held until destroyed or until the
/// process ends in whatever way. The file stays: removing it would let two processes lock two files
/// of one name. Move-only.
class FileLock {
 public:
  /// Creates the file when it is not there. kFailedPrecondition when somebody else holds it, or
  /// when it cannot be created.
  [[nodiscard]] static StatusOr<FileLock> Acquire(const std::string& path);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tidewright
