#include "collector/rates.h"

#include <algorithm>
#include <utility>

namespace tidewright {
namespace {

Duration EnoughOf(Duration span) { return span * 4 / 5; }

}  // namespace

void Append(SampleWindow& window, NodeSample sample, const RateOptions& options) {
  if (!window.empty()) {
    if (window.back().incarnation != sample.incarnation) {
      window.clear();
    } else if (sample.at <= window.back().at) {
      return;
    }
  }
  window.push_back(std::move(sample));
  // The second of the two oldest alone spans enough: the oldest is not needed.
  const Duration kept = std::max(2 * options.span, options.keep);
  while (window.size() > 2 && window.back().at - window[1].at >= kept) {
    window.pop_front();
  }
}

std::optional<Rate> RateOf(const SampleWindow& window, Metric metric, const RateOptions& options) {
  if (window.empty() || !window.back()[metric]) return std::nullopt;
  const NodeSample& newest = window.back();
  const NodeSample* base = nullptr;
  double floor = *newest[metric];
  for (auto it = window.rbegin() + 1; it != window.rend(); ++it) {
    const auto& value = (*it)[metric];
    if (!value) continue;
    if (*value > floor || newest.at - it->at > options.max_gap) break;
    floor = *value;
    base = &*it;
    if (newest.at - base->at >= EnoughOf(options.span)) break;
  }
  if (base == nullptr) return std::nullopt;
  return Rate{(*newest[metric] - *(*base)[metric]) / Seconds(newest.at - base->at), base->at};
}

}  // namespace tidewright
