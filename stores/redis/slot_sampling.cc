#include "stores/redis/slot_sampling.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/random.h"
#include "core/topology.h"

namespace tidewright::redis {
namespace {

/// One reply of CLUSTER SLOT-STATS: [[slot, [name, value, …]], …].
Status ReadSlotStats(const Reply& reply, std::vector<PartitionSample>& samples) {
  for (const auto& slot : reply.elements) {
    if (slot.elements.size() != 2) {
      return Error(StatusCode::kInternal, "CLUSTER SLOT-STATS: an entry of {} elements",
                   slot.elements.size());
    }
    PartitionSample sample;
    sample.partition = static_cast<int>(slot.elements[0].integer);
    std::optional<double> bytes_in;
    std::optional<double> bytes_out;
    const auto& fields = slot.elements[1].elements;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
      const auto value = static_cast<double>(fields[i + 1].integer);
      if (fields[i].text == "key-count") sample.keys = value;
      if (fields[i].text == "cpu-usec") sample.cpu_seconds = value * 1e-6;
      if (fields[i].text == "memory-bytes") sample.memory_bytes = value;
      if (fields[i].text == "network-bytes-in") bytes_in = value;
      if (fields[i].text == "network-bytes-out") bytes_out = value;
    }
    if (bytes_in && bytes_out) sample.network_bytes = *bytes_in + *bytes_out;
    samples.push_back(sample);
  }
  return OkStatus();
}

bool Refused(const Status& status) {
  return status.code() == StatusCode::kUnimplemented ||
         status.code() == StatusCode::kPermissionDenied ||
         status.code() == StatusCode::kFailedPrecondition;
}

class Sampling : public std::enable_shared_from_this<Sampling> {
 public:
  Sampling(Sender send, Clock& clock, std::vector<int> slots, SlotAbilities abilities,
           const SlotSamplingOptions& options, std::uint64_t seed, Duration timeout,
           std::function<void(StatusOr<SlotSamplingResult>)> done)
      : send_(std::move(send)),
        clock_(clock),
        options_(options),
        slots_(std::move(slots)),
        random_(seed),
        deadline_(clock.Monotonic() + timeout),
        done_(std::move(done)) {
    result_.abilities = abilities;
    result_.samples.reserve(slots_.size());
  }

  void Next() {
    if (asked_ == slots_.size()) return DrawKeys();
    if (result_.abilities.slot_stats.value_or(true)) {
      AskStats();
    } else {
      AskCounts();
    }
  }

 private:
  using Handler = void (Sampling::*)(std::vector<Reply>);

  void Ask(Batch batch, Handler handler) {
    const Duration left = deadline_ - clock_.Monotonic();
    if (left <= Duration(0)) {
      return done_(Error(StatusCode::kDeadlineExceeded, "{} of {} slots were sampled in time",
                         result_.samples.size(), slots_.size()));
    }
    send_(std::move(batch), left,
          [self = shared_from_this(), handler](StatusOr<std::vector<Reply>> replies) {
            if (!replies.ok()) return self->done_(replies.status());
            (self.get()->*handler)(*std::move(replies));
          });
  }

  std::size_t BatchEnd() const {
    const auto size = static_cast<std::size_t>(std::max(1, options_.slots_per_batch));
    return std::min(slots_.size(), asked_ + size);
  }

  void AskStats() {
    const std::size_t end = BatchEnd();
    std::vector<int> piece(slots_.begin() + static_cast<std::ptrdiff_t>(asked_),
                           slots_.begin() + static_cast<std::ptrdiff_t>(end));
    Batch batch;
    for (const auto& range : ToPartitionSet(std::move(piece))) {
      batch.push_back({"CLUSTER", "SLOT-STATS", "SLOTSRANGE", std::to_string(range.first),
                       std::to_string(range.last)});
    }
    Ask(std::move(batch), &Sampling::TakeStats);
  }

