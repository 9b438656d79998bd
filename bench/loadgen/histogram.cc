#include "bench/loadgen/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tidewright::loadgen {

// Below 16 µs a bucket for each microsecond; above, 16 for each power of two.
int Histogram::Bucket(Duration latency) {
  const auto value = static_cast<std::uint64_t>(std::max<Duration::rep>(latency.count(), 0));
  if (value < kSubBuckets) return static_cast<int>(value);
  const int power = std::bit_width(value) - 5;  // value >> power lies in 16…31
  const int bucket = (power + 1) * kSubBuckets + static_cast<int>((value >> power) - kSubBuckets);
  return std::min(bucket, kSubBuckets * kPowers - 1);
}

void Histogram::Add(Duration latency) {
  ++counts_[static_cast<std::size_t>(Bucket(latency))];
  ++count_;
}

void Histogram::Merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
}

Histogram Histogram::Since(const Histogram& earlier) const {
  Histogram difference = *this;
  for (std::size_t i = 0; i < counts_.size(); ++i) difference.counts_[i] -= earlier.counts_[i];
  difference.count_ -= earlier.count_;
  return difference;
}

Duration Histogram::Quantile(double q) const {
  if (count_ == 0) return Duration(0);
  const auto wanted = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count_))));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen < wanted) continue;
    const auto bucket = static_cast<std::int64_t>(i);
    if (bucket < kSubBuckets) return Duration(bucket + 1);
    const auto power = bucket / kSubBuckets - 1;
    return Duration((bucket % kSubBuckets + kSubBuckets + 1) << power);
  }
  return Duration(0);
}

}  // namespace tidewright::loadgen
