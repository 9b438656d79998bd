// Work on many items with several threads, its results used in the items' order.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tidewright::cli {

/// Calls make(0) … make(count - 1) on `jobs` threads and use(i, result) on the calling thread, i
/// rising whatever the number of threads. Holds at most a few results a thread at once. Ends early
/// when use() returns false. Neither may throw.
template <typename Result>
void WorkInOrder(std::size_t count, int jobs, const std::function<Result(std::size_t)>& make,
                 const std::function<bool(std::size_t, Result)>& use) {
  const std::size_t ahead = 16 * static_cast<std::size_t>(std::max(jobs, 1));
  std::mutex mutex;
  std::condition_variable ready, room;
  std::size_t next = 0, used = 0;  // guarded by mutex, as what follows
  bool stop = false;
  std::deque<std::optional<Result>> window;  // of the items from `used` on

  const auto worker = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return stop || next >= count || next < used + ahead; });
      if (stop || next >= count) return;
      const std::size_t item = next++;
      window.emplace_back();
      lock.unlock();
      Result result = make(item);
      lock.lock();
      window[item - used] = std::move(result);
      if (item == used) ready.notify_one();
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::max(jobs, 1); ++i) threads.emplace_back(worker);
  std::unique_lock lock(mutex);
  while (used < count && !stop) {
    ready.wait(lock, [&] { return !window.empty() && window.front().has_value(); });
    Result result = std::move(*window.front());
    window.pop_front();
    const std::size_t item = used++;
    lock.unlock();
    room.notify_all();
    const bool go_on = use(item, std::move(result));
    lock.lock();
    stop = !go_on;
  }
  stop = true;
  lock.unlock();
  room.notify_all();
}

}  // namespace tidewright::cli