  void TakeStats(std::vector<Reply> replies) {
    for (auto& one : replies) {
      auto reply = Checked(std::move(one));
      if (!reply.ok() && !result_.abilities.slot_stats && Refused(reply.status())) {
        result_.abilities.slot_stats = false;
        result_.samples.clear();
        return Next();
      }
      Status status = reply.ok() ? ReadSlotStats(*reply, result_.samples) : reply.status();
      if (!status.ok()) return done_(Annotate(status, "CLUSTER SLOT-STATS"));
    }
    result_.abilities.slot_stats = true;
    asked_ = BatchEnd();
    Next();
  }

  void AskCounts() {
    Batch batch;
    for (std::size_t i = asked_; i < BatchEnd(); ++i) {
      batch.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slots_[i])});
    }
    Ask(std::move(batch), &Sampling::TakeCounts);
  }

  void TakeCounts(std::vector<Reply> replies) {
    for (auto& one : replies) {
      auto reply = Checked(std::move(one));
      if (!reply.ok()) return done_(Annotate(reply.status(), "CLUSTER COUNTKEYSINSLOT"));
      PartitionSample sample;
      sample.partition = slots_[asked_++];
      sample.keys = static_cast<double>(reply->integer);
      result_.samples.push_back(sample);
    }
    Next();
  }

  /// Slots in proportion to their keys, so that every key is as likely as any other.
  void DrawKeys() {
    double keys = 0;
    bool told = true;
    for (const auto& sample : result_.samples) {
      keys += sample.keys;
      told = told && sample.memory_bytes.has_value();
    }
    if (told || keys <= 0 || options_.sampled_keys <= 0 || result_.abilities.memory_usage_denied) {
      return done_(std::move(result_));
    }
    std::vector<double> draws;
    for (int i = 0; i < options_.sampled_keys; ++i) draws.push_back(random_.Uniform() * keys);
    std::sort(draws.begin(), draws.end());
    Batch batch;
    double below = 0;
    std::size_t next = 0;
    for (const auto& sample : result_.samples) {
      below += sample.keys;
      for (; next < draws.size() && draws[next] < below; ++next) {
        batch.push_back({"CLUSTER", "GETKEYSINSLOT", std::to_string(sample.partition), "4"});
      }
    }
    Ask(std::move(batch), &Sampling::AskSizes);
  }

  void AskSizes(std::vector<Reply> replies) {
    Batch batch;
    for (auto& one : replies) {
      const auto reply = Checked(std::move(one));
      if (!reply.ok() || reply->elements.empty()) continue;
      const auto& key = reply->elements[random_.Below(reply->elements.size())];
      batch.push_back({"MEMORY", "USAGE", key.text});
    }
    if (batch.empty()) return done_(std::move(result_));
    Ask(std::move(batch), &Sampling::TakeSizes);
  }

  void TakeSizes(std::vector<Reply> replies) {
    double bytes = 0;
    int sized = 0;
    for (auto& one : replies) {
      const auto reply = Checked(std::move(one));
      if (reply.status().code() == StatusCode::kPermissionDenied) {
        result_.abilities.memory_usage_denied = true;
      }
      if (!reply.ok() || reply->type != Reply::Type::kInteger) continue;  // gone since
      bytes += static_cast<double>(reply->integer);
      ++sized;
    }
    if (sized > 0) {
      for (auto& sample : result_.samples) sample.memory_bytes = sample.keys * bytes / sized;
    }
    done_(std::move(result_));
  }

  Sender send_;
  Clock& clock_;
  const SlotSamplingOptions options_;
  const std::vector<int> slots_;
  Random random_;
  const MonoTime deadline_;
  std::function<void(StatusOr<SlotSamplingResult>)> done_;
  std::size_t asked_ = 0;
  SlotSamplingResult result_;
};

}  // namespace

void SampleSlots(Sender send, Clock& clock, std::vector<int> slots, SlotAbilities abilities,
                 const SlotSamplingOptions& options, std::uint64_t seed, Duration timeout,
                 std::function<void(StatusOr<SlotSamplingResult>)> done) {
  std::make_shared<Sampling>(std::move(send), clock, std::move(slots), abilities, options, seed,
                             timeout, std::move(done))
      ->Next();
}

}  // namespace tidewright::redis
