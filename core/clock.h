// The only door to the system's clocks. Everything that needs the time takes `now` as an argument
// (pure code) or a Clock (code at the edges); a test checks that nobody else asks.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "core/time.h"

namespace tidewright {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual WallTime Wall() const = 0;
  [[nodiscard]] virtual MonoTime Monotonic() const = 0;

  /// Wall time that is never scaled: what other programs understand.
  [[nodiscard]] virtual WallTime RealWall() const { return Wall(); }

  /// Wall seconds per monotonic second: 1, except on a ScaledClock.
  [[nodiscard]] virtual double WallSpeed() const { return 1.0; }

  /// Waits until `deadline` or until a stop is requested, whichever is first.
  /// Returns whether the deadline was reached.
  virtual bool WaitUntil(MonoTime deadline, std::stop_token stop) = 0;
  bool WaitFor(Duration d, std::stop_token stop) { return WaitUntil(Monotonic() + d, stop); }
};

class RealClock : public Clock {
 public:
  [[nodiscard]] WallTime Wall() const override;
  [[nodiscard]] MonoTime Monotonic() const override;
  bool WaitUntil(MonoTime deadline, std::stop_token stop) override;
};

/// Wall time that runs `speed` times as fast as real time from a fixed pair of origins, so that
/// several processes that are given the same origins agree. Monotonic time and waits stay real.
class ScaledClock : public RealClock {
 public:
  struct Origin {
    WallTime wall;
    MonoTime monotonic;
    double speed = 1.0;
  };
  explicit ScaledClock(Origin origin) : origin_(origin) {}

  [[nodiscard]] WallTime Wall() const override;
  [[nodiscard]] WallTime RealWall() const override { return RealClock::Wall(); }
  [[nodiscard]] double WallSpeed() const override { return origin_.speed; }

 private:
  Origin origin_;
};

/// Time that moves only when told to: for tests and simulated worlds. A wait blocks until another
/// thread has advanced the time far enough.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(WallTime wall, MonoTime monotonic = MonoTime(std::chrono::hours(1)))
      : wall_(wall), monotonic_(monotonic) {}

  [[nodiscard]] WallTime Wall() const override;
  [[nodiscard]] MonoTime Monotonic() const override;
  bool WaitUntil(MonoTime deadline, std::stop_token stop) override;

  /// Moves both time lines.
  void Advance(Duration d);
  /// Moves wall time alone, as an administrator or NTP would.
  void JumpWall(Duration d);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any advanced_;
  WallTime wall_;
  MonoTime monotonic_;
};

}  // namespace tidewright
