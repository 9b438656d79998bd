#include "controller/kept_shards.h"

#include <utility>

namespace tidewright {
namespace {

constexpr char kNewest[] = "shards";
constexpr char kBefore[] = "shards_before_foreign_change";

}  // namespace

Status KeptShards::Load() {
  for (const auto& [key, shards] : {std::pair(kNewest, &newest_), std::pair(kBefore, &before_)}) {
    TW_ASSIGN_OR_RETURN(const auto kept, journal_.Fact(key));
    if (!kept) continue;
    TW_ASSIGN_OR_RETURN(*shards, DecodeShards(*kept));
  }
  return OkStatus();
}

Status KeptShards::Keep(const std::string& key, const std::vector<KnownShard>& shards) {
  return journal_.SaveFact(key, EncodeShards(shards));
}

Status KeptShards::Look(const Topology& now, bool found, bool ours) {
  if (ours && !before_.empty()) {
    before_.clear();
    TW_RETURN_IF_ERROR(Keep(kBefore, before_));
  }
  // Of several changes in a row the way back leads to before the first one.
  if (found && !ours && before_.empty() && !newest_.empty()) {
    before_ = newest_;
    TW_RETURN_IF_ERROR(Keep(kBefore, before_));
  }
  auto seen = KnownShards(now);
  if (seen == newest_) return OkStatus();
  newest_ = std::move(seen);
  return Keep(kNewest, newest_);
}

ForeignChange KeptShards::Change(const Topology& now) const {
  return before_.empty() ? ForeignChange{} : CompareShards(before_, now);
}

}  // namespace tidewright
