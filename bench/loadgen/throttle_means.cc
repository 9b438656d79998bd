#include "bench/loadgen/throttle_means.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace tidewright::loadgen {
namespace {

constexpr int kShortestPeriodMicros = 10'000;
constexpr int kSmallestQuotaMicros = 1'000;  // the kernel refuses less
constexpr Duration kBurst = std::chrono::milliseconds(20);
constexpr char kPrefix[] = "tidewright-throttle-";

Status Write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return OkStatus();
  return Error(StatusCode::kPermissionDenied, "{}: cannot write '{}'", path, text);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool HasWord(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string one; words >> one;) {
    if (one == word) return true;
  }
  return false;
}

/// Removes groups of processes that are gone ("tidewright-throttle-<maker>-<pid>").
void RemoveStale(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename();
    if (name.rfind(kPrefix, 0) != 0) continue;
    const pid_t maker = std::atoi(name.c_str() + std::strlen(kPrefix));
    if (maker > 0 && kill(maker, 0) != 0 && errno == ESRCH) rmdir(entry.path().c_str());
  }
}

class CgroupLeash : public Leash {
 public:
  CgroupLeash(std::string parent, std::string group, pid_t pid)
      : parent_(std::move(parent)), group_(std::move(group)), pid_(pid) {}
  ~CgroupLeash() override {
    if (kept_) return;
    if (HasWord(ReadAll(group_ + "/cgroup.procs"), std::to_string(pid_))) {
      std::ignore = Write(parent_ + "/cgroup.procs", std::to_string(pid_));
    }
    rmdir(group_.c_str());
  }
  void Tick(MonoTime) override {}
  void Keep() override { kept_ = true; }

 private:
  std::string parent_;
  std::string group_;
  pid_t pid_;
  bool kept_ = false;
};

class CgroupMeans : public Means {
 public:
  CgroupMeans(int version, std::string parent) : version_(version), parent_(std::move(parent)) {}

  [[nodiscard]] std::string Name() const override {
    return fmt::format("cgroup v{} at {}", version_, parent_);
  }

  StatusOr<std::unique_ptr<Leash>> Hold(pid_t pid, double share) override {
    TW_ASSIGN_OR_RETURN(const std::string group, MakeGroup(std::to_string(pid), share));
    // From here on the leash cleans up.
    auto leash = std::make_unique<CgroupLeash>(parent_, group, pid);
    TW_RETURN_IF_ERROR(Write(group + "/cgroup.procs", std::to_string(pid)));
    return leash;
  }

  /// Makes a limited group and removes it again.
  Status Try() {
    TW_ASSIGN_OR_RETURN(const std::string group, MakeGroup("try", 0.5));
    rmdir(group.c_str());
    return OkStatus();
  }

 private:
  StatusOr<std::string> MakeGroup(const std::string& name, double share) {
    const std::string group = fmt::format("{}/{}{}-{}", parent_, kPrefix, getpid(), name);
    if (mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) {
      return Error(StatusCode::kPermissionDenied, "{}: {}", group, std::strerror(errno));
    }
    if (const Status limited = Limit(group, share); !limited.ok()) {
      rmdir(group.c_str());
      return limited;
    }
    return group;
  }

  [[nodiscard]] Status Limit(const std::string& group, double share) const {
    const int period = std::clamp(static_cast<int>(std::ceil(kSmallestQuotaMicros / share)),
                                  kShortestPeriodMicros, 1'000'000);
    const int quota = std::max(kSmallestQuotaMicros, static_cast<int>(std::lround(period * share)));
    if (version_ == 2) return Write(group + "/cpu.max", fmt::format("{} {}", quota, period));
    TW_RETURN_IF_ERROR(Write(group + "/cpu.cfs_period_us", std::to_string(period)));
    return Write(group + "/cpu.cfs_quota_us", std::to_string(quota));
  }

  int version_;
  std::string parent_;
};

