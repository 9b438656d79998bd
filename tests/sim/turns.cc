#include "tests/sim/turns.h"

#include <algorithm>
#include <thread>

namespace tidewright::sim {

/// Sets `turn_` to one that is awake; passes time until one is. Nothing when all have ended.
void Turns::HandOver(std::unique_lock<std::mutex>& lock) {
  while (true) {
    std::vector<std::size_t> awake;
    Duration first = Duration::max();
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      const int* awaits = runners_[i].awaits;
      if (runners_[i].ended || (awaits != nullptr && *awaits > 0)) continue;
      first = std::min(first, runners_[i].wakes);
      if (runners_[i].wakes <= now_()) awake.push_back(i);
    }
    if (first == Duration::max()) return;
    if (!awake.empty()) {
      turn_ = awake[random_.Below(awake.size())];
      runners_[turn_].turned.notify_one();
      return;
    }
    // Nobody else touches the world: it is still this thread's turn.
    lock.unlock();
    pass_(first - now_());
    lock.lock();
  }
}

void Turns::AwaitTurn(std::unique_lock<std::mutex>& lock, std::size_t me) {
  runners_[me].turned.wait(lock, [&] { return turn_ == me; });
}

void Turns::Run(std::size_t me, int& left, const std::function<void()>& job) {
  std::unique_lock lock(mutex_);
  AwaitTurn(lock, me);
  lock.unlock();
  job();
  lock.lock();
  runners_[me].ended = true;
  --left;
  HandOver(lock);
}

/// The first of the jobs is the caller's own.
void Turns::Together(std::vector<std::function<void()>> jobs) {
  std::unique_lock lock(mutex_);
  const bool outermost = runners_.empty();
  if (outermost) {
    runners_.emplace_back();
    turn_ = 0;
  }
  const std::size_t me = turn_;
  const std::size_t first = runners_.size();
  while (runners_.size() < first + jobs.size() - 1) runners_.emplace_back();
  int left = static_cast<int>(jobs.size()) - 1;
  lock.unlock();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < jobs.size(); ++i) {
      threads.emplace_back(
          [this, &left, index = first + i - 1, &job = jobs[i]] { Run(index, left, job); });
    }
    jobs.front()();
    lock.lock();
    if (left > 0) {
      runners_[me].awaits = &left;
      HandOver(lock);
      AwaitTurn(lock, me);
      runners_[me].awaits = nullptr;
    }
    lock.unlock();
  }
  if (outermost) runners_.clear();
}

void Turns::Yield() { SleepFor(Duration(0)); }

void Turns::SleepFor(Duration d) {
  if (runners_.empty()) {
    if (d > Duration(0)) pass_(d);
    return;
  }
  std::unique_lock lock(mutex_);
  const std::size_t me = turn_;
  runners_[me].wakes = now_() + d;
  HandOver(lock);
  AwaitTurn(lock, me);
}

}  // namespace tidewright::sim
