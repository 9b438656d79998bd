#include "controller/stop_watch.h"

namespace tidewright {
namespace {

constexpr char kFact[] = "stop_audited";

/// Which throw it is: a second one after a clearing nobody saw is another.
std::string Mark(const StopNotice& notice) {
  return notice.path + "\t" + (notice.at ? FormatTime(*notice.at) : "by hand");
}

std::string Who(const StopNotice& notice, const char* otherwise) {
  return notice.by.empty() ? otherwise : notice.by;
}

std::string PathOf(const std::string& mark) { return mark.substr(0, mark.rfind('\t')); }

/// Who cleared this throw; not an earlier one, when this one's file was removed by hand.
std::optional<StopNotice> Cleared(const std::string& mark) {
  auto cleared = LastCleared(PathOf(mark));
  const auto thrown = ParseTime(mark.substr(mark.rfind('\t') + 1));
  if (cleared && cleared->at && thrown.ok() && *cleared->at < *thrown) return std::nullopt;
  return cleared;
}

}  // namespace

Status StopWatch::Load() {
  TW_ASSIGN_OR_RETURN(const auto fact, journal_.Fact(kFact));
  audited_ = fact.value_or("");
  return OkStatus();
}

std::optional<StopNotice> StopWatch::Look(WallTime now, Status& audited) {
  auto notice = switch_.Notice();
  const std::string mark = notice ? Mark(*notice) : "";
  audited = OkStatus();
  if (mark == audited_) return notice;
  AuditChange change;
  std::string who;
  if (notice) {
    who = Who(*notice, "somebody");
    change = {.about = {{"file", notice->path}},
              .why = notice->why,
              .before = audited_.empty() ? "may act" : "stopped",
              .after = "stopped"};
  } else {
    const auto cleared = Cleared(audited_);
    who = cleared ? Who(*cleared, "somebody") : "somebody";
    change = {.about = {{"file", PathOf(audited_)}},
              .why = cleared ? cleared->why : "the file was removed by hand",
              .before = "stopped",
              .after = "may act"};
  }
  audited = journal_.Audit(now, who, notice ? "stop" : "clear-stop", AuditDetail(change));
  if (audited.ok()) audited = journal_.SaveFact(kFact, mark);
  if (audited.ok()) audited_ = mark;
  return notice;
}

}  // namespace tidewright
