#include "forecast/weigher.h"

#include <algorithm>
#include <cmath>

#include "forecast/weighted_median.h"

namespace tidewright {
namespace {

// Measured on 67 five-minute traces and M4-Hourly: powers of 2 to 4 and half-lives of half or
// twice these differ by less than a hundredth.
constexpr double kPower = 3.0;
constexpr double kWorstRatio = 100.0;
constexpr float kSmallestShare = 0.05F;
constexpr double kHalfLifeDaysNear = 0.75;  // up to an hour ahead
constexpr double kHalfLifeDaysFar = 4.0;    // from a day ahead on

std::vector<int> Edges(int horizon, int hour) {
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

std::vector<Weights::Stretch> Stretches(const std::vector<std::vector<float>>& rows) {
  std::vector<Weights::Stretch> out;
  const auto columns = static_cast<int>(rows.front().size());
  for (int begin = 0; begin < columns; begin += kLanes) {
    std::vector<bool> counts(rows.size(), false);
    for (int h = begin; h < begin + kLanes; ++h) {
      float total = 0;
      for (const auto& row : rows) total += row[h];
      for (std::size_t k = 0; k < rows.size(); ++k) {
        if (rows[k][h] >= kSmallestShare * total) counts[k] = true;
      }
    }
    if (!out.empty() && out.back().counts == counts) {
      out.back().end += kLanes;
    } else {
      out.push_back({.begin = begin, .end = begin + kLanes, .counts = std::move(counts)});
    }
  }
  return out;
}

}  // namespace

const float* Panel::Row(std::size_t i) const {
  return values + i * static_cast<std::size_t>(Padded(length));
}

Weigher::Weigher(const Prepared& p, std::size_t members, int horizon)
    : p_(p), edges_(Edges(horizon, p.hour)) {
  const auto columns = static_cast<std::size_t>(Padded(horizon));
  for (std::size_t b = 0; b + 1 < edges_.size(); ++b) {
    half_lives_.push_back(HalfLifeSteps(edges_[b], p.hour));
  }
  targets_.resize(columns);
  recency_.resize(columns);
  mean_.resize(columns);
  own_.assign(members, std::vector<float>(columns));
  all_.assign(members, std::vector<double>(half_lives_.size()));
}

void Weigher::Recency(const Panel& panel) {
  const float* target = p_.targets.data() + panel.origin;
  for (std::size_t b = 0; b < half_lives_.size() && edges_[b] < panel.length; ++b) {
    const auto recency =
        static_cast<float>(std::exp2(-(p_.size() - panel.origin) / half_lives_[b]));
    for (int h = edges_[b]; h < std::min(panel.length, edges_[b + 1]); ++h) {
      const bool seen = !std::isnan(target[h]);
      targets_[h] = seen ? target[h] : 0.0F;
      recency_[h] = seen ? recency : 0.0F;
    }
  }
  std::fill(recency_.begin() + panel.length, recency_.begin() + Padded(panel.length), 0.0F);
}

void Weigher::Learn(const Panel& panel) {
  if (panel.members.empty()) return;
  if (panel.members != speakers_) {
    ShareOut();
    speakers_ = panel.members;
  }
  Recency(panel);
  const Floats each = Splat(1.0F / static_cast<float>(panel.members.size()));
  const float* targets = targets_.data();
  const float* recency = recency_.data();
  float* mean = mean_.data();
  for (std::size_t i = 0; i < panel.members.size(); ++i) {
    const float* said = panel.Row(i);
    float* own = own_[static_cast<std::size_t>(panel.members[i])].data();
    for (int h = 0; h < panel.length; h += kLanes) {
      const Floats error = Load(recency + h) * Abs(Load(said + h) - Load(targets + h));
      Store(Load(own + h) + error, own + h);
      Store(Load(mean + h) + each * error, mean + h);
    }
  }
}

void Weigher::ShareOut() {
  for (std::size_t b = 0; b < half_lives_.size(); ++b) {
    const double sum = SumOf(mean_.data() + edges_[b], edges_[b + 1] - edges_[b]);
    for (const int k : speakers_) all_[static_cast<std::size_t>(k)][b] += sum;
  }
  std::fill(mean_.begin(), mean_.end(), 0.0F);
}

std::vector<std::vector<Weigher::ErrorSums>> Weigher::Sums() const {
  std::vector<std::vector<ErrorSums>> sums(half_lives_.size());
  for (std::size_t b = 0; b < sums.size(); ++b) {
    for (std::size_t k = 0; k < own_.size(); ++k) {
      sums[b].push_back({.own = SumOf(own_[k].data() + edges_[b], edges_[b + 1] - edges_[b]),
                         .all = all_[k][b]});
    }
  }
  return sums;
}

Weights Weigher::Weigh() {
  ShareOut();
  const auto ratio = [](const ErrorSums& sum) { return (sum.own + 1e-9) / (sum.all + 1e-9); };
  const auto sums = Sums();
  Weights out;
  out.rows.assign(own_.size(), std::vector<float>(mean_.size(), 1.0F));
  for (std::size_t b = 0; b < sums.size(); ++b) {
    double best = kWorstRatio;
    for (const ErrorSums& sum : sums[b]) {
      if (sum.all > 0) best = std::min(best, ratio(sum));
    }
    for (std::size_t k = 0; k < own_.size(); ++k) {
      std::vector<float>& row = out.rows[k];
      // Never seen so far ahead: as it was nearer.
      float weight = b > 0 ? row[static_cast<std::size_t>(edges_[b]) - 1] : 1.0F;
      if (sums[b][k].all > 0) {
        const double worse = std::clamp(ratio(sums[b][k]) / best, 1.0, kWorstRatio);
        weight = static_cast<float>(std::pow(worse, -kPower));
      }
      std::fill(row.begin() + edges_[b],
                b + 1 < sums.size() ? row.begin() + edges_[b + 1] : row.end(), weight);
    }
  }
  out.stretches = Stretches(out.rows);
  return out;
}

}  // namespace tidewright
