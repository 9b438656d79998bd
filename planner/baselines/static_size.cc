#include "planner/baselines/static_size.h"

#include "planner/baselines/support.h"

namespace tidewright::baselines {
namespace {

// Of the newest `steps` values; 0 where all are gaps.
double Percentile(const Series& demand, std::size_t steps, double percentile) {
  const std::size_t first = demand.size() > steps ? demand.size() - steps : 0;
  std::vector<double> values;
  for (std::size_t i = first; i < demand.size(); ++i) {
    if (!Series::IsGap(demand.values[i])) values.push_back(demand.values[i]);
  }
  if (values.empty()) return 0;
  const auto index =
      static_cast<std::ptrdiff_t>(percentile * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

class StaticPeak : public ScalingPolicy {
 public:
  StaticPeak(const ScalingTerms& terms, StaticPeakSettings settings)
      : terms_(terms), settings_(settings) {}

  [[nodiscard]] std::string Name() const override { return "static-peak"; }

  void Learn(const Series& history) override {
    if (history.empty()) return;
    shards_ = ShardsFor(settings_.multiple * Percentile(history, history.size(), 1), 1, terms_);
  }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    if (shards_ == 0) Learn(question.demand);
    return shards_;
  }

 private:
  ScalingTerms terms_;
  StaticPeakSettings settings_;
  int shards_ = 0;  // 0: not known yet
};

class StaticTrailing : public ScalingPolicy {
 public:
  StaticTrailing(const ScalingTerms& terms, StaticTrailingSettings settings)
      : terms_(terms), settings_(settings) {}

  [[nodiscard]] std::string Name() const override { return "static-trailing"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    const WallTime now = question.demand.end();
    if (shards_ == 0 || now >= next_) {
      const auto steps = static_cast<std::size_t>(StepsOf(settings_.window, terms_));
      shards_ = ShardsFor(
          settings_.multiple * Percentile(question.demand, steps, settings_.percentile), 1, terms_);
      next_ = now + settings_.every;
    }
    return shards_;
  }

 private:
  ScalingTerms terms_;
  StaticTrailingSettings settings_;
  int shards_ = 0;
  WallTime next_;
};

}  // namespace

std::unique_ptr<ScalingPolicy> MakeStaticPeak(const ScalingTerms& terms,
                                              StaticPeakSettings settings) {
  return std::make_unique<StaticPeak>(terms, settings);
}

std::unique_ptr<ScalingPolicy> MakeStaticTrailing(const ScalingTerms& terms,
                                                  StaticTrailingSettings settings) {
  return std::make_unique<StaticTrailing>(terms, settings);
}

}  // namespace tidewright::baselines
