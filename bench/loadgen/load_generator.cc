#include "bench/loadgen/load_generator.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <optional>
#include <utility>

#include "io/io_thread.h"

namespace tidewright::loadgen {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(2);
constexpr double kLongestCatchUp = 0.5;  // seconds of demand issued at once after a stall
constexpr std::size_t kFindingsKept = 50;
constexpr std::size_t kBulkWindow = 512;  // commands under way while loading and verifying
constexpr int kBulkTries = 3;

}  // namespace

/// Everything but the constructor, the destructor and Run runs on the loop's thread.
class LoadGenerator::Engine {
 public:
  Engine(LoadOptions options, Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        model_(options_.keys),
        workload_(model_, options_.mix, options_.seed),
        busy_(static_cast<std::size_t>(model_.size())),
        dispatcher_(io_.context(), clock, options_.servers),
        ticker_(io_.context()) {}

  ~Engine() {
    // Stopped from within, so that no handler runs while the members go.
    Run([this] {
      dispatcher_.Close();
      io_.context().stop();
    });
  }

  void Run(const std::function<void()>& task) {
    std::promise<void> done;
    boost::asio::post(io_.context(), [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  void SetRate(RateFunction rate) {
    const bool was_running = static_cast<bool>(rate_);
    rate_ = std::move(rate);
    if (was_running || !rate_) return;
    last_tick_ = clock_.Monotonic();
    due_ = 0;
    Tick();
  }

  /// Calls `done` when nothing is under way.
  void WhenIdle(std::function<void()> done) {
    when_idle_ = std::move(done);
    CheckIdle();
  }

  /// Runs `next` until it gives no more, with a bounded number under way.
  void Bulk(std::function<std::optional<Operation>()> next, std::function<void()> done) {
    bulk_next_ = std::move(next);
    bulk_failed_ = 0;
    WhenIdle(nullptr);
    when_idle_ = std::move(done);
    PumpBulk();
  }

  /// What is under way counts as unknown and is forgotten.
  void Abandon() {
    const MonoTime now = clock_.Monotonic();
    for (auto& [id, flight] : std::exchange(flights_, {})) {
      MarkUnknown(flight.operation, flight.issued, now);
    }
    bulk_next_ = nullptr;
    bulk_retry_.clear();
    when_idle_ = nullptr;
  }

  [[nodiscard]] LoadCounters Counters() const {
    LoadCounters counters = counters_;
    counters.errors = dispatcher_.errors();
    counters.largest_share = dispatcher_.slots().LargestShare();
    counters.outstanding = static_cast<std::int64_t>(flights_.size());
    return counters;
  }

  [[nodiscard]] Verification Verified() const {
    Verification result;
    result.writes_acknowledged = counters_.writes_acknowledged;
    result.lost = counters_.lost;
    result.undone = counters_.undone;
    result.findings = counters_.findings;
    result.keys = model_.size();
    for (int key = 0; key < model_.size(); ++key) {
      switch (checks_[static_cast<std::size_t>(key)]) {
        case Check::kUnread:
          ++result.keys_unread;
          break;
        case Check::kWrong:
          break;
        case Check::kUncertain:
          ++result.keys_uncertain;
          [[fallthrough]];
        case Check::kRight:
          ++result.keys_verified;
          result.writes_verified += model_.Writes(key);
      }
    }
    return result;
  }

  void ClearChecks() { checks_.assign(static_cast<std::size_t>(model_.size()), Check::kUnread); }

  Workload& workload() { return workload_; }
  [[nodiscard]] const KeyModel& model() const { return model_; }
  [[nodiscard]] std::int64_t bulk_failed() const { return bulk_failed_; }

 private:
  struct Flight {
    Operation operation;
    MonoTime issued;
    int bulk_tries = 0;  ///< 0: by the rate
  };
  enum class Check { kUnread, kRight, kUncertain, kWrong };

  void Tick() {
    if (!rate_) return;
    const MonoTime now = clock_.Monotonic();
    const double elapsed = Seconds(now - last_tick_);
    last_tick_ = now;
    const double rate = std::max(0.0, rate_(now));
    due_ += rate * elapsed;
    const double allowed = std::min(options_.highest_rate * elapsed, rate * kLongestCatchUp) + 1;
    if (due_ > allowed) {
      counters_.shed += static_cast<std::int64_t>(due_ - allowed);
      due_ = allowed;
    }
    for (; due_ >= 1; due_ -= 1) IssueNext(now);
    if (!dispatcher_.Ready()) dispatcher_.Refresh();
    ticker_.expires_after(kTick);
    ticker_.async_wait([this](const auto& error) {
      if (!error) Tick();
    });
  }

  void IssueNext(MonoTime now) {
    auto operation =
        workload_.Next([this](int key) { return !busy_[static_cast<std::size_t>(key)]; });
    if (!operation || !dispatcher_.HasRoom(SlotOf(*operation))) {
      ++counters_.shed;
      return;
    }
    Issue({std::move(*operation), now, 0});
  }

  [[nodiscard]] int SlotOf(const Operation& operation) const {
    return KeySlot(model_.Name(operation.parts.front().key));
  }

  void Issue(Flight flight) {
    const std::int64_t id = ++next_flight_;
    for (const auto& part : flight.operation.parts)
      busy_[static_cast<std::size_t>(part.key)] = true;
    ++counters_.issued;
    const int slot = SlotOf(flight.operation);
    redis::Batch batch = Encode(model_, flight.operation);
    flights_.emplace(id, std::move(flight));
    dispatcher_.Execute(slot, std::move(batch), [this, id](Completion completion) {
      const auto it = flights_.find(id);
      if (it == flights_.end()) return;  // abandoned
      Flight done = std::move(it->second);
      flights_.erase(it);
      Complete(std::move(done), completion);
      PumpBulk();
      CheckIdle();
    });
  }

  void Complete(Flight flight, const Completion& completion) {
    for (const auto& part : flight.operation.parts) {
      busy_[static_cast<std::size_t>(part.key)] = false;
    }
    switch (completion.fate) {
      case Fate::kAnswered:
        ++counters_.answered;
        if (flight.bulk_tries == 0) counters_.latency.Add(completion.received - flight.issued);
        Judge(flight.operation, completion);
        return;
      case Fate::kUnknown:
        MarkUnknown(flight.operation, completion.sent, completion.received);
        break;
      case Fate::kNotExecuted:
        ++counters_.not_executed;
        break;
    }
    if (flight.bulk_tries == 0) return;
    if (flight.bulk_tries < kBulkTries) {
      ++flight.bulk_tries;
      bulk_retry_.push_back(std::move(flight));
    } else {
      ++bulk_failed_;
    }
  }

  void Judge(const Operation& operation, const Completion& completion) {
    const auto replies = SplitReplies(operation, completion.replies);
    bool right = true;
    bool uncertain = false;
    for (std::size_t i = 0; i < operation.parts.size(); ++i) {
      const auto& part = operation.parts[i];
      uncertain = uncertain || model_.States(part.key).size() != 1;
      // A finding before left nothing to compare with.
      if (model_.States(part.key).empty()) right = false;
      const Finding finding =
          model_.Acknowledge(part.key, part.op, replies[i], completion.sent, completion.received);
      if (IsWrite(part.op.kind) && !replies[i].IsError()) {
        ++counters_.writes_acknowledged;
      } else {
        ++counters_.reads_checked;
      }
      if (finding.kind == Finding::Kind::kNone) continue;
      right = false;
      ++(finding.kind == Finding::Kind::kLost ? counters_.lost : counters_.undone);
      if (counters_.findings.size() < kFindingsKept) counters_.findings.push_back(finding.text);
    }
    if (operation.kind != CommandKind::kVerify) return;
    checks_[static_cast<std::size_t>(operation.parts.front().key)] = !right      ? Check::kWrong
                                                                     : uncertain ? Check::kUncertain
                                                                                 : Check::kRight;
  }

  void MarkUnknown(const Operation& operation, MonoTime sent, MonoTime settled) {
    ++counters_.unknown;
    for (const auto& part : operation.parts) {
      busy_[static_cast<std::size_t>(part.key)] = false;
      model_.Unknown(part.key, part.op, sent, settled);
    }
  }

  void PumpBulk() {
    while (bulk_next_ && flights_.size() < kBulkWindow) {
      if (!bulk_retry_.empty()) {
        Flight again = std::move(bulk_retry_.front());
        bulk_retry_.pop_front();
        Issue(std::move(again));
        continue;
      }
      auto operation = bulk_next_();
      if (!operation) break;
      Issue({std::move(*operation), clock_.Monotonic(), 1});
    }
    CheckIdle();
  }

  void CheckIdle() {
    if (!flights_.empty() || !bulk_retry_.empty() || !when_idle_) return;
    bulk_next_ = nullptr;
    std::exchange(when_idle_, nullptr)();
  }

  LoadOptions options_;
  Clock& clock_;
  io::IoThread io_;
  KeyModel model_;
  Workload workload_;
  std::vector<bool> busy_;
  std::vector<Check> checks_;
  Dispatcher dispatcher_;
  boost::asio::steady_timer ticker_;
  RateFunction rate_;
  MonoTime last_tick_;
  double due_ = 0;  ///< commands that the rate has asked for and that were not issued yet
  std::map<std::int64_t, Flight> flights_;
  std::int64_t next_flight_ = 0;
  std::function<std::optional<Operation>()> bulk_next_;
  std::deque<Flight> bulk_retry_;
  std::int64_t bulk_failed_ = 0;
  std::function<void()> when_idle_;
  LoadCounters counters_;
};

LoadGenerator::LoadGenerator(LoadOptions options, Clock& clock)
    : engine_(std::make_unique<Engine>(std::move(options), clock)) {}

LoadGenerator::~LoadGenerator() = default;

namespace {

/// Starts something that calls a function when it is done, and waits for that. OK,
/// kDeadlineExceeded or kCancelled.
Status Finish(const std::string& what, const std::function<void(std::function<void()>)>& start,
              Duration timeout, const std::stop_token& stop) {
  constexpr Duration kSlice = std::chrono::milliseconds(50);
  auto done = std::make_shared<std::promise<void>>();
  auto future = done->get_future();
  start([done] { done->set_value(); });
  for (Duration waited{0}; waited < timeout; waited += kSlice) {
    if (future.wait_for(kSlice) == std::future_status::ready) return OkStatus();
    if (stop.stop_requested()) return Error(StatusCode::kCancelled, "{}: stopped", what);
  }
  return Error(StatusCode::kDeadlineExceeded, "{} took longer than {}", what,
               FormatDuration(timeout));
}

}  // namespace

Status LoadGenerator::Preload(Duration timeout, std::stop_token stop) {
  const Status finished = Finish(
      "loading the keys",
      [this](std::function<void()> done) {
        engine_->Run([&] {
          auto index = std::make_shared<int>(0);
          engine_->Bulk([this, index] { return engine_->workload().Preload((*index)++); },
                        std::move(done));
        });
      },
      timeout, stop);
  std::int64_t failed = 0;
  engine_->Run([&] {
    if (!finished.ok()) engine_->Abandon();
    failed = engine_->bulk_failed();
  });
  TW_RETURN_IF_ERROR(finished);
  if (failed > 0) return Error(StatusCode::kUnavailable, "{} commands of the load failed", failed);
  return OkStatus();
}

void LoadGenerator::Start(RateFunction rate) {
  engine_->Run([&] { engine_->SetRate(std::move(rate)); });
}

void LoadGenerator::Stop(Duration drain) {
  const Status idle = Finish("what is under way",
                             [this](std::function<void()> done) {
                               engine_->Run([&] {
                                 engine_->SetRate(nullptr);
                                 engine_->WhenIdle(std::move(done));
                               });
                             },
                             drain, {});
  if (!idle.ok()) engine_->Run([this] { engine_->Abandon(); });
}

StatusOr<Verification> LoadGenerator::Verify(Duration timeout, std::stop_token stop) {
  const Status finished = Finish(
      "reading the keys back",
      [this](std::function<void()> done) {
        engine_->Run([&] {
          engine_->ClearChecks();
          auto key = std::make_shared<int>(0);
          const auto next = [this, key]() -> std::optional<Operation> {
            if (*key >= engine_->model().size()) return std::nullopt;
            const int at = (*key)++;
            return Operation{
                CommandKind::kVerify,
                {{at, {KeyOpKind::kGet, 0, Duration(0)}}, {at, {KeyOpKind::kTtl, 0, Duration(0)}}}};
          };
          engine_->Bulk(next, std::move(done));
        });
      },
      timeout, stop);
  Verification result;
  engine_->Run([&] {
    if (!finished.ok()) engine_->Abandon();
    result = engine_->Verified();
  });
  TW_RETURN_IF_ERROR(finished);
  return result;
}

LoadCounters LoadGenerator::Counters() const {
  LoadCounters counters;
  engine_->Run([&] { counters = engine_->Counters(); });
  return counters;
}

}  // namespace tidewright::loadgen
