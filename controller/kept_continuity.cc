#include "controller/kept_continuity.h"

#include <utility>

namespace tidewright {

KeptContinuity::KeptContinuity(const std::string& cluster, History& history)
    : key_{cluster, Scope::kCluster, "continuity", Resource::kRequests}, history_(history) {}

Status KeptContinuity::Load() {
  TW_ASSIGN_OR_RETURN(const std::string kept, history_.ReadState(key_));
  if (kept.empty()) return OkStatus();
  if (auto read = DecodeContinuity(kept); read.ok()) now_ = kept_ = *std::move(read);
  return OkStatus();
}

Status KeptContinuity::Keep(Continuity continuity, Duration step) {
  now_ = std::move(continuity);
  Continuity unchanged = kept_;
  unchanged.looked = now_.looked;
  const bool fresh = kept_.looked && now_.looked && *now_.looked >= *kept_.looked &&
                     *now_.looked - *kept_.looked < step;
  if (fresh && unchanged == now_) return OkStatus();
  TW_RETURN_IF_ERROR(history_.KeepStates({{.key = key_, .bytes = EncodeContinuity(now_)}}));
  kept_ = now_;
  return OkStatus();
}

}  // namespace tidewright
