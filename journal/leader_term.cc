#include "journal/leader_term.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "actuator/leadership.h"

namespace tidewright {
namespace {

/// How often within a lease's life it is renewed, and how often others look whether it has ended.
constexpr int kTurnsPerLease = 5;
constexpr char kAboutToEnd[] = "its lease in etcd is about to end";

}  // namespace

std::string LeaderTerm::Key(const char* name) const {
  return options_.prefix + "/" + options_.cluster + "/" + name;
}

MonoTime LeaderTerm::Turn() {
  const MonoTime begun = clock_.Monotonic();
  std::optional<Term> term;
  {
    std::scoped_lock lock(mutex_);
    term = term_;
  }
  if (term && begun >= term->ends) {
    Forget("etcd did not answer while the lease lasted");
    term.reset();
  }
  if (term) {
    Renew();
  } else {
    Campaign();
  }
  return begun + options_.ttl / kTurnsPerLease;
}

void LeaderTerm::Forget(const std::string& why) {
  std::scoped_lock lock(mutex_);
  term_.reset();
  why_not_ = why;
}

void LeaderTerm::Renew() {
  std::int64_t lease = 0;
  {
    std::scoped_lock lock(mutex_);
    lease = term_->lease;
  }
  const MonoTime asked = clock_.Monotonic();
  const auto left = etcd_.KeepAlive(lease);
  if (left.status().code() == StatusCode::kNotFound) {
    return Forget("the lease has ended: another controller may lead");
  }
  // Any other error: the lease lives on, as far as we know, until it ends.
  if (!left.ok()) return;
  std::scoped_lock lock(mutex_);
  if (term_) term_->ends = asked + *left;
}

/// The lease of our own key that an earlier life of ours left behind is ended first.
StatusOr<io::Etcd::Claim> LeaderTerm::Claim(std::int64_t lease) {
  const std::string value = nlohmann::json{{"instance", options_.instance}}.dump();
  TW_ASSIGN_OR_RETURN(auto claim, etcd_.PutIfAbsent(Key("leader"), value, lease));
  if (claim.holder.value != value) return claim;
  if (claim.holder.lease == lease) {
    claim.made = true;  // also when the answer to an earlier attempt was lost
    return claim;
  }
  TW_RETURN_IF_ERROR(etcd_.Revoke(claim.holder.lease));
  return etcd_.PutIfAbsent(Key("leader"), value, lease);
}

void LeaderTerm::Campaign() {
  std::int64_t lease = 0;
  {
    std::scoped_lock lock(mutex_);
    lease = spare_lease_;
  }
  MonoTime asked = clock_.Monotonic();
  StatusOr<Duration> ttl = Error(StatusCode::kNotFound, "no lease yet");
  if (lease != 0) ttl = etcd_.KeepAlive(lease);
  if (!ttl.ok()) {
    asked = clock_.Monotonic();
    const auto granted = etcd_.Grant(options_.ttl);
    if (!granted.ok()) return Forget(Message(granted.status()));
    lease = granted->id;
    ttl = granted->ttl;
  }
  const auto claim = Claim(lease);
  std::scoped_lock lock(mutex_);
  spare_lease_ = lease;
  term_.reset();
  if (!claim.ok()) {
    why_not_ = Message(claim.status());
  } else if (claim->made) {
    spare_lease_ = 0;
    term_ = Term{lease, claim->holder.create_revision, asked + *ttl};
  } else {
    const auto json = nlohmann::json::parse(claim->holder.value, nullptr, false);
    why_not_ = fmt::format("{} leads since revision {}",
                           json.is_object() ? json.value("instance", "somebody") : "somebody",
                           claim->holder.create_revision);
  }
}

Status LeaderTerm::Lasts(Duration at_least) const {
  std::scoped_lock lock(mutex_);
  if (term_ && clock_.Monotonic() < term_->ends - at_least) return OkStatus();
  return Error(StatusCode::kCancelled, "{}{}", Leadership::kLeadLost,
               term_ ? kAboutToEnd : why_not_);
}

Status LeaderTerm::MayWrite() const { return Lasts(options_.margin); }

/// Half of what a fresh lease has is left to end what is open in. A lease that is renewed in time
/// never comes down to that.
Status LeaderTerm::MayOpen() const {
  return Lasts(options_.margin + (options_.ttl - options_.margin) / 2);
}

std::string LeaderTerm::WhyNot() const {
  std::scoped_lock lock(mutex_);
  return term_ ? kAboutToEnd : why_not_;
}

void LeaderTerm::GiveBack() {
  std::vector<std::int64_t> leases;
  {
    std::scoped_lock lock(mutex_);
    if (term_) leases.push_back(term_->lease);
    if (spare_lease_ != 0) leases.push_back(spare_lease_);
    term_.reset();
    spare_lease_ = 0;
    why_not_ = "it gave its lease back";
  }
  // An error leaves the lease to end by itself.
  for (const auto lease : leases) (void)etcd_.Revoke(lease);
}

std::string LeaderTerm::Permit(int number) const {
  return fmt::format("{}/permits/{}", options_.prefix, number);
}

/// A transaction for each number, so that no two clusters ever have the same one.
Status LeaderTerm::TakePermit(std::int64_t lease) {
  std::vector<std::string> acting;
  for (int number = 1; number <= options_.clusters_at_once; ++number) {
    TW_ASSIGN_OR_RETURN(const auto claim,
                        etcd_.PutIfAbsent(Permit(number), options_.cluster, lease));
    if (claim.made || (claim.holder.value == options_.cluster && claim.holder.lease == lease)) {
      std::scoped_lock lock(mutex_);
      permit_ = Permit(number);
      return OkStatus();
    }
    acting.push_back(claim.holder.value);
  }
  if (options_.clusters_at_once == 0) return OkStatus();
  return Error(StatusCode::kResourceExhausted,
               "as many clusters act as clusters_at_once allows, {}: {}", options_.clusters_at_once,
               fmt::join(acting, ", "));
}

void LeaderTerm::End() {
  std::string permit;
  {
    std::scoped_lock lock(mutex_);
    permit = permit_;
  }
  if (permit.empty() || !etcd_.Delete(permit, options_.cluster).ok()) return;
  std::scoped_lock lock(mutex_);
  permit_.clear();
}

StatusOr<std::string> LeaderTerm::Begin(const std::string& action_id) {
  TW_RETURN_IF_ERROR(MayWrite());
  std::int64_t revision = 0;
  std::int64_t lease = 0;
  {
    std::scoped_lock lock(mutex_);
    if (!term_) return Error(StatusCode::kCancelled, "{}{}", Leadership::kLeadLost, why_not_);
    revision = term_->revision;
    lease = term_->lease;
  }
  const Status permitted = TakePermit(lease);
  if (permitted.code() == StatusCode::kNotFound) {
    Forget("the lease has ended: another controller may lead");
    return Error(StatusCode::kCancelled, "{}the lease has ended", Leadership::kLeadLost);
  }
  TW_RETURN_IF_ERROR(permitted);
  const std::string mark = nlohmann::json{
      {"action", action_id},
      {"instance", options_.instance},
      {"fencing_token",
       revision}}.dump();
  TW_ASSIGN_OR_RETURN(const bool held,
                      etcd_.PutIfHeld(Key("leader"), revision, Key("action"), mark));
  if (!held) {
    Forget("another controller leads, says etcd");
    return Error(StatusCode::kCancelled, "{}another one leads, says etcd", Leadership::kLeadLost);
  }
  return std::to_string(revision);
}

}  // namespace tidewright
