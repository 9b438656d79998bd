// Threads of one controller that take turns, so that a seed decides which of them goes on: what
// several do at once happens in one order, the same every time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "core/random.h"
#include "core/time.h"

namespace tidewright::sim {

class Turns {
 public:
  /// `pass` lets simulated time pass, when all sleep; on the thread whose turn it is.
  Turns(std::uint64_t seed, std::function<Duration()> now, std::function<void(Duration)> pass)
      : random_(seed), now_(std::move(now)), pass_(std::move(pass)) {}

  /// Runs all and returns when all have ended. Also within one of them.
  void Together(std::vector<std::function<void()>> jobs);
  /// Whose turn it is lets another go first, or not.
  void Yield();
  /// The others go on meanwhile.
  void SleepFor(Duration d);

 private:
  struct Runner {
    Duration wakes{0};
    bool ended = false;
    const int* awaits = nullptr;  ///< so many of those that it started have not ended
    std::condition_variable turned = {};
  };
  void HandOver(std::unique_lock<std::mutex>& lock);
  void AwaitTurn(std::unique_lock<std::mutex>& lock, std::size_t me);
  void Run(std::size_t me, int& left, const std::function<void()>& job);

  Random random_;
  const std::function<Duration()> now_;
  const std::function<void(Duration)> pass_;
  std::mutex mutex_;
  std::deque<Runner> runners_;  ///< empty: one thread alone, which has always its turn
  std::size_t turn_ = 0;
};

}  // namespace tidewright::sim
