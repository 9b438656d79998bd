#include "replay/trace_class.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace tidewright::replay {
namespace {

// Of x[i] and x[i + lag]; 0 where fewer than three pairs or no variance is there.
double LaggedCorrelation(const std::vector<double>& x, std::size_t lag) {
  if (x.size() < lag + 3) return 0;
  const auto n = static_cast<double>(x.size() - lag);
  double mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i + lag < x.size(); ++i) {
    mean_a += x[i] / n;
    mean_b += x[i + lag] / n;
  }
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i + lag < x.size(); ++i) {
    const double a = x[i] - mean_a;
    const double b = x[i + lag] - mean_b;
    ab += a * b;
    aa += a * a;
    bb += b * b;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa) / std::sqrt(bb) : 0;
}

// From the first value on; an incomplete hour at the end is left out.
std::pair<std::vector<double>, Duration> HourlyMeans(const Series& trace) {
  const Duration hour = std::chrono::hours(1);
  if (trace.step >= hour || hour % trace.step != Duration(0)) return {trace.values, trace.step};
  const auto per_hour = static_cast<std::size_t>(hour / trace.step);
  std::vector<double> means;
  for (std::size_t i = 0; i + per_hour <= trace.size(); i += per_hour) {
    double sum = 0;
    for (std::size_t j = i; j < i + per_hour; ++j) sum += trace.values[j];
    means.push_back(sum / static_cast<double>(per_hour));
  }
  return {std::move(means), hour};
}

}  // namespace

TraceClass Classify(const Series& trace) {
  TraceClass out;
  if (trace.empty()) return out;
  const auto [means, step] = HourlyMeans(trace);
  const auto day = static_cast<std::size_t>(std::chrono::days(1) / step);
  if (day > 0) {
    out.day = LaggedCorrelation(means, day);
    out.week = LaggedCorrelation(means, 7 * day);
  }
  std::vector<double> sorted = trace.values;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double p) {
    return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
  };
  out.spread = at(0.5) > 0 ? at(0.99) / at(0.5) : std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace tidewright::replay