/// Where the cpu controller of that version is mounted, and which group there is ours.
std::pair<std::string, std::string> MountAndOwnGroup(int version) {
  std::string mount;
  std::istringstream mounts(ReadAll("/proc/mounts"));
  std::string device, path, type, options, rest;
  while (mounts >> device >> path >> type >> options && std::getline(mounts, rest)) {
    std::string commas = options;
    std::replace(commas.begin(), commas.end(), ',', ' ');
    if (version == 2 ? type == "cgroup2" : type == "cgroup" && HasWord(commas, "cpu")) {
      mount = path;
      break;
    }
  }
  std::istringstream groups(ReadAll("/proc/self/cgroup"));  // "4:cpu,cpuacct:/path", "0::/path"
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    std::replace(controllers.begin(), controllers.end(), ',', ' ');
    if (version == 2 ? line.rfind("0::", 0) == 0 : HasWord(controllers, "cpu")) {
      return {mount, line.substr(second + 1)};
    }
  }
  return {mount, "/"};
}

class SignalLeash : public Leash {
 public:
  SignalLeash(pid_t pid, int process, double share) : pid_(pid), process_(process), share_(share) {}
  ~SignalLeash() override {
    if (stopped_) Signal(SIGCONT);
    close(process_);
  }

  void Tick(MonoTime now) override {
    const auto used = MainThreadNanoseconds(pid_);
    if (!used.ok()) return;
    if (last_used_) {
      const double burst = share_ * Seconds(kBurst);
      tokens_ += share_ * Seconds(now - last_tick_);
      tokens_ = std::min(tokens_, burst) - static_cast<double>(*used - *last_used_) * 1e-9;
    }
    last_used_ = *used;
    last_tick_ = now;
    const bool stop = tokens_ < 0;
    if (stop != stopped_) Signal(stop ? SIGSTOP : SIGCONT);
    stopped_ = stop;
  }
  void Keep() override {}

 private:
  // By a descriptor of the process: its id may belong to another one by now.
  void Signal(int signal) const { syscall(SYS_pidfd_send_signal, process_, signal, nullptr, 0); }

  pid_t pid_;
  int process_;
  double share_;
  bool stopped_ = false;
  double tokens_ = 0;  ///< seconds of cpu it may still use
  std::optional<std::int64_t> last_used_;
  MonoTime last_tick_;
};

class SignalMeans : public Means {
 public:
  [[nodiscard]] std::string Name() const override { return "SIGSTOP and SIGCONT"; }
  StatusOr<std::unique_ptr<Leash>> Hold(pid_t pid, double share) override {
    const auto process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) {
      return Error(StatusCode::kNotFound, "process {}: {}", pid, std::strerror(errno));
    }
    return std::make_unique<SignalLeash>(pid, process, share);
  }
};

}  // namespace

StatusOr<std::unique_ptr<Means>> MakeCgroupMeans(int version) {
  const auto [mount, own] = MountAndOwnGroup(version);
  if (mount.empty())
    return Error(StatusCode::kUnimplemented, "no cgroup v{} cpu controller", version);
  // Our own group first, then its ancestors: a session's group may hold processes of its own, and
  // then version 2 allows no groups with controllers below it.
  Status refused;
  for (std::filesystem::path group(own);; group = group.parent_path()) {
    const std::string parent = group == "/" ? mount : mount + group.string();
    RemoveStale(parent);
    auto means = std::make_unique<CgroupMeans>(version, parent);
    if (refused = means->Try(); refused.ok()) return means;
    if (group == group.parent_path()) return refused;
  }
}

std::unique_ptr<Means> MakeSignalMeans() { return std::make_unique<SignalMeans>(); }

StatusOr<std::int64_t> MainThreadNanoseconds(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
  std::int64_t nanoseconds = 0;
  if (file >> nanoseconds) return nanoseconds;
  return Error(StatusCode::kNotFound, "process {} is no more", pid);
}

}  // namespace tidewright::loadgen
