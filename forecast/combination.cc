#include "forecast/combination.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

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
// Measured on 67 five-minute traces and M4-Hourly: powers of 2 to 4 and half-lives of half or
// twice these differ by less than a hundredth.
constexpr double kPower = 3.0;
constexpr double kWorstRatio = 100.0;
constexpr float kSmallestShare = 0.03F;
constexpr double kHalfLifeDaysNear = 0.75;  // up to an hour ahead
constexpr double kHalfLifeDaysFar = 4.0;    // from a day ahead on

using Array = Eigen::Map<Eigen::ArrayXf>;
using ConstArray = Eigen::Map<const Eigen::ArrayXf>;

// What the members say from one origin.
struct Panel {
  int origin = 0;
  int length = 0;
  std::vector<int> members;   // those that could
  std::vector<float> values;  // [which of members][h], rows padded

  [[nodiscard]] const float* Row(std::size_t i) const {
    return values.data() + i * static_cast<std::size_t>(Padded(length));
  }
};

// Stretches of the horizon that share weights: [edges[b], edges[b + 1]).
std::vector<int> Buckets(int horizon, int hour) {
  std::vector<int> edges = {0};
  for (int edge = std::max(1, hour / 2); edge < horizon; edge *= 2) edges.push_back(edge);
  edges.push_back(horizon);
  return edges;
}

double HalfLifeSteps(int h, int hour) {
  const double hours = std::clamp((h + 1.0) / hour, 1.0, 24.0);
  const double share = std::log(hours) / std::log(24.0);
  return (kHalfLifeDaysNear + share * (kHalfLifeDaysFar - kHalfLifeDaysNear)) * 24.0 * hour;
}

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

Panel Ask(const Prepared& p, const std::vector<std::unique_ptr<Member>>& members, int origin,
          int length) {
  Panel panel{.origin = origin, .length = length, .members = {}, .values = {}};
  const auto stride = static_cast<std::size_t>(Padded(length));
  panel.values.resize(members.size() * stride);
  panel.members.reserve(members.size());
  for (std::size_t k = 0; k < members.size(); ++k) {
    const std::span<float> out(panel.values.data() + panel.members.size() * stride,
                               static_cast<std::size_t>(length));
    if (members[k]->Predict(p, origin, out)) panel.members.push_back(static_cast<int>(k));
  }
  return panel;
}

// Sums of a member's absolute errors in a stretch, and of all members' mean at the same steps.
struct ErrorSums {
  double own = 0;
  double all = 0;
};

class Weigher {
 public:
  Weigher(const Prepared& p, std::size_t members, int horizon)
      : p_(p), edges_(Buckets(horizon, p.hour)), members_(members) {
    sums_.assign(edges_.size() - 1, std::vector<ErrorSums>(members));
  }

  void Learn(const Panel& panel) {
    // Gaps count for nobody.
    Eigen::ArrayXf target = ConstArray(p_.targets.data() + panel.origin, panel.length);
    const Eigen::ArrayXf seen = target.isNaN().select(Eigen::ArrayXf::Zero(panel.length), 1.0F);
    target = target.isNaN().select(0.0F, target);
    std::vector<double> errors(panel.members.size());
    for (std::size_t b = 0; b + 1 < edges_.size() && edges_[b] < panel.length; ++b) {
      const int begin = edges_[b];
      const int width = std::min(panel.length, edges_[b + 1]) - begin;
      double mean = 0;
      for (std::size_t i = 0; i < panel.members.size(); ++i) {
        errors[i] =
            ((ConstArray(panel.Row(i) + begin, width) - target.segment(begin, width)).abs() *
             seen.segment(begin, width))
                .sum();
        mean += errors[i] / static_cast<double>(panel.members.size());
      }
      const double recency = std::exp2(-(p_.size() - panel.origin) / HalfLifeSteps(begin, p_.hour));
      for (std::size_t i = 0; i < panel.members.size(); ++i) {
        ErrorSums& sum = sums_[b][static_cast<std::size_t>(panel.members[i])];
        sum.own += recency * errors[i];
        sum.all += recency * mean;
      }
    }
  }

