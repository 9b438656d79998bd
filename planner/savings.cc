#include "planner/savings.h"

#include <algorithm>
#include <numeric>

namespace tidewright {
namespace {

// A stretch of recorded time in which nothing changes.
struct Stretch {
  WallTime from;
  WallTime until;
  const CapacityRecord* record = nullptr;
};

// Each moment at most once, in the order of time; what is left out goes to `gaps`.
std::vector<Stretch> Recorded(const std::vector<CapacityRecord>& records, WallTime now,
                              std::vector<Gap>& gaps) {
  std::vector<Stretch> stretches;
  if (records.empty()) return stretches;
  WallTime told = records.front().at;  // everything before it is counted or a gap
  for (std::size_t i = 0; i < records.size(); ++i) {
    const CapacityRecord& record = records[i];
    const WallTime next = i + 1 < records.size() ? std::min(records[i + 1].at, now) : now;
    const WallTime begin = std::max(record.at, told);
    if (next <= begin) continue;
    WallTime end = next;
    if (record.holds_for) end = std::min(end, record.at + *record.holds_for);
    if (end > begin) stretches.push_back({begin, end, &record});
    const WallTime held = std::max(begin, end);
    if (held < next) {
      const bool goes_on = !gaps.empty() && gaps.back().until == held;
      if (goes_on) {
        gaps.back().until = next;
      } else {
        gaps.push_back({held, next});
      }
    }
    told = next;
  }
  return stretches;
}

double Hours(Duration d) { return Seconds(d) / 3600; }

// The nodes of one sequence of sizes, by since when they are there.
class Bill {
 public:
  // Paid and of no use, of the nodes that leave where there are `nodes` from `at` on.
  Duration Become(int nodes, WallTime at, const BillingTerms& terms) {
    const auto wanted = static_cast<std::size_t>(std::max(0, nodes));
    if (since_.size() <= wanted) {
      since_.resize(wanted, at);
      return Duration(0);
    }
    const auto left = [&](WallTime since) { return PaidTime(at - since, terms) - (at - since); };
    std::stable_sort(since_.begin(), since_.end(),
                     [&](WallTime a, WallTime b) { return left(a) < left(b); });
    const auto committed = static_cast<std::size_t>(std::max(0, terms.committed));
    const auto stay = std::min(since_.size(), std::max(wanted, committed));
    Duration unused{0};
    for (std::size_t i = 0; i < since_.size() - stay; ++i) unused += left(since_[i]);
    since_.erase(since_.begin(), since_.end() - static_cast<std::ptrdiff_t>(wanted));
    return unused;
  }

 private:
  std::vector<WallTime> since_;
};

// A size from `from` to `until`, at the price and terms of a record.
void Spend(const CapacityRecord& record, int nodes, WallTime from, WallTime until, Bill& bill,
           Spending& to) {
  const double hours = Hours(until - from);
  const Duration unused = bill.Become(nodes, from, record.billing);
  to.node_hours += hours * nodes;
  to.cost = to.cost + record.price_per_node_hour *
                          (hours * std::max(nodes, record.billing.committed) + Hours(unused));
}

// Of the time from `from` to `until`, how long demand was above a limit, and how long it is
// unknown.
struct Shortness {
  Duration above{0};
  Duration unknown{0};
};
Shortness Look(const DemandRecord& record, WallTime from, WallTime until, int shards) {
  Shortness out;
  if (record.demand == nullptr || until <= from) return out;
  const Series& demand = *record.demand;
  const double limit = shards * record.usable_per_shard;
  Duration seen{0};
  const auto first = std::max<Duration::rep>(0, (from - demand.start) / demand.step);
  for (auto i = static_cast<std::size_t>(first); i < demand.size(); ++i) {
    const WallTime at = demand.TimeOf(i);
    if (at >= until) break;
    const Duration part = std::min(at + demand.step, until) - std::max(at, from);
    if (part <= Duration(0) || Series::IsGap(demand.values[i])) continue;
    seen += part;
    if (demand.values[i] > limit) out.above += part;
  }
  out.unknown = (until - from) - seen;
  return out;
}

void SpendActual(const Stretch& stretch, WallTime from, WallTime until, const DemandRecord& demand,
                 Bill& bill, Spending& to) {
  Spend(*stretch.record, stretch.record->nodes, from, until, bill, to);
  to.short_for += Look(demand, from, until, stretch.record->shards).above;
}

Saving Compare(const std::vector<Stretch>& stretches, const Counterfactual& other,
               const DemandRecord& demand) {
  Saving saving;
  saving.against = other.name;
  saving.estimated = other.estimated;
  const auto& points = other.capacity;
  Bill actual;
  Bill otherwise;
  for (const Stretch& stretch : stretches) {
    const auto after =
        std::upper_bound(points.begin(), points.end(), stretch.from,
                         [](WallTime at, const CapacityPoint& point) { return at < point.at; });
    auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - points.begin() - 1, 0));
    for (; i < points.size() && points[i].at < stretch.until; ++i) {
      const WallTime from = std::max(stretch.from, points[i].at);
      const WallTime until =
          i + 1 < points.size() ? std::min(stretch.until, points[i + 1].at) : stretch.until;
      if (until <= from || !points[i].known) continue;
      saving.compared += until - from;
      SpendActual(stretch, from, until, demand, actual, saving.actual);
      Spend(*stretch.record, points[i].nodes, from, until, otherwise, saving.otherwise);
      saving.otherwise.short_for += Look(demand, from, until, points[i].shards).above;
    }
  }
  return saving;
}

