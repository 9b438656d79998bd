#include "planner/continuity.h"

#include <algorithm>
#include <sstream>

namespace tidewright {
namespace {

constexpr char kVersion[] = "continuity-1";
constexpr char kWithMore[] = "continuity-2";  // and since when hits are few, each node is there
constexpr char kNever[] = "never";
constexpr char kNoFingerprint[] = "-";

std::string Text(const std::optional<WallTime>& time) {
  return time ? std::to_string(time->time_since_epoch().count()) : kNever;
}

bool Read(std::istream& in, std::optional<WallTime>& time) {
  std::string word;
  if (!(in >> word)) return false;
  if (word == kNever) return true;
  Duration::rep micros = 0;
  std::istringstream number(word);
  if (!(number >> micros) || !number.eof()) return false;
  time = WallTime(Duration(micros));
  return true;
}

constexpr Duration kShortestGap = std::chrono::minutes(30);

bool IsOurs(const Continuity& before, const Look& look) {
  if (look.in_flight || before.in_flight) return true;
  if (!look.last_action_ended) return false;
  if (before.looked && *look.last_action_ended > *before.looked) return true;
  return std::chrono::abs(look.now - *look.last_action_ended) <= look.step;
}

std::map<std::string, std::optional<WallTime>> Since(const Continuity& before, const Look& look,
                                                     bool ours) {
  std::map<std::string, std::optional<WallTime>> nodes;
  for (const std::string& id : look.nodes) {
    const auto known = before.nodes.find(id);
    if (known != before.nodes.end()) {
      nodes[id] = known->second ? std::min(*known->second, look.now) : known->second;
    } else if (before.nodes.empty()) {
      nodes[id] = std::nullopt;
    } else {
      nodes[id] = look.now - (ours ? look.provisioning : Duration(0));
    }
  }
  return nodes;
}

// By a clock that was set back it would lie ahead, and last longer than it should.
void Rebase(std::optional<WallTime>& found, WallTime now) {
  if (found) found = std::min(*found, now);
}

}  // namespace

Continuity After(const Continuity& before, const Look& look) {
  Continuity after = before;
  after.fingerprint = look.fingerprint;
  after.looked = look.now;
  after.in_flight = look.in_flight;
  after.nodes = Since(before, look, IsOurs(before, look));
  Rebase(after.hits_low_since, look.now);
  if (look.hits_low) {
    after.hits_low_since =
        *look.hits_low ? std::optional(after.hits_low_since.value_or(look.now)) : std::nullopt;
  }
  Rebase(after.foreign_change, look.now);
  Rebase(after.clock_jump, look.now);
  if (!before.fingerprint.empty() && before.fingerprint != look.fingerprint &&
      !IsOurs(before, look)) {
    after.foreign_change = look.now;
  }
  if (before.looked) {
    const Duration passed = look.now - *before.looked;
    if (passed < -look.step || passed > std::max(3 * look.step, kShortestGap)) {
      after.clock_jump = look.now;
    }
  }
  return after;
}

std::string EncodeContinuity(const Continuity& continuity) {
  const bool more = continuity.hits_low_since || !continuity.nodes.empty();
  std::string text =
      fmt::format("{} {} {} {} {} {}", more ? kWithMore : kVersion,
                  continuity.fingerprint.empty() ? kNoFingerprint : continuity.fingerprint,
                  Text(continuity.looked), continuity.in_flight ? 1 : 0,
                  Text(continuity.foreign_change), Text(continuity.clock_jump));
  if (more) text += " " + Text(continuity.hits_low_since);
  for (const auto& [id, since] : continuity.nodes) text += fmt::format(" {} {}", id, Text(since));
  return text;
}

StatusOr<Continuity> DecodeContinuity(const std::string& text) {
  std::istringstream in(text);
  std::string version;
  Continuity out;
  int in_flight = 0;
  bool read = (in >> version) && (version == kVersion || version == kWithMore) &&
              (in >> out.fingerprint) && Read(in, out.looked) && (in >> in_flight) &&
              Read(in, out.foreign_change) && Read(in, out.clock_jump);
  if (read && version == kWithMore) read = Read(in, out.hits_low_since);
  for (std::string id; read && version == kWithMore && (in >> id);) {
    read = Read(in, out.nodes[id]);
  }
  if (!read || in_flight < 0 || in_flight > 1) {
    return Error(StatusCode::kDataLoss, "not what was known of a topology");
  }
  if (out.fingerprint == kNoFingerprint) out.fingerprint.clear();
  out.in_flight = in_flight == 1;
  return out;
}

}  // namespace tidewright