  // rows[member][h], padded.
  [[nodiscard]] std::vector<std::vector<float>> Weights() const {
    const int horizon = edges_.back();
    std::vector<std::vector<float>> rows(
        members_, std::vector<float>(static_cast<std::size_t>(Padded(horizon)), 1.0F));
    for (std::size_t b = 0; b + 1 < edges_.size(); ++b) {
      double best = kWorstRatio;
      for (const ErrorSums& sum : sums_[b]) {
        if (sum.all > 0) best = std::min(best, Ratio(sum));
      }
      for (std::size_t k = 0; k < members_; ++k) {
        // Never seen so far ahead: as it was nearer.
        float weight = b > 0 ? rows[k][static_cast<std::size_t>(edges_[b]) - 1] : 1.0F;
        if (sums_[b][k].all > 0) {
          const double ratio = std::clamp(Ratio(sums_[b][k]) / best, 1.0, kWorstRatio);
          weight = static_cast<float>(std::pow(ratio, -kPower));
        }
        std::fill(rows[k].begin() + edges_[b], rows[k].begin() + edges_[b + 1], weight);
      }
    }
    return rows;
  }

 private:
  static double Ratio(const ErrorSums& sum) { return (sum.own + 1e-9) / (sum.all + 1e-9); }

  const Prepared& p_;
  std::vector<int> edges_;
  std::size_t members_;
  std::vector<std::vector<ErrorSums>> sums_;  // [stretch][member]
};

// The members whose weight somewhere is worth the work: the others hardly move a median.
std::vector<bool> ThatCount(const std::vector<std::vector<float>>& weights) {
  std::vector<bool> out(weights.size(), false);
  for (std::size_t h = 0; h < weights.front().size(); ++h) {
    float total = 0;
    for (const auto& row : weights) total += row[h];
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (weights[k][h] >= kSmallestShare * total) out[k] = true;
    }
  }
  return out;
}

std::vector<float> MedianLine(const Panel& panel, const std::vector<std::vector<float>>& weights,
                              const std::vector<bool>& counts) {
  std::vector<const float*> rows;
  std::vector<const float*> shares;
  for (const bool all : {false, true}) {
    for (std::size_t i = 0; i < panel.members.size(); ++i) {
      const auto k = static_cast<std::size_t>(panel.members[i]);
      if (!all && !counts[k]) continue;
      rows.push_back(panel.Row(i));
      shares.push_back(weights[k].data());
    }
    if (!rows.empty()) break;  // an early origin may know only members that do not count
  }
  std::vector<float> line(static_cast<std::size_t>(Padded(panel.length)));
  WeightedMedian(rows, shares, Padded(panel.length), line.data());
  line.resize(static_cast<std::size_t>(panel.length));
  return line;
}

std::vector<double> MeanWeights(const Panel& panel,
                                const std::vector<std::vector<float>>& weights) {
  std::vector<double> mean(weights.size(), 0.0);
  double total = 0;
  for (const int k : panel.members) {
    const auto& row = weights[static_cast<std::size_t>(k)];
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
  Weigher weigher(p, members.size(), horizon);
  std::vector<Panel> past;
  past.reserve(out.origins.size());
  const int shorter = kShortHours * std::max(p.hour, out.spacing);
  for (std::size_t o = 0; o < out.origins.size(); ++o) {
    const bool to_the_end = (o + 1) % static_cast<std::size_t>(out.long_every) == 0;
    const int wanted = to_the_end ? horizon : std::min(horizon, shorter);
    past.push_back(Ask(p, members, out.origins[o], std::min(wanted, n - out.origins[o])));
    weigher.Learn(past.back());
  }
  const auto weights = weigher.Weights();
  const std::vector<bool> counts = ThatCount(weights);
  out.past.reserve(past.size());
  for (const Panel& panel : past) out.past.push_back(MedianLine(panel, weights, counts));
  const Panel now = Ask(p, members, n, horizon);
  out.point = MedianLine(now, weights, counts);
  out.weights = MeanWeights(now, weights);
  return out;
}

}  // namespace tidewright
