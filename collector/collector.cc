#include "collector/collector.h"

#include <utility>

#include "collector/collector_state.h"

namespace tidewright {
namespace {

using Job = CollectorState::Job;

void SampleNode(LoadSource& source, Duration timeout, const Job& job,
                const std::shared_ptr<CollectorState>& state) {
  source.SampleNode(job.node, timeout, [state, job](StatusOr<NodeSample> sample) {
    state->NodeDone(job, std::move(sample));
  });
}

void SamplePartitions(LoadSource& source, Duration timeout, const Job& job,
                      const std::shared_ptr<CollectorState>& state) {
  source.SamplePartitions(job.node, job.owned, timeout,
                          [state, job](StatusOr<std::vector<PartitionSample>> samples) {
                            state->PartitionsDone(job, std::move(samples));
                          });
}

}  // namespace

Collector::Collector(LoadSource& source, Clock& clock, CollectorOptions options)
    : source_(source),
      clock_(clock),
      options_(options),
      state_(std::make_shared<CollectorState>(options, clock)) {}

Collector::~Collector() { Stop(); }

void Collector::Start() {
  topologist_ = std::jthread([this](const std::stop_token& stop) {
    do {
      RefreshTopology().status().IgnoreError();  // remembered, told by View()
    } while (clock_.WaitFor(options_.topology_interval, stop));
  });
  sampler_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto work = state_->Take();
      for (const auto& job : work.jobs) {
        if (job.partitions) {
          SamplePartitions(source_, options_.partition_timeout, job, state_);
        } else {
          SampleNode(source_, options_.timeout, job, state_);
        }
      }
      clock_.WaitUntil(work.next, work.woken);
    }
  });
}

void Collector::Stop() {
  topologist_.request_stop();
  sampler_.request_stop();
  state_->Close();
  if (topologist_.joinable()) topologist_.join();
  if (sampler_.joinable()) sampler_.join();
}

LoadSnapshot Collector::Snapshot(WallTime now) const { return state_->Snapshot(now); }

TopologyView Collector::View() const { return state_->View(); }

StatusOr<Topology> Collector::topology() const {
  auto view = View();
  if (view.topology) return *std::move(view.topology);
  return Error(StatusCode::kUnavailable, "{}",
               view.error.empty() ? "the topology was not read yet" : view.error);
}

StatusOr<Topology> Collector::RefreshTopology() {
  const MonoTime began = clock_.Monotonic();
  auto topology = source_.ReadTopology(options_.timeout);
  state_->Install(topology, began);
  return topology;
}

std::int64_t Collector::quarantined() const { return state_->quarantined(); }

}  // namespace tidewright
