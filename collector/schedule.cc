#include "collector/schedule.h"

#include <algorithm>
#include <utility>

namespace tidewright {
namespace {

/// FNV-1a: the same on every machine, unlike std::hash.
std::uint64_t SeedOf(const std::string& id) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

}  // namespace

void Schedule::Keep(const std::vector<std::string>& ids, MonoTime now) {
  std::map<std::string, Entry> kept;
  for (const auto& id : ids) {
    const auto it = entries_.find(id);
    if (it != entries_.end()) {
      kept.emplace(id, it->second);
      continue;
    }
    Entry entry{now, false, Random(SeedOf(id))};
    const Duration spread = std::min(options_.spread, options_.interval);
    entry.due += options_.first + FromSeconds(entry.random.Uniform() * Seconds(spread));
    kept.emplace(id, entry);
  }
  entries_ = std::move(kept);
}

std::vector<std::string> Schedule::Due(MonoTime now) const {
  std::vector<std::pair<MonoTime, std::string>> due;
  for (const auto& [id, entry] : entries_) {
    if (!entry.under_way && entry.due <= now) due.emplace_back(entry.due, id);
  }
  std::sort(due.begin(), due.end());
  std::vector<std::string> ids;
  ids.reserve(due.size());
  for (auto& [when, id] : due) ids.push_back(std::move(id));
  return ids;
}

MonoTime Schedule::NextAfter(MonoTime now) const {
  MonoTime next = MonoTime::max();
  for (const auto& [id, entry] : entries_) {
    if (!entry.under_way && entry.due > now) next = std::min(next, entry.due);
  }
  return next;
}

void Schedule::Started(const std::string& id, MonoTime now) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  auto& entry = it->second;
  entry.under_way = true;
  const double factor = 1 + options_.jitter * (entry.random.Uniform() - 0.5);
  entry.due += FromSeconds(Seconds(options_.interval) * factor);
  // Late by more than a round: what was missed is not made up for.
  if (entry.due <= now) entry.due = now + FromSeconds(Seconds(options_.interval) * factor);
}

void Schedule::Finished(const std::string& id) {
  const auto it = entries_.find(id);
  if (it != entries_.end()) it->second.under_way = false;
}

void Schedule::Postpone(const std::string& id, MonoTime when) {
  const auto it = entries_.find(id);
  if (it != entries_.end()) it->second.due = when;
}

}  // namespace tidewright
