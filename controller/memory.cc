#include "controller/memory.h"

#include <algorithm>
#include <utility>

namespace tidewright {
namespace {

/// A snapshot's rates stand for at most this long before it; what lies further back is a gap.
constexpr Duration kLongestSpan = std::chrono::minutes(5);
constexpr int kPaths = 200;
/// Holidays are learned from this far back: last year's, wherever it lay.
constexpr Duration kEventMemory = std::chrono::days(400);
/// What the planner looks for similar times in.
constexpr Duration kRecent = std::chrono::hours(24 * 16);
const std::vector<Duration> kWindows = {std::chrono::minutes(30), std::chrono::hours(1),
                                        std::chrono::hours(4)};

SeriesKey GateKey(const std::string& cluster) {
  return {cluster, Scope::kCluster, "forecast-gate", Resource::kRequests};
}

SeriesKey SharesKey(const std::string& cluster) {
  return {cluster, Scope::kPartition, "shares", Resource::kRequests};
}

}  // namespace

DemandMemory::DemandMemory(std::string cluster, const Policy& policy, History& history,
                           std::string calendar_path)
    : cluster_(std::move(cluster)),
      policy_(policy),
      history_(history),
      calendar_(std::move(calendar_path)) {
  for (Resource r : kAllResources) states_[r].key = {cluster_, Scope::kCluster, "", r};
}

Status DemandMemory::Load(WallTime now) {
  for (Resource r : kAllResources) {
    TW_ASSIGN_OR_RETURN(const Series series,
                        history_.Read(states_[r].key, now - ForecastState::kHistory, now));
    if (series.empty()) continue;
    TW_ASSIGN_OR_RETURN(const std::string kept, history_.ReadState(states_[r].key));
    if (!kept.empty()) {
      // What an unknown version learned is learned anew.
      auto calibration = DecodeCalibration(kept);
      if (calibration.ok()) states_[r].calibration = *std::move(calibration);
    }
    TW_ASSIGN_OR_RETURN(states_[r], Update(std::move(states_[r]), series));
  }
  TW_ASSIGN_OR_RETURN(const std::string kept_shares, history_.ReadState(SharesKey(cluster_)));
  if (!kept_shares.empty()) {
    if (auto shares = ShareMemory::Decode(kept_shares); shares.ok()) shares_ = *std::move(shares);
  }
  TW_ASSIGN_OR_RETURN(const std::string kept_gate, history_.ReadState(GateKey(cluster_)));
  if (!kept_gate.empty()) {
    if (auto gate = DecodeGate(kept_gate); gate.ok()) gate_ = *std::move(gate);
  }
  return RefreshCalendar(now);
}

Status DemandMemory::RefreshCalendar(WallTime now) {
  TW_ASSIGN_OR_RETURN(const bool changed, calendar_.Refresh());
  if (!changed) return OkStatus();
  for (Resource r : kAllResources) {
    states_[r].past_events.clear();
    states_[r].fitted.reset();  // to a history with other events
    TW_ASSIGN_OR_RETURN(const Series minutes,
                        history_.Read(states_[r].key, now - kEventMemory, now));
    if (minutes.empty()) continue;
    ForecastState year;
    year.key = states_[r].key;
    TW_ASSIGN_OR_RETURN(year.observed, Coarsen(minutes, std::chrono::hours(1)));
    RememberEvents(year, *calendar_.calendar());
    states_[r].past_events = std::move(year.past_events);
  }
  return OkStatus();
}

std::vector<HistoryPoint> DemandMemory::Points(const LoadSnapshot& load, const Topology* topology,
                                               bool moving, WallTime minute) const {
  std::vector<HistoryPoint> points;
  unsigned cluster_flags = moving ? kMoving : 0u;
  for (const auto& node : load.nodes) {
    if (!node.master) continue;
    cluster_flags |= node.flags;
    if (topology == nullptr || topology->FindShard(node.shard_id) == nullptr) continue;
    for (Resource r : kAllResources) {
      if (!node.usage[r].fresh()) continue;
      points.push_back({{cluster_, Scope::kShard, node.shard_id, r},
                        minute,
                        node.usage[r].value,
                        node.flags | (moving ? kMoving : 0u)});
    }
  }
  for (Resource r : kAllResources) {
    if (!load.total[r].fresh()) continue;
    points.push_back({states_[r].key, minute, load.total[r].value, cluster_flags});
  }
  return points;
}

Status DemandMemory::Observe(const LoadSnapshot& load, const Topology* topology, bool moving,
                             WallTime now) {
  const WallTime minute = FloorTo(now, History::kStep);
  if (recorded_ && minute <= *recorded_) return OkStatus();
  const WallTime earliest = minute - kLongestSpan;
  WallTime first = recorded_ ? std::max(*recorded_ + History::kStep, earliest) : minute;
  recorded_ = minute;
  std::vector<HistoryPoint> all;
  for (WallTime at = first; at <= minute; at += History::kStep) {
    auto points = Points(load, topology, moving, at);
    all.insert(all.end(), points.begin(), points.end());
  }
  for (Resource r : kAllResources) {
    Series fresh{.start = first, .step = History::kStep, .values = {}, .flags = {}};
    for (const auto& point : all) {
      if (point.key != states_[r].key) continue;
      fresh.values.push_back(point.value);
      fresh.flags.push_back(point.flags);
    }
    if (fresh.empty()) continue;
    auto updated = Update(states_[r], fresh);
    if (updated.ok()) states_[r] = *std::move(updated);
  }
  LearnShares(load, minute);
  return all.empty() ? OkStatus() : history_.Append(all);
}

void DemandMemory::LearnShares(const LoadSnapshot& load, WallTime minute) {
  if (load.partitions.empty() || load.partitions_sampled <= shares_sampled_) return;
  shares_sampled_ = load.partitions_sampled;
  std::vector<double> shares(load.partitions.size());
  for (Resource r : kAllResources) {
    if (!load.total[r].fresh()) continue;
    double sum = 0;
    for (std::size_t p = 0; p < shares.size(); ++p) sum += shares[p] = load.partitions[p].share[r];
    if (sum > 0) shares_.Update(r, shares, load.total[r].value, minute);
  }
}

void DemandMemory::LookOut(WallTime now) {
  auto outlook = std::make_shared<PartOutlook>();
  outlook->demand = demand_;
  for (Resource r : kAllResources) {
    outlook->shares[r] = shares_.Shares(r, now);
    partition_weights_[r] = shares_.Means(r, now);
  }
  outlook_ = std::move(outlook);
}

Status DemandMemory::Forecast(WallTime now) {
  const WallTime step = FloorTo(now, policy_.step);
  if (forecast_at_ && *forecast_at_ == step) return OkStatus();
  forecast_at_ = step;
  problems_.clear();
  if (const Status read = RefreshCalendar(now); !read.ok()) problems_.push_back(Message(read));
  ForecastRequest request;
  request.calendar = calendar_.calendar();
  request.step = policy_.step;
  request.horizon = static_cast<int>(policy_.horizon / policy_.step);
  request.windows = kWindows;
  std::erase_if(request.windows, [&](Duration window) { return window > policy_.horizon; });
  request.paths = kPaths;
  request.keep_paths = true;
  for (Resource r : kAllResources) {
    demand_[r].reset();
    if (r != Resource::kRequests && !policy_.shard_capacity[r]) continue;
    RefreshRecent(r, now);
    if (NeedsRefit(states_[r], request)) {
      auto refitted = Refit(states_[r], request);
      if (refitted.ok()) states_[r] = *std::move(refitted);
    }
    auto forecast = MakeForecast(states_[r], request);
    if (forecast.ok()) {
      NotePromises(*forecast, states_[r].calibration);
      if (request.calendar != nullptr) RememberEvents(states_[r], *request.calendar);
      demand_[r] = *std::move(forecast);
    } else {
      problems_.push_back(
          fmt::format("no forecast of {}: {}", ResourceName(r), Message(forecast.status())));
    }
  }
  LookOut(now);
  return KeepCalibrations(now);
}

Status DemandMemory::KeepCalibrations(WallTime now) {
  const WallTime hour = FloorTo(now, std::chrono::hours(1));
  if (kept_at_ && hour <= *kept_at_) return OkStatus();
  std::vector<KeptState> states;
  for (Resource r : kAllResources) {
    if (!demand_[r]) continue;
    states.push_back({.key = states_[r].key, .bytes = EncodeCalibration(states_[r].calibration)});
  }
  if (states.empty()) return OkStatus();
  states.push_back({.key = GateKey(cluster_), .bytes = EncodeGate(gate_)});
  if (shares_.partitions() > 0) {
    states.push_back({.key = SharesKey(cluster_), .bytes = shares_.Encode()});
  }
  TW_RETURN_IF_ERROR(history_.KeepStates(states));
  kept_at_ = hour;
  return OkStatus();
}

// The step that has just begun is left out: it is not observed yet.
void DemandMemory::RefreshRecent(Resource resource, WallTime now) {
  const Series& observed = states_[resource].observed;
  recent_[resource] = {};
  if (observed.empty()) return;
  const WallTime end = FloorTo(now, policy_.step);
  const WallTime from = std::max(observed.start, FloorTo(now - kRecent, policy_.step));
  const auto first = (from - observed.start) / observed.step;
  const auto last = std::clamp<Duration::rep>((end - observed.start) / observed.step, first,
                                              static_cast<Duration::rep>(observed.size()));
  const Series window{.start = observed.TimeOf(static_cast<std::size_t>(first)),
                      .step = observed.step,
                      .values = {observed.values.begin() + first, observed.values.begin() + last},
                      .flags = {}};
  if (auto coarse = Coarsen(window, policy_.step); coarse.ok()) {
    recent_[resource] = *std::move(coarse);
  }
}

double DemandMemory::Peak(Resource resource) const {
  const auto coarse = Coarsen(states_[resource].observed, policy_.step);
  double peak = 0;
  if (!coarse.ok()) return peak;
  for (double v : coarse->values) {
    if (!Series::IsGap(v)) peak = std::max(peak, v);
  }
  return peak;
}

}  // namespace tidewright
