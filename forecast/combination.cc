#include "forecast/combination.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tidewright {
namespace {

// Errors are learned from this many past origins at most: hourly over a week by default.
constexpr int kMaximumOrigins = 168;
// Models are refitted at this many points among the past origins, and at the end.
constexpr int kRefits = 3;
// A member is given no more than (1/kLowestRatio)² of the plain median's weight.
constexpr double kLowestRatio = 0.3;
constexpr double kHighestRatio = 10.0;
// Of the weight of past errors. Measured on 67 traces: one day beats three and seven.
constexpr double kHalfLifeDays = 1.0;

// What the members say from one origin.
struct Panel {
  int origin = 0;
  int length = 0;
  std::vector<int> members;    // those that could
  std::vector<double> values;  // [which of members][h]
};

// Weighted medians along the horizon. Members keep their order from step to step most of the time,
// so that an insertion sort of the last order is nearly free.
class MedianSorter {
 public:
  explicit MedianSorter(const Panel& panel) : panel_(panel), order_(panel.members.size()) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  // weights[member]; the lower and the upper weighted median are averaged.
  double At(int h, const std::vector<double>& weights) {
    const auto value = [&](int i) {
      return panel_.values[static_cast<std::size_t>(i) * panel_.length + h];
    };
    for (std::size_t i = 1; i < order_.size(); ++i) {
      const int moving = order_[i];
      const double v = value(moving);
      std::size_t j = i;
      for (; j > 0 && value(order_[j - 1]) > v; --j) order_[j] = order_[j - 1];
      order_[j] = moving;
    }
    double total = 0;
    for (const int member : panel_.members) total += weights[member];
    double below = 0;
    for (std::size_t i = 0; i + 1 < order_.size(); ++i) {
      below += weights[panel_.members[order_[i]]];
      if (below > 0.5 * total * (1 + 1e-12)) return value(order_[i]);
      if (below > 0.5 * total * (1 - 1e-12)) {
        return 0.5 * (value(order_[i]) + value(order_[i + 1]));
      }
    }
    return value(order_.back());
  }

 private:
  const Panel& panel_;
  std::vector<int> order_;
};

int Bucket(int h, int hour) {
  int bucket = 0;
  for (int edge = std::max(1, hour / 2); h >= edge; edge *= 2) ++bucket;
  return bucket;
}

std::vector<int> PastOrigins(int n, int spacing) {
  std::vector<int> origins;
  for (int o = n - spacing; o >= std::max(1, n / 2); o -= spacing) {
    if (static_cast<int>(origins.size()) == kMaximumOrigins) break;
    origins.push_back(o);
  }
  return origins;
}

std::vector<int> Cutoffs(const std::vector<int>& origins, int n) {
  std::vector<int> cutoffs;
  for (int k = 0; k < kRefits && !origins.empty(); ++k) {
    cutoffs.push_back(origins[origins.size() - 1 - k * origins.size() / kRefits]);
  }
  cutoffs.push_back(n);
  cutoffs.erase(std::unique(cutoffs.begin(), cutoffs.end()), cutoffs.end());
  return cutoffs;
}

Panel Ask(const std::vector<std::unique_ptr<Member>>& members, int origin, int length) {
  Panel panel{.origin = origin, .length = length, .members = {}, .values = {}};
  panel.values.resize(members.size() * static_cast<std::size_t>(length));
  for (std::size_t k = 0; k < members.size(); ++k) {
    const std::size_t row = panel.members.size() * static_cast<std::size_t>(length);
    const std::span<double> out(panel.values.data() + row, static_cast<std::size_t>(length));
    if (members[k]->Predict(origin, out)) panel.members.push_back(static_cast<int>(k));
  }
  return panel;
}

// Sums of a member's absolute errors and of the plain median's at the same steps.
struct ErrorSums {
  double own = 0;
  double median = 0;
};

// weights[bucket][member]
std::vector<std::vector<double>> Weights(const Prepared& p, const std::vector<Panel>& past,
                                         std::size_t members, int horizon) {
  const std::vector<double> equal(members, 1.0);
  const int buckets = Bucket(horizon - 1, p.hour) + 1;
  std::vector<std::vector<ErrorSums>> sums(buckets, std::vector<ErrorSums>(members));
  const double half_life = kHalfLifeDays * 24 * p.hour;
  const int thin = std::max(1, p.hour / 4);
  for (const Panel& panel : past) {
    const double recency = std::exp2(-(p.size() - panel.origin) / half_life);
    MedianSorter sorter(panel);
    for (int h = 0; h < panel.length; h += h < p.hour ? 1 : thin) {
      const double target = p.targets[panel.origin + h];
      if (std::isnan(target)) continue;
      const double reference = recency * std::abs(target - sorter.At(h, equal));
      auto& bucket = sums[Bucket(h, p.hour)];
      for (std::size_t i = 0; i < panel.members.size(); ++i) {
        ErrorSums& sum = bucket[panel.members[i]];
        sum.own += recency * std::abs(target - panel.values[i * panel.length + h]);
        sum.median += reference;
      }
    }
  }
  std::vector<std::vector<double>> weights(buckets, equal);
  for (int b = 0; b < buckets; ++b) {
    for (std::size_t k = 0; k < members; ++k) {
      const ErrorSums& sum = sums[b][k];
      if (sum.own <= 0 && sum.median <= 0) {  // never seen so far ahead: as it was nearer
        if (b > 0) weights[b][k] = weights[b - 1][k];
        continue;
      }
      const double ratio =
          std::clamp((sum.own + 1e-9) / (sum.median + 1e-9), kLowestRatio, kHighestRatio);
      weights[b][k] = 1.0 / (ratio * ratio);
    }
  }
  return weights;
}

std::vector<double> MedianLine(const Panel& panel, const std::vector<std::vector<double>>& weights,
                               int hour) {
  MedianSorter sorter(panel);
  std::vector<double> line(panel.length);
  for (int h = 0; h < panel.length; ++h) line[h] = sorter.At(h, weights[Bucket(h, hour)]);
  return line;
}

std::vector<double> MeanWeights(const Panel& panel, const std::vector<std::vector<double>>& weights,
                                int hour, std::size_t members) {
  std::vector<double> mean(members, 0.0);
  for (int h = 0; h < panel.length; ++h) {
    const auto& w = weights[Bucket(h, hour)];
    double total = 0;
    for (const int k : panel.members) total += w[k];
    for (const int k : panel.members) mean[k] += w[k] / total / panel.length;
  }
  return mean;
}

}  // namespace

Combined Combine(const Prepared& p, const std::vector<std::unique_ptr<Member>>& members,
                 int horizon) {
  const int n = p.size();
  Combined out;
  out.spacing = std::clamp(n / 2 / kMaximumOrigins, 1, p.hour);
  out.origins = PastOrigins(n, out.spacing);
  const std::vector<int> cutoffs = Cutoffs(out.origins, n);
  for (const auto& member : members) member->Fit(p, cutoffs, horizon);
  std::vector<Panel> past;
  past.reserve(out.origins.size());
  for (const int origin : out.origins) {
    past.push_back(Ask(members, origin, std::min(horizon, n - origin)));
  }
  const auto weights = Weights(p, past, members.size(), horizon);
  out.past.reserve(past.size());
  for (const Panel& panel : past) out.past.push_back(MedianLine(panel, weights, p.hour));
  const Panel now = Ask(members, n, horizon);
  out.point = MedianLine(now, weights, p.hour);
  out.weights = MeanWeights(now, weights, p.hour, members.size());
  return out;
}

}  // namespace tidewright
