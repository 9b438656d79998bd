// Which command comes next, and how it looks on the wire.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "bench/loadgen/key_model.h"
#include "core/random.h"
#include "stores/redis/connection.h"

namespace tidewright::loadgen {

enum class CommandKind {
  kGet,
  kSet,
  kSetEx,
  kExpire,
  kPExpire,
  kDel,
  kIncr,
  kLPush,
  kRPush,
  kLPop,
  kRange,
  kMGet,
  kMSet,
  kVerify,  ///< the whole value and PTTL; never chosen by the mix
};
inline constexpr std::size_t kMixedKinds = static_cast<std::size_t>(CommandKind::kVerify);

/// One command (kVerify: two) and what it does to each of its keys.
struct Operation {
  struct Part {
    int key = 0;
    KeyOp op;
  };
  CommandKind kind = CommandKind::kGet;
  std::vector<Part> parts;

  [[nodiscard]] bool IsWrite() const { return loadgen::IsWrite(parts.front().op.kind); }
};

[[nodiscard]] redis::Batch Encode(const KeyModel& model, const Operation& operation);
/// One reply for each part, out of the replies to Encode's batch.
[[nodiscard]] std::vector<redis::Reply> SplitReplies(const Operation& operation,
                                                     const std::vector<redis::Reply>& replies);

struct Mix {
  /// Relative frequency of each CommandKind.
  std::array<double, kMixedKinds> weights = {50, 18, 1.5, 1, 1, 1.5, 7, 2, 2, 3, 3, 6, 4};
  double skew = 1.0;              ///< 1 = uniform; 2 = the first quarter of a kind's keys gets half
  double short_ttl_share = 0.2;   ///< of expiries: seconds, so that they pass during the run
  std::size_t longest_list = 24;  ///< then it is popped
};

/// Not thread-safe. The same seed chooses the same commands, as long as the same keys are free.
class Workload {
 public:
  Workload(KeyModel& model, Mix mix, std::uint64_t seed);

  /// `free` tells whether a key may be used now. Absent when no free key was found soon.
  [[nodiscard]] std::optional<Operation> Next(const std::function<bool(int)>& free);
  /// The operations that give every key its first state, by number from 0; absent past the last.
  [[nodiscard]] std::optional<Operation> Preload(int index);

 private:
  CommandKind ChooseKind();
  std::optional<int> ChooseKey(int first, int count, int stride,
                               const std::function<bool(int)>& free);
  [[nodiscard]] Operation ForKey(CommandKind kind, int key);
  [[nodiscard]] Operation ForGroup(CommandKind kind, int first_key);
  [[nodiscard]] Duration ChooseTtl();

  KeyModel& model_;
  Mix mix_;
  Random random_;
  double total_weight_ = 0;
};

}  // namespace tidewright::loadgen
