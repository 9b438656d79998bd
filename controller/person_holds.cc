#include "controller/person_holds.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr char kFact[] = "holds";
constexpr int kVersion = 1;

WallTime TimeOf(const Json& json) { return WallTime(Duration(json.get<std::int64_t>())); }

}  // namespace

Status PersonHolds::Load() {
  holds_.clear();
  TW_ASSIGN_OR_RETURN(const auto kept, journal_.Fact(kFact));
  if (!kept) return OkStatus();
  const Json json = Json::parse(*kept, nullptr, false);
  // A hold that cannot be read must not be passed over: better not to start.
  try {
    if (json.at("version").get<int>() != kVersion) {
      return Error(StatusCode::kDataLoss, "the journal's holds are of an unknown version");
    }
    next_ = json.at("next").get<int>();
    for (const Json& one : json.at("holds")) {
      holds_.push_back({.id = one.at("id").get<std::string>(),
                        .who = one.at("who").get<std::string>(),
                        .why = one.at("why").get<std::string>(),
                        .since = TimeOf(one.at("since_us")),
                        .until = TimeOf(one.at("until_us"))});
    }
  } catch (const Json::exception& error) {
    return Error(StatusCode::kDataLoss, "the journal's holds cannot be read: {}", error.what());
  }
  return OkStatus();
}

Status PersonHolds::Save(std::vector<PersonHold> holds, int next) {
  Json list = Json::array();
  for (const PersonHold& hold : holds) {
    list.push_back({{"id", hold.id},
                    {"who", hold.who},
                    {"why", hold.why},
                    {"since_us", hold.since.time_since_epoch().count()},
                    {"until_us", hold.until.time_since_epoch().count()}});
  }
  const Json json = {{"version", kVersion}, {"next", next}, {"holds", list}};
  TW_RETURN_IF_ERROR(
      journal_.SaveFact(kFact, json.dump(-1, ' ', false, Json::error_handler_t::replace)));
  holds_ = std::move(holds);
  next_ = next;
  return OkStatus();
}

StatusOr<PersonHold> PersonHolds::Add(WallTime until, const std::string& who,
                                      const std::string& why, WallTime now) {
  if (until <= now) {
    return Error(StatusCode::kInvalidArgument, "{} is not ahead: it is {} now", FormatTime(until),
                 FormatTime(now));
  }
  const PersonHold hold{
      .id = fmt::format("h-{}", next_), .who = who, .why = why, .since = now, .until = until};
  std::vector<PersonHold> holds = Active(now);
  holds.push_back(hold);
  TW_RETURN_IF_ERROR(Save(std::move(holds), next_ + 1));
  TW_RETURN_IF_ERROR(journal_.Audit(
      now, who, "hold",
      AuditDetail(
          {.about = {{"hold", hold.id}}, .why = why, .before = {}, .after = FormatTime(until)})));
  return hold;
}

Status PersonHolds::Clear(const std::string& id, const std::string& who, const std::string& why,
                          WallTime now) {
  std::vector<PersonHold> holds = Active(now);
  const auto found = std::find_if(holds.begin(), holds.end(),
                                  [&](const PersonHold& hold) { return hold.id == id; });
  if (found == holds.end()) {
    return Error(StatusCode::kNotFound, "no hold {} stands: `tidectl hold` lists those that do",
                 id);
  }
  const PersonHold cleared = *found;
  // Audited first: what lets things begin again must not go untold.
  TW_RETURN_IF_ERROR(journal_.Audit(now, who, "hold",
                                    AuditDetail({.about = {{"hold", id}, {"by", cleared.who}},
                                                 .why = why,
                                                 .before = FormatTime(cleared.until),
                                                 .after = "cleared"})));
  holds.erase(found);
  return Save(std::move(holds), next_);
}

std::vector<PersonHold> PersonHolds::Active(WallTime now) const {
  std::vector<PersonHold> active;
  std::copy_if(holds_.begin(), holds_.end(), std::back_inserter(active),
               [&](const PersonHold& hold) { return hold.Active(now); });
  return active;
}

std::optional<Reason> PersonHolds::Against(const Plan& plan, const Policy& policy,
                                           WallTime now) const {
  if (plan.emergency && policy.emergency_ignores_windows) return std::nullopt;
  for (const PersonHold& hold : holds_) {
    if (!hold.Active(now)) continue;
    return Reason{ReasonCode::kHeld,
                  fmt::format("nothing begins while a person holds it: {} (`tidectl hold --clear "
                              "{}` ends it)",
                              ToString(hold), hold.id)};
  }
  return std::nullopt;
}

}  // namespace tidewright
