// Folders, children and small disks for tests of what is on disk.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace tidewright::testing {

/// A folder of its own, gone with the object. In memory where there is such a place: a test that
/// commits a thousand times must not wait for the disk.
class TempFolder {
 public:
  TempFolder() {
    const std::string memory = "/dev/shm";
    std::string name = access(memory.c_str(), W_OK) == 0
                           ? memory
                           : std::filesystem::temp_directory_path().string();
    name += "/tidewright-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Overwrites bytes in the middle of a file.
inline void Overwrite(const std::string& path, std::streamoff offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw std::runtime_error("overwrite " + path);
}

/// A forked child and the lines that it says. No BOOST_ macro may run in it.
class Child {
 public:
  using Say = std::function<void(const std::string&)>;
  explicit Child(const std::function<void(const Say&)>& body) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      body([&](const std::string& line) {
        const std::string text = line + "\n";
        if (write(ends[1], text.data(), text.size()) < 0) _exit(3);
      });
      _exit(0);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~Child() {
    Kill();
    fclose(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line it says; empty at its end.
  std::string Line() {
    std::string line;
    for (int c = fgetc(output_); c != EOF && c != '\n'; c = fgetc(output_)) {
      line.push_back(static_cast<char>(c));
    }
    return line;
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }
  /// Its exit code, or 128 + the signal that ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
};

/// Call in a child: no file may grow beyond this, as under a quota.
inline void LimitFileSize(std::size_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

/// Call in a child: makes `folder` a file system of `bytes` where this user may mount one, else
/// limits the size of each file to that.
inline void LimitDisk(const std::string& folder, std::size_t bytes) {
  const std::string size = "size=" + std::to_string(bytes);
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    LimitFileSize(bytes);
  }
}

/// Call in a child: gives up root's right to write everywhere.
inline bool BecomeNobody() { return geteuid() != 0 || seteuid(65534) == 0; }

}  // namespace tidewright::testing
