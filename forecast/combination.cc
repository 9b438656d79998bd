#include "forecast/combination.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace tidewright {
namespace {

// Errors are learned from this many past origins at most, hourly over a week by default.
constexpr int kMaximumOrigins = 168;
// Models are refitted at this many points among the past origins, and at the end.
constexpr int kRefits = 3;

double WeightPower() { static const char* e = std::getenv("WP"); return e ? atof(e) : 0; }

struct Candidate {
  double value;
  double weight;
};

// The lower weighted median and the upper one, averaged.
double WeightedMedian(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.value < b.value; });
  double total = 0;
  for (const Candidate& c : candidates) total += c.weight;
  double below = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    below += candidates[i].weight;
    if (below > 0.5 * total * (1 + 1e-12)) return candidates[i].value;
    if (below > 0.5 * total * (1 - 1e-12)) {
      return i + 1 < candidates.size() ? 0.5 * (candidates[i].value + candidates[i + 1].value)
                                       : candidates[i].value;
    }
  }
  return candidates.empty() ? 0.0 : candidates.back().value;
}

// forecasts[member][origin] is empty where the member could not.
using Table = std::vector<std::vector<std::vector<double>>>;

int Bucket(int h, int hour) {
  int bucket = 0;
  for (int edge = std::max(1, hour / 2); h >= edge; edge *= 2) ++bucket;
  return bucket;
}

// weights[bucket][member]
std::vector<std::vector<double>> Weights(const Prepared& p, const Table& table,
                                         const std::vector<int>& origins, int horizon) {
  const int buckets = Bucket(horizon - 1, p.hour) + 1;
  const std::size_t m = table.size();
  std::vector<std::vector<double>> error(buckets, std::vector<double>(m, 0.0));
  std::vector<std::vector<double>> reference = error;
  std::vector<Candidate> candidates;
  for (std::size_t o = 0; o < origins.size(); ++o) {
    const int length = std::min(horizon, p.size() - origins[o]);
    for (int h = 0; h < length; ++h) {
      const double target = p.targets[origins[o] + h];
      if (std::isnan(target)) continue;
      candidates.clear();
      for (std::size_t k = 0; k < m; ++k) {
        if (!table[k][o].empty()) candidates.push_back({table[k][o][h], 1.0});
      }
      const double base = std::abs(target - WeightedMedian(candidates));
      const int b = Bucket(h, p.hour);
      for (std::size_t k = 0; k < m; ++k) {
        if (table[k][o].empty()) continue;
        error[b][k] += std::abs(target - table[k][o][h]);
        reference[b][k] += base;
      }
    }
  }
  std::vector<std::vector<double>> weights(buckets, std::vector<double>(m, 1.0));
  for (int b = 0; b < buckets; ++b) {
    for (std::size_t k = 0; k < m; ++k) {
      if (reference[b][k] <= 0) { if (b > 0) weights[b][k] = weights[b-1][k]; continue; }
      const double ratio = (error[b][k] + 1e-9) / (reference[b][k] + 1e-9);
      weights[b][k] = std::pow(std::clamp(ratio, 0.3, 10.0), -WeightPower());
    }
  }
  return weights;
}

}  // namespace

Combined Combine(const Prepared& p, const std::vector<std::unique_ptr<Member>>& members,
                 int horizon) {
  const int n = p.size();
  Combined out;
  out.spacing = std::clamp(n / 2 / kMaximumOrigins, 1, p.hour);
  for (int o = n - out.spacing; o >= std::max(1, n / 2) &&
                                static_cast<int>(out.origins.size()) < kMaximumOrigins;
       o -= out.spacing) {
    out.origins.push_back(o);
  }
  std::vector<int> cutoffs;
  for (int k = 0; k < kRefits && !out.origins.empty(); ++k) {
    const std::size_t index = out.origins.size() - 1 - k * out.origins.size() / kRefits;
    cutoffs.push_back(out.origins[index]);
  }
  cutoffs.push_back(n);
  cutoffs.erase(std::unique(cutoffs.begin(), cutoffs.end()), cutoffs.end());

  Table table(members.size(), std::vector<std::vector<double>>(out.origins.size() + 1));
  for (std::size_t k = 0; k < members.size(); ++k) {
    members[k]->Fit(p, cutoffs, horizon);
    for (std::size_t o = 0; o <= out.origins.size(); ++o) {
      const int origin = o < out.origins.size() ? out.origins[o] : n;
      std::vector<double>& cell = table[k][o];
      cell.resize(o < out.origins.size() ? std::min(horizon, n - origin) : horizon);
      if (!members[k]->Predict(origin, cell)) cell.clear();
    }
  }
  const auto weights = Weights(p, table, out.origins, horizon);
  std::vector<Candidate> candidates;
  const auto combine = [&](std::size_t o, int length) {
    std::vector<double> line(length);
    for (int h = 0; h < length; ++h) {
      candidates.clear();
      const auto& w = weights[Bucket(h, p.hour)];
      for (std::size_t k = 0; k < members.size(); ++k) {
        if (!table[k][o].empty()) candidates.push_back({table[k][o][h], w[k]});
      }
      line[h] = WeightedMedian(candidates);
    }
    return line;
  };
  for (std::size_t o = 0; o < out.origins.size(); ++o) {
    out.past.push_back(combine(o, std::min(horizon, n - out.origins[o])));
  }
  out.point = combine(out.origins.size(), horizon);
  return out;
}

}  // namespace tidewright
