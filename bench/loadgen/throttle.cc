#include "bench/loadgen/throttle.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace tidewright::loadgen {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(3);
constexpr Duration kScan = std::chrono::milliseconds(100);

StatusOr<std::unique_ptr<Means>> MakeMeans(ThrottleKind kind) {
  switch (kind) {
    case ThrottleKind::kCgroup2:
      return MakeCgroupMeans(2);
    case ThrottleKind::kCgroup1:
      return MakeCgroupMeans(1);
    case ThrottleKind::kSignals:
      return MakeSignalMeans();
    case ThrottleKind::kBest:
      break;
  }
  for (const int version : {2, 1}) {
    if (auto means = MakeCgroupMeans(version); means.ok()) return means;
  }
  return MakeSignalMeans();
}

bool IsBelow(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

}  // namespace

std::vector<pid_t> RedisServersBelow(const std::string& folder) {
  std::vector<pid_t> found;
  std::error_code error;
  const auto wanted = std::filesystem::canonical(folder, error);
  if (error) return found;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); })) {
      continue;
    }
    // A server changes into its --dir. Processes of others have links that cannot be read.
    std::error_code ignored;
    const auto directory = std::filesystem::read_symlink(it->path() / "cwd", ignored);
    if (ignored || !IsBelow(directory, wanted)) continue;
    std::ifstream file(it->path() / "cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    if (command.find("redis-server") != std::string::npos) found.push_back(std::atoi(name.c_str()));
  }
  return found;
}

StatusOr<std::unique_ptr<Throttle>> Throttle::Start(ThrottleOptions options) {
  if (!(options.share > 0 && options.share <= 1)) {
    return Error(StatusCode::kInvalidArgument, "share of a core {}: must lie in (0, 1]",
                 options.share);
  }
  TW_ASSIGN_OR_RETURN(auto means, MakeMeans(options.kind));
  return std::unique_ptr<Throttle>(new Throttle(std::move(options), std::move(means)));
}

Throttle::Throttle(ThrottleOptions options, std::unique_ptr<Means> means)
    : options_(std::move(options)),
      means_(std::move(means)),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {}

Throttle::~Throttle() {
  thread_.request_stop();
  thread_.join();
}

Status Throttle::Add(pid_t pid) {
  std::scoped_lock lock(mutex_);
  if (leashes_.contains(pid)) return OkStatus();
  auto leash = means_->Hold(pid, options_.share);
  if (!leash.ok()) leash = fallback_->Hold(pid, options_.share);
  if (!leash.ok()) return leash.status();
  leashes_.emplace(pid, *std::move(leash));
  return OkStatus();
}

void Throttle::Remove(pid_t pid) {
  std::scoped_lock lock(mutex_);
  leashes_.erase(pid);
}

std::vector<pid_t> Throttle::Held() const {
  std::scoped_lock lock(mutex_);
  std::vector<pid_t> pids;
  for (const auto& [pid, leash] : leashes_) pids.push_back(pid);
  return pids;
}

void Throttle::KeepLimits() {
  std::scoped_lock lock(mutex_);
  for (auto& [pid, leash] : leashes_) leash->Keep();
}

void Throttle::Scan() {
  if (!options_.watch_folder.empty()) {
    for (const pid_t pid : RedisServersBelow(options_.watch_folder)) {
      // One that has ended meanwhile is not found the next time.
      std::ignore = Add(pid);
    }
  }
  std::scoped_lock lock(mutex_);
  std::erase_if(leashes_, [](const auto& held) { return !MainThreadNanoseconds(held.first).ok(); });
}

void Throttle::Work(const std::stop_token& stop) {
  MonoTime next_scan;
  while (!stop.stop_requested()) {
    const MonoTime now = clock_.Monotonic();
    if (now >= next_scan) {
      Scan();
      next_scan = now + kScan;
    }
    {
      std::scoped_lock lock(mutex_);
      for (auto& [pid, leash] : leashes_) leash->Tick(now);
    }
    clock_.WaitUntil(now + kTick, stop);
  }
}

}  // namespace tidewright::loadgen
