// A cluster that answers as it is told to, and a clock that knows when everybody waits.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/load_source.h"
#include "core/clock.h"
#include "tests/collector/samples.h"

namespace tidewright {

/// Simulated time whose test can wait until a number of threads have nothing to do but wait.
class SettlingClock : public SimulatedClock {
 public:
  explicit SettlingClock(WallTime wall) : SimulatedClock(wall) {}

  bool WaitUntil(MonoTime deadline, std::stop_token stop) override {
    std::list<Waiter>::iterator me;
    {
      std::scoped_lock lock(mutex_);
      me = waiters_.insert(waiters_.end(), {deadline, stop});
    }
    changed_.notify_all();
    const bool reached = SimulatedClock::WaitUntil(deadline, stop);
    {
      std::scoped_lock lock(mutex_);
      waiters_.erase(me);
    }
    changed_.notify_all();
    return reached;
  }

  void Settle(std::size_t threads) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      if (waiters_.size() != threads) return false;
      for (const auto& waiter : waiters_) {
        if (waiter.deadline <= Monotonic() || waiter.stop.stop_requested()) return false;
      }
      return true;
    });
  }

 private:
  struct Waiter {
    MonoTime deadline;
    std::stop_token stop;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiter> waiters_;
};

/// Thread-safe. Answers at once; a dead node answers with an error when its timeout has passed.
class FakeSource : public LoadSource {
 public:
  explicit FakeSource(Clock& clock) : clock_(clock) {}

  StatusOr<Topology> topology = Topology();
  std::set<std::string> dead;
  /// Changes a sample before it is sent.
  std::function<void(NodeSample&)> edit = [](NodeSample&) {};
  std::map<std::string, double> commands_per_second;  ///< 100 where none is given
  std::map<int, double> keys;                         ///< by partition; 10 where none is given

  StatusOr<Topology> ReadTopology(Duration) override {
    std::scoped_lock lock(mutex);
    return topology;
  }

  void SampleNode(const Node& node, Duration timeout, NodeCallback done) override {
    NodeSample sample;
    {
      std::scoped_lock lock(mutex);
      const double now = Seconds(clock_.Monotonic() - At(0));
      asked_[node.id].push_back(now);
      if (dead.contains(node.id)) {
        silent_.emplace_back(clock_.Monotonic() + timeout, std::move(done));
        return;
      }
      const auto rate = commands_per_second.find(node.id);
      sample =
          MakeSample(node.id, now, now * (rate == commands_per_second.end() ? 100 : rate->second));
      sample.wall = clock_.Wall();
      edit(sample);
    }
    done(std::move(sample));
  }

  void SamplePartitions(const Node& node, const PartitionSet& partitions, Duration,
                        PartitionCallback done) override {
    std::vector<PartitionSample> samples;
    {
      std::scoped_lock lock(mutex);
      ++partition_rounds_[node.id];
      for (const int p : Expand(partitions)) {
        PartitionSample sample;
        sample.partition = p;
        const auto known = keys.find(p);
        sample.keys = known == keys.end() ? 10 : known->second;
        samples.push_back(sample);
      }
    }
    done(std::move(samples));
  }

  /// Tells those whose timeout has passed.
  void Expire() {
    std::vector<NodeCallback> late;
    {
      std::scoped_lock lock(mutex);
      std::erase_if(silent_, [&](auto& one) {
        if (one.first > clock_.Monotonic()) return false;
        late.push_back(std::move(one.second));
        return true;
      });
    }
    for (auto& done : late) done(Error(StatusCode::kDeadlineExceeded, "no answer within 2s"));
  }

  std::vector<double> Asked(const std::string& node_id) {
    std::scoped_lock lock(mutex);
    return asked_[node_id];
  }
  int PartitionRounds(const std::string& node_id) {
    std::scoped_lock lock(mutex);
    return partition_rounds_[node_id];
  }

  std::mutex mutex;  ///< of the public fields while a collector runs

 private:
  Clock& clock_;
  std::map<std::string, std::vector<double>> asked_;
  std::map<std::string, int> partition_rounds_;
  std::vector<std::pair<MonoTime, NodeCallback>> silent_;
};

}  // namespace tidewright
