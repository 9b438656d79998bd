#include "io/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tidewright::io {
namespace {

Status SystemError(const std::string& path, const char* what) {
  const int error = errno;
  const StatusCode code = error == ENOSPC || error == EDQUOT ? StatusCode::kResourceExhausted
                                                             : StatusCode::kFailedPrecondition;
  return Error(code, "{}: cannot {}: {}", path, what, std::strerror(error));
}

Status SyncFolder(const std::string& path) {
  const int folder = open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return SystemError(path, "open its folder");
  const bool synced = fsync(folder) == 0;
  const Status status = synced ? OkStatus() : SystemError(path, "write its folder to the disk");
  close(folder);
  return status;
}

}  // namespace

std::string FolderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status ReplaceFileDurably(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return SystemError(draft, "be written");
  const auto size = static_cast<ssize_t>(text.size());
  const bool written = write(file, text.data(), text.size()) == size && fsync(file) == 0;
  Status status = written ? OkStatus() : SystemError(draft, "be written");
  close(file);
  if (status.ok() && rename(draft.c_str(), path.c_str()) != 0) {
    status = SystemError(path, "be put in place");
  }
  if (!status.ok()) unlink(draft.c_str());
  return status.ok() ? SyncFolder(path) : status;
}

Status RemoveFileDurably(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError(path, "be removed");
  return SyncFolder(path);
}

}  // namespace tidewright::io
