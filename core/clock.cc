#include "core/clock.h"

#include <time.h>

namespace tidewright {

WallTime RealClock::Wall() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

MonoTime RealClock::Monotonic() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return MonoTime(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec / 1000));
}

bool RealClock::WaitUntil(MonoTime deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  // In slices, because condition variables wait on a clock that stands still during suspend.
  while (!stop.stop_requested()) {
    const Duration left = deadline - Monotonic();
    if (left <= Duration(0)) return true;
    never.wait_for(lock, stop, std::min<Duration>(left, std::chrono::seconds(10)),
                   [] { return false; });
  }
  return false;
}

WallTime ScaledClock::Wall() const {
  return origin_.wall + FromSeconds(Seconds(Monotonic() - origin_.monotonic) * origin_.speed);
}

WallTime SimulatedClock::Wall() const {
  std::scoped_lock lock(mutex_);
  return wall_;
}

MonoTime SimulatedClock::Monotonic() const {
  std::scoped_lock lock(mutex_);
  return monotonic_;
}

bool SimulatedClock::WaitUntil(MonoTime deadline, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return advanced_.wait(lock, stop, [&] { return monotonic_ >= deadline; });
}

void SimulatedClock::Advance(Duration d) {
  {
    std::scoped_lock lock(mutex_);
    wall_ += d;
    monotonic_ += d;
  }
  advanced_.notify_all();
}

void SimulatedClock::JumpWall(Duration d) {
  std::scoped_lock lock(mutex_);
  wall_ += d;
}

}  // namespace tidewright
