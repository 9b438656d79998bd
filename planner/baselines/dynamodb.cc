#include "planner/baselines/dynamodb.h"

#include "planner/baselines/support.h"

namespace tidewright::baselines {
namespace {

class DynamoDb : public ScalingPolicy {
 public:
  DynamoDb(const ScalingTerms& terms, DynamoDbSettings settings)
      : terms_(terms), settings_(settings) {}

  [[nodiscard]] std::string Name() const override { return "dynamodb"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    const double full = question.shards * terms_.shard_capacity;
    const auto& values = question.demand.values;
    const auto high = [&](double v) { return v > settings_.target * full; };
    if (const double d = Alarm(values, settings_.up_after, high); d >= 0) {
      return std::max(question.shards, ShardsFor(d, settings_.target, terms_));
    }
    const auto low = [&](double v) { return v < settings_.scale_in * full; };
    const double d = Alarm(values, settings_.down_after, low);
    if (d < 0) return question.shards;
    const int fewer = std::min(question.shards, ShardsFor(d, settings_.target, terms_));
    return fewer < question.shards && MayDecrease(question.demand.end()) ? fewer : question.shards;
  }

 private:
  // The highest of the newest values where all of them ring; −1 where not.
  template <typename Rings>
  [[nodiscard]] double Alarm(const std::vector<double>& values, Duration span, Rings rings) const {
    const auto steps = static_cast<std::size_t>(StepsOf(span, terms_));
    if (values.size() < steps) return -1;
    double highest = 0;
    for (std::size_t i = values.size() - steps; i < values.size(); ++i) {
      if (Series::IsGap(values[i]) || !rings(values[i])) return -1;
      highest = std::max(highest, values[i]);
    }
    return highest;
  }

  // Counts it as made where it is allowed.
  bool MayDecrease(WallTime now) {
    const WallTime today = FloorTo(now, std::chrono::days(1));
    if (today != day_) {
      day_ = today;
      made_ = 0;
    }
    if (made_ >= settings_.free_decreases && now - last_ < settings_.then_every) return false;
    ++made_;
    last_ = now;
    return true;
  }

  ScalingTerms terms_;
  DynamoDbSettings settings_;
  WallTime day_;
  int made_ = 0;  // decreases of that day
  WallTime last_;
};

}  // namespace

std::unique_ptr<ScalingPolicy> MakeDynamoDb(const ScalingTerms& terms, DynamoDbSettings settings) {
  return std::make_unique<DynamoDb>(terms, settings);
}

}  // namespace tidewright::baselines
