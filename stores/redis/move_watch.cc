#include "stores/redis/move_watch.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tidewright::redis {
namespace {

constexpr Duration kInterval = std::chrono::milliseconds(100);
constexpr Duration kPatience = std::chrono::seconds(1);

/// The number behind "name=" in "count=5" or "ip=…,offset=9".
std::int64_t In(const std::string& field, const std::string& name) {
  const auto at = field.find(name + "=");
  std::int64_t value = 0;
  if (at == std::string::npos) return value;
  const char* begin = field.data() + at + name.size() + 1;
  std::from_chars(begin, field.data() + field.size(), value);
  return value;
}

}  // namespace

MoveFeeling FeelingOf(const InfoText& source, const InfoText& target) {
  MoveFeeling feeling;
  const std::int64_t written = target.Number("master_repl_offset");
  for (int i = 0;; ++i) {
    const std::string replica = target.Field("slave" + std::to_string(i));
    if (replica.empty()) break;
    if (replica.find("state=online") == std::string::npos) continue;
    feeling.replication_lag_bytes =
        std::max(feeling.replication_lag_bytes, written - In(replica, "offset"));
  }
  feeling.used_memory_bytes = target.Number("used_memory");
  if (target.Field("maxmemory_policy") == "noeviction") {
    feeling.max_memory_bytes = target.Number("maxmemory");
  }
  for (const InfoText* end : {&source, &target}) {
    feeling.asks += static_cast<double>(In(end->Field("errorstat_ASK"), "count"));
    feeling.tryagains += static_cast<double>(In(end->Field("errorstat_TRYAGAIN"), "count"));
  }
  return feeling;
}

MoveWatch::MoveWatch(Client& client, Clock& clock, const MoveLimits& limits, Server source,
                     Server target, MoveSpeed& speed)
    : client_(client),
      clock_(clock),
      limits_(limits),
      source_(std::move(source)),
      target_(std::move(target)),
      speed_(speed),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Status MoveWatch::Room() const {
  std::scoped_lock lock(mutex_);
  return room_;
}

StatusOr<MoveFeeling> MoveWatch::Feel() {
  using Replies = StatusOr<std::vector<Reply>>;
  const MonoTime start = clock_.Monotonic();
  const auto ask = [&](const Batch& batch, std::vector<Replies>& answers) {
    std::vector<std::future<Replies>> futures;
    for (const Server* server : {&source_, &target_}) {
      auto promise = std::make_shared<std::promise<Replies>>();
      futures.push_back(promise->get_future());
      client_.Send(server->host, server->port, batch, kPatience,
                   [promise](Replies replies) { promise->set_value(std::move(replies)); });
    }
    for (auto& future : futures) answers.push_back(future.get());
    for (const auto& answer : answers) TW_RETURN_IF_ERROR(answer.status());
    return OkStatus();
  };
  std::vector<Replies> pongs;
  TW_RETURN_IF_ERROR(ask({{"PING"}}, pongs));
  const Duration latency = clock_.Monotonic() - start;
  std::vector<Replies> told;
  TW_RETURN_IF_ERROR(
      ask({{"INFO", "replication"}, {"INFO", "memory"}, {"INFO", "errorstats"}}, told));
  const auto text = [](const std::vector<Reply>& replies) {
    std::string all;
    for (const auto& reply : replies) all += reply.text + "\r\n";
    return InfoText(std::move(all));
  };
  MoveFeeling feeling = FeelingOf(text(*told[0]), text(*told[1]));
  feeling.latency = latency;
  return feeling;
}

void MoveWatch::Run(const std::stop_token& stop) {
  std::optional<MoveFeeling> before;
  MonoTime felt = clock_.Monotonic();
  while (true) {
    clock_.WaitUntil(clock_.Monotonic() + kInterval, stop);
    if (stop.stop_requested()) return;
    const auto feeling = Feel();
    const MonoTime now = clock_.Monotonic();
    if (!feeling.ok()) {
      speed_.Felt(/*hurts=*/true);
      continue;
    }
    // Counters tell nothing before they have been seen twice.
    speed_.Felt(!PassedLimit(*feeling, before.value_or(*feeling), now - felt, limits_).empty());
    before = *feeling;
    felt = now;
    std::scoped_lock lock(mutex_);
    room_ = CheckRoom(*feeling, limits_, target_.Address());
  }
}

}  // namespace tidewright::redis
