#include "forecast/combination.h"

#include <algorithm>

#include "forecast/weigher.h"
#include "forecast/weighted_median.h"

namespace tidewright {
namespace {

// Errors are learned from the past half of the series, at most from these many origins: a week by
// default, followed far every four hours, and near every hour where there are several steps in it.
constexpr int kMaximumLongOrigins = 50;
constexpr int kLongEvery = 4;
constexpr int kFewestStepsInHour = 4;
constexpr int kShortHours = 4;
// Models are refitted at this many points among the past origins, and at the end.
constexpr int kRefits = 2;
std::vector<int> PastOrigins(int n, int spacing, int most) {
  std::vector<int> origins;
  for (int o = n - spacing; o >= std::max(1, n / 2); o -= spacing) {
    if (static_cast<int>(origins.size()) == most) break;
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

// What the members say from past origins, in one block of memory.
class Panels {
 public:
  Panels(const Prepared& p, const std::vector<std::unique_ptr<Member>>& members, int columns)
      : p_(p),
        members_(members),
        values_(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(columns) *
                                                        members.size())) {}

  // `length` columns of those promised, padded, are used up.
  const Panel& Ask(int origin, int length) {
    Panel panel{.origin = origin, .length = length, .members = {}, .values = values_.get() + used_};
    panel.members.reserve(members_.size());
    const int padded = Padded(length);
    for (std::size_t k = 0; k < members_.size(); ++k) {
      float* row = values_.get() + used_;
      if (!members_[k]->Predict(p_, origin, {row, static_cast<std::size_t>(length)})) continue;
      std::fill(row + length, row + padded, 0.0F);
      panel.members.push_back(static_cast<int>(k));
      used_ += static_cast<std::size_t>(padded);
    }
    return all_.emplace_back(std::move(panel));
  }

  [[nodiscard]] const std::vector<Panel>& All() const { return all_; }

 private:
  const Prepared& p_;
  const std::vector<std::unique_ptr<Member>>& members_;
  std::unique_ptr<float[]> values_;
  std::size_t used_ = 0;
  std::vector<Panel> all_;
};

std::vector<float> MedianLine(const Panel& panel, const Weights& weights) {
  std::vector<float> line(static_cast<std::size_t>(Padded(panel.length)));
  for (const Weights::Stretch& stretch : weights.stretches) {
    if (stretch.begin >= panel.length) break;
    const float* rows[kMostRows];
    const float* shares[kMostRows];
    std::size_t count = 0;
    for (const bool all : {false, true}) {
      for (std::size_t i = 0; i < panel.members.size(); ++i) {
        const auto k = static_cast<std::size_t>(panel.members[i]);
        if (!all && !stretch.counts[k]) continue;
        rows[count] = panel.Row(i) + stretch.begin;
        shares[count++] = weights.rows[k].data() + stretch.begin;
      }
      if (count > 0) break;  // an early origin may know only members that do not count
    }
    const int end = std::min(stretch.end, Padded(panel.length));
    WeightedMedian({rows, count}, {shares, count}, end - stretch.begin,
                   line.data() + stretch.begin);
  }
  line.resize(static_cast<std::size_t>(panel.length));
  return line;
}

std::vector<double> MeanWeights(const Panel& panel, const Weights& weights) {
  std::vector<double> mean(weights.rows.size(), 0.0);
  double total = 0;
  for (const int k : panel.members) {
    const auto& row = weights.rows[static_cast<std::size_t>(k)];
    for (int h = 0; h < panel.length; ++h) mean[static_cast<std::size_t>(k)] += row[h];
    total += mean[static_cast<std::size_t>(k)];
  }
  for (double& w : mean) w /= total;
  return mean;
}

// Origins, their spacing, and which are followed far.
Combined Past(const Prepared& p) {
  const int n = p.size();
  Combined out;
  out.long_every = p.hour >= kFewestStepsInHour ? kLongEvery : 1;
  const int most = kMaximumLongOrigins * out.long_every;
  out.spacing = std::max(1, n / 2 / most);
  if (out.long_every > 1) out.spacing = std::min(out.spacing, p.hour);
  out.origins = PastOrigins(n, out.spacing, most);
  return out;
}

}  // namespace

void FitMembers(const Prepared& p, int horizon, std::vector<std::unique_ptr<Member>>& members) {
  const std::vector<int> cutoffs = Cutoffs(Past(p).origins, p.size());
  for (const auto& member : members) member->Fit(p, cutoffs, horizon);
}

Combined Combine(const Prepared& p, const std::vector<std::unique_ptr<Member>>& members,
                 int horizon) {
  const int n = p.size();
  Combined out = Past(p);
  const int shorter = kShortHours * std::max(p.hour, out.spacing);
  std::vector<int> lengths;
  int columns = Padded(horizon);
  for (std::size_t o = 0; o < out.origins.size(); ++o) {
    const bool to_the_end = (o + 1) % static_cast<std::size_t>(out.long_every) == 0;
    const int wanted = to_the_end ? horizon : std::min(horizon, shorter);
    lengths.push_back(std::min(wanted, n - out.origins[o]));
    columns += Padded(lengths.back());
  }
  Panels panels(p, members, columns);
  Weigher weigher(p, members.size(), horizon);
  for (std::size_t o = 0; o < out.origins.size(); ++o) {
    weigher.Learn(panels.Ask(out.origins[o], lengths[o]));
  }
  const Weights weights = weigher.Weigh();
  out.past.reserve(lengths.size());
  for (const Panel& panel : panels.All()) out.past.push_back(MedianLine(panel, weights));
  const Panel& now = panels.Ask(n, horizon);
  out.point = MedianLine(now, weights);
  out.weights = MeanWeights(now, weights);
  return out;
}

}  // namespace tidewright
