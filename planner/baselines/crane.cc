#include "planner/baselines/crane.h"

#include "planner/baselines/hpa.h"
#include "planner/baselines/support.h"

namespace tidewright::baselines {
namespace {

double Autocorrelation(const std::vector<double>& values, std::size_t lag) {
  double mean = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  double all = 0, lagged = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    all += (values[i] - mean) * (values[i] - mean);
    if (i >= lag) lagged += (values[i] - mean) * (values[i - lag] - mean);
  }
  // By the mean of each, so that a long lag is no lower for its fewer terms.
  const auto n = static_cast<double>(values.size());
  return all > 0 ? (lagged / (n - static_cast<double>(lag))) / (all / n) : 0;
}

class Crane : public ScalingPolicy {
 public:
  Crane(const ScalingTerms& terms, CraneSettings settings)
      : terms_(terms), settings_(settings), hpa_(terms, {.target = settings.target}) {}

  [[nodiscard]] std::string Name() const override { return "crane"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    const std::vector<double>& values = filled_.With(question.demand);
    if (question.demand.end() >= remade_at_) {
      Remake(values);
      made_with_ = values.size();
      remade_at_ = question.demand.end() + settings_.every;
    }
    const int observed = hpa_.Shards(question);
    return std::max(observed, ShardsFor(Expected(values.size()), settings_.target, terms_));
  }

 private:
  void Remake(const std::vector<double>& all) {
    const auto kept = static_cast<std::size_t>(StepsOf(settings_.history, terms_));
    const std::vector<double> values(
        all.end() - static_cast<std::ptrdiff_t>(std::min(kept, all.size())), all.end());
    cycle_.clear();
    for (const int days : {1, 7}) {
      const int period = StepsOf(std::chrono::days(days), terms_);
      if (!IsCycle(values, period, settings_.correlation)) continue;
      const auto p = static_cast<std::size_t>(period);
      for (std::size_t i = 0; i < p; ++i) {
        double highest = 0;
        for (std::size_t k = 1; k * p <= values.size(); ++k) {
          highest = std::max(highest, values[values.size() - k * p + i]);
        }
        cycle_.push_back(highest * (1 + settings_.margin));
      }
      return;
    }
    flat_ = WeightedPercentile(values) * (1 + settings_.percentile_margin);
  }

  [[nodiscard]] double WeightedPercentile(const std::vector<double>& values) const {
    std::vector<std::pair<double, double>> weighted;  // value, weight
    const double steps = Seconds(settings_.half_life) / Seconds(terms_.step);
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double weight = std::exp2(-static_cast<double>(values.size() - 1 - i) / steps);
      weighted.emplace_back(values[i], weight);
      total += weight;
    }
    std::sort(weighted.begin(), weighted.end());
    double sum = 0;
    for (const auto& [value, weight] : weighted) {
      sum += weight;
      if (sum >= settings_.percentile * total) return value;
    }
    return values.empty() ? 0 : weighted.back().first;
  }

  // The highest forecast of the window after `now` values.
  [[nodiscard]] double Expected(std::size_t now) const {
    if (cycle_.empty()) return flat_;
    double highest = 0;
    for (int i = 0; i < StepsOf(settings_.window, terms_); ++i) {
      highest = std::max(highest,
                         cycle_[(now - made_with_ + static_cast<std::size_t>(i)) % cycle_.size()]);
    }
    return highest;
  }

  ScalingTerms terms_;
  CraneSettings settings_;
  Hpa hpa_;
  Filled filled_;
  WallTime remade_at_ = WallTime::min();
  std::size_t made_with_ = 0;  // values that were known then
  std::vector<double> cycle_;  // from the step after them; empty: no cycle
  double flat_ = 0;
};

}  // namespace

bool IsCycle(const std::vector<double>& values, int period, double least) {
  const auto p = static_cast<std::size_t>(period);
  if (values.size() < 2 * p) return false;
  const double there = Autocorrelation(values, p);
  if (there < least) return false;
  const std::size_t aside = std::max<std::size_t>(1, p / 8);
  if (there < Autocorrelation(values, p - aside)) return false;
  return p + aside >= values.size() || there >= Autocorrelation(values, p + aside);
}

std::unique_ptr<ScalingPolicy> MakeCrane(const ScalingTerms& terms, CraneSettings settings) {
  return std::make_unique<Crane>(terms, settings);
}

}  // namespace tidewright::baselines
