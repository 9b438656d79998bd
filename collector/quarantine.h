// What was refused by a metric's contract, kept for people to look at.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "collector/load_snapshot.h"

namespace tidewright {

/// A bounded ring. Not thread-safe.
class Quarantine {
 public:
  explicit Quarantine(std::size_t capacity) : capacity_(capacity) {}

  void Add(QuarantineEntry entry);
  /// Oldest first.
  [[nodiscard]] std::vector<QuarantineEntry> Entries() const;
  /// Of all time, also those that fell out of the ring.
  [[nodiscard]] std::int64_t total() const { return total_; }

 private:
  std::size_t capacity_;
  std::deque<QuarantineEntry> entries_;
  std::int64_t total_ = 0;
};

}  // namespace tidewright
