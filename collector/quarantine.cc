#include "collector/quarantine.h"

#include <utility>

namespace tidewright {

void Quarantine::Add(QuarantineEntry entry) {
  ++total_;
  entries_.push_back(std::move(entry));
  while (entries_.size() > capacity_) entries_.pop_front();
}

std::vector<QuarantineEntry> Quarantine::Entries() const {
  return {entries_.begin(), entries_.end()};
}

}  // namespace tidewright