void Add(Spending& to, const Spending& more) {
  to.node_hours += more.node_hours;
  to.cost = to.cost + more.cost;
  to.short_for += more.short_for;
}

// Points whose times never fall: one that reaches back begins where the one before it did.
void Add(std::vector<CapacityPoint>& points, CapacityPoint point) {
  if (!points.empty()) {
    point.at = std::max(point.at, points.back().at);
    if (points.back().nodes == point.nodes && points.back().shards == point.shards &&
        points.back().known == point.known) {
      return;
    }
  }
  points.push_back(point);
}

}  // namespace

bool CapacityRecord::SameAs(const CapacityRecord& other) const {
  return nodes == other.nodes && shards == other.shards &&
         static_peak_nodes == other.static_peak_nodes &&
         price_per_node_hour == other.price_per_node_hour && holds_for == other.holds_for &&
         billing == other.billing;
}

Duration Savings::Missing() const {
  return std::accumulate(gaps.begin(), gaps.end(), Duration(0),
                         [](Duration sum, const Gap& gap) { return sum + (gap.until - gap.from); });
}

Savings ComputeSavings(const std::vector<CapacityRecord>& records,
                       const std::vector<Counterfactual>& counterfactuals,
                       const DemandRecord& demand, WallTime now) {
  Savings out;
  const std::vector<Stretch> stretches = Recorded(records, now, out.gaps);
  Bill bill;
  for (const Stretch& stretch : stretches) {
    out.recorded += stretch.until - stretch.from;
    SpendActual(stretch, stretch.from, stretch.until, demand, bill, out.actual);
    out.demand_unknown += Look(demand, stretch.from, stretch.until, 0).unknown;
  }
  for (const Counterfactual& other : counterfactuals) {
    out.against.push_back(Compare(stretches, other, demand));
  }
  return out;
}

Counterfactual StaticPeak(const std::vector<CapacityRecord>& records) {
  Counterfactual out{.name = "static peak", .estimated = false, .capacity = {}};
  for (const CapacityRecord& record : records) {
    // As many shards as fit the nodes at the ratio of that time.
    const int shards = record.nodes > 0 ? record.static_peak_nodes * record.shards / record.nodes
                                        : record.static_peak_nodes;
    Add(out.capacity, {record.at, record.static_peak_nodes, shards});
  }
  return out;
}

Counterfactual AsProvisioned(const std::vector<CapacityRecord>& records,
                             const std::optional<CapacityPoint>& before_first_action) {
  Counterfactual out{.name = "as provisioned", .estimated = false, .capacity = {}};
  for (const CapacityRecord& record : records) {
    if (before_first_action && record.at >= before_first_action->at) break;
    Add(out.capacity, {record.at, record.nodes, record.shards});
  }
  if (before_first_action) Add(out.capacity, *before_first_action);
  return out;
}

std::optional<CapacityPoint> CapacityAt(const std::vector<CapacityRecord>& records, WallTime at) {
  if (records.empty()) return std::nullopt;
  const CapacityRecord* found = &records.front();
  for (const CapacityRecord& record : records) {
    if (record.at <= at) found = &record;
  }
  return CapacityPoint{.at = at, .nodes = found->nodes, .shards = found->shards};
}

const Saving* Account::Against(const std::string& name) const {
  const auto found = std::find_if(against.begin(), against.end(),
                                  [&](const Saving& saving) { return saving.against == name; });
  return found == against.end() ? nullptr : &*found;
}

Account AccountOf(const Savings& savings) {
  return {.actual = savings.actual,
          .recorded = savings.recorded,
          .missing = savings.Missing(),
          .against = savings.against};
}

Account operator+(Account a, const Account& b) {
  Add(a.actual, b.actual);
  a.recorded += b.recorded;
  a.missing += b.missing;
  for (const Saving& saving : b.against) {
    const auto same = std::find_if(a.against.begin(), a.against.end(), [&](const Saving& other) {
      return other.against == saving.against;
    });
    if (same == a.against.end()) {
      a.against.push_back(saving);
      continue;
    }
    same->compared += saving.compared;
    Add(same->actual, saving.actual);
    Add(same->otherwise, saving.otherwise);
  }
  return a;
}

Money SpentSince(const std::vector<CapacityRecord>& records, WallTime from, WallTime now) {
  if (records.empty()) return {};
  // Records of which each holds until the next, and the first since ever.
  std::vector<CapacityRecord> whole = records;
  for (CapacityRecord& record : whole) {
    record.holds_for.reset();
    record.at = std::max(record.at, from);
  }
  whole.front().at = from;
  std::vector<Gap> none;
  Spending spent;
  Bill bill;
  for (const Stretch& stretch : Recorded(whole, now, none)) {
    Spend(*stretch.record, stretch.record->nodes, stretch.from, stretch.until, bill, spent);
  }
  return spent.cost;
}

}  // namespace tidewright
