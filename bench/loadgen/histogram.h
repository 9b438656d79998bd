// Latencies in buckets whose width grows with their value.
#pragma once

#include <array>
#include <cstdint>

#include "core/time.h"

namespace tidewright::loadgen {

/// From 1 µs to over an hour with a relative error of at most 1/16. A value; not thread-safe.
class Histogram {
 public:
  void Add(Duration latency);
  void Merge(const Histogram& other);
  /// What was added since `earlier`, an older copy of this one.
  [[nodiscard]] Histogram Since(const Histogram& earlier) const;
  [[nodiscard]] std::int64_t count() const { return count_; }
  /// Upper edge of the bucket that holds the quantile (0…1]; zero when empty.
  [[nodiscard]] Duration Quantile(double q) const;

 private:
  static constexpr int kSubBuckets = 16;  // for each power of two
  static constexpr int kPowers = 32;
  static int Bucket(Duration latency);

  std::array<std::int64_t, kSubBuckets * kPowers> counts_{};
  std::int64_t count_ = 0;
};

}  // namespace tidewright::loadgen
