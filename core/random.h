// A small seeded generator: the same seed gives the same numbers on every machine and compiler,
// which std:: distributions do not promise.
#pragma once

#include <cstdint>

namespace tidewright {

/// xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. Not for secrets. Not thread-safe.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t Next();
  /// Uniform in [0, 1).
  double Uniform();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  /// Standard normal.
  double Normal();
  /// A generator of its own, decided by this one's seed and `stream` alone.
  [[nodiscard]] Random Fork(std::uint64_t stream) const;

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

}  // namespace tidewright
