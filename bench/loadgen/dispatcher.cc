#include "bench/loadgen/dispatcher.h"

#include <algorithm>
#include <utility>

namespace tidewright::loadgen {
namespace {

using redis::Batch;
using redis::Reply;

constexpr Duration kRefreshInterval = std::chrono::milliseconds(500);
constexpr Duration kFirstBackoff = std::chrono::milliseconds(5);
constexpr Duration kLongestBackoff = std::chrono::milliseconds(100);
constexpr int kQuickRedirects = 4;  // more than that in a row: the servers disagree, wait a little

/// Error replies that mean: not executed, ask again later.
constexpr const char* kPassing[] = {"TRYAGAIN", "CLUSTERDOWN", "LOADING",    "MASTERDOWN",
                                    "READONLY", "BUSY",        "NOREPLICAS", "UNBLOCKED"};

std::string FirstWord(const std::string& text) { return text.substr(0, text.find(' ')); }

}  // namespace

Dispatcher::Dispatcher(boost::asio::io_context& context, Clock& clock, DispatcherOptions options)
    : context_(context), clock_(clock), options_(std::move(options)) {}

void Dispatcher::Close() {
  for (auto& [address, links] : links_) {
    for (auto& link : links) link->Close();
  }
}

ServerLink& Dispatcher::Link(const Address& address) {
  auto& links = links_[address];
  while (links.size() < static_cast<std::size_t>(options_.connections_per_server)) {
    links.push_back(
        std::make_shared<ServerLink>(context_, address, options_.credentials, options_.timeout));
  }
  return *links[next_link_++ % links.size()];
}

bool Dispatcher::HasRoom(int slot) const {
  const auto owner = map_.Owner(slot);
  if (!owner) return false;
  const auto it = outstanding_.find(*owner);
  return it == outstanding_.end() || it->second < options_.outstanding_per_server;
}

Address Dispatcher::SomeServer() {
  auto servers = map_.Owners();
  // A seed now and then, should all servers known have gone.
  if (servers.empty() || next_server_ % 4 == 3) servers = options_.seeds;
  return servers[next_server_++ % servers.size()];
}

void Dispatcher::Refresh() {
  const MonoTime now = clock_.Monotonic();
  if (refreshing_ || options_.seeds.empty()) return;
  if (last_refresh_ != MonoTime{} && now - last_refresh_ < kRefreshInterval) return;
  refreshing_ = true;
  last_refresh_ = now;
  const Address server = SomeServer();
  Link(server).Send({{"CLUSTER", "SLOTS"}},
                    [this, server](Fate fate, const Status&, std::vector<Reply> replies) {
                      refreshing_ = false;
                      if (fate != Fate::kAnswered) return;
                      if (map_.Take(replies.front(), server).ok() && !map_.Owners().empty()) {
                        map_known_ = true;
                      }
                    });
}

void Dispatcher::Execute(int slot, Batch batch, Done done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->slot = slot;
  attempt->batch = std::move(batch);
  attempt->done = std::move(done);
  attempt->deadline = clock_.Monotonic() + options_.patience;
  Route(attempt);
}

void Dispatcher::Route(const AttemptPtr& attempt) {
  const auto owner = map_.Owner(attempt->slot);
  if (owner) return SendTo(attempt, *owner, false);
  Refresh();
  RetryLater(attempt);
}

void Dispatcher::SendTo(const AttemptPtr& attempt, const Address& to, bool asking) {
  Batch asked;
  if (asking) {
    for (const auto& command : attempt->batch) {
      asked.push_back({"ASKING"});
      asked.push_back(command);
    }
  }
  attempt->to = to;
  attempt->sent = clock_.Monotonic();
  ++outstanding_[to];
  Link(to).Send(asking ? std::move(asked) : attempt->batch,
                [this, attempt, asking](Fate fate, const Status& status, auto replies) {
                  --outstanding_[attempt->to];
                  Answered(attempt, asking, fate, status, std::move(replies));
                });
}

void Dispatcher::Answered(const AttemptPtr& attempt, bool asking, Fate fate, const Status& status,
                          std::vector<Reply> replies) {
  if (fate != Fate::kAnswered) {
    ++errors_[status.code() == StatusCode::kDeadlineExceeded ? "timeout" : "io"];
    Refresh();
    if (fate == Fate::kNotExecuted) return RetryLater(attempt);
    return Finish(attempt, fate, {});
  }
  if (asking) {  // every other reply is ASKING's
    std::vector<Reply> own;
    for (std::size_t i = 1; i < replies.size(); i += 2) own.push_back(std::move(replies[i]));
    replies = std::move(own);
  }
  for (const auto& reply : replies) {
    if (reply.IsError() && Redirected(attempt, reply)) return;
  }
  Finish(attempt, Fate::kAnswered, std::move(replies));
}

bool Dispatcher::Redirected(const AttemptPtr& attempt, const Reply& error) {
  const std::string kind = FirstWord(error.text);
  ++errors_[kind];
  if (kind == "MOVED" || kind == "ASK") {
    const auto redirect = ParseRedirect(error.text, attempt->to);
    if (!redirect) return false;
    if (kind == "MOVED") {
      map_.Set(redirect->slot, redirect->to);
      Refresh();
    }
    if (++attempt->tries > kQuickRedirects) {
      RetryLater(attempt);
    } else {
      SendTo(attempt, redirect->to, kind == "ASK");
    }
    return true;
  }
  if (std::find(std::begin(kPassing), std::end(kPassing), kind) == std::end(kPassing)) return false;
  if (kind != "TRYAGAIN") Refresh();
  RetryLater(attempt);
  return true;
}

void Dispatcher::RetryLater(const AttemptPtr& attempt) {
  if (clock_.Monotonic() >= attempt->deadline) {
    ++errors_["gave up"];
    return Finish(attempt, Fate::kNotExecuted, {});
  }
  const Duration backoff =
      std::min(kLongestBackoff, kFirstBackoff * (1 << std::min(attempt->tries++, 5)));
  auto timer = std::make_shared<boost::asio::steady_timer>(context_, backoff);
  timer->async_wait([this, attempt, timer](const auto& error) {
    if (!error) Route(attempt);
  });
}

void Dispatcher::Finish(const AttemptPtr& attempt, Fate fate, std::vector<Reply> replies) {
  attempt->done({fate, std::move(replies), attempt->sent, clock_.Monotonic()});
}

}  // namespace tidewright::loadgen
