// What every key must hold, decided by the replies alone: the judge of "no acknowledged write
// lost".
//
// A key has a set of possible states. As long as every command was answered that set has one
// member. A write whose outcome is unknown (timeout, broken connection) adds the state it would
// have made beside those it would have left; a deadline that is near adds "absent". A reply removes
// the states that contradict it; when it contradicts all of them, an acknowledged write was lost or
// undone. Pure: no IO, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "stores/redis/reply.h"

namespace tidewright::loadgen {

/// Fixed for the whole life of a key.
enum class KeyKind { kString, kCounter, kList };

enum class KeyOpKind {
  kGet,     ///< GET of a string or counter, LRANGE 0 -1 of a list
  kSet,     ///< SET, MSET: `number` is the version
  kSetEx,   ///< SETEX: version and time to live
  kExpire,  ///< EXPIRE, PEXPIRE
  kTtl,     ///< PTTL
  kDel,
  kIncr,
  kLPush,  ///< `number` is the element's version
  kRPush,
  kLPop,
};
[[nodiscard]] bool IsWrite(KeyOpKind kind);

struct KeyOp {
  KeyOpKind kind = KeyOpKind::kGet;
  std::int64_t number = 0;
  Duration ttl{0};
};

/// The server's deadline of a key lies between these, as far as the sender can know.
struct Lifetime {
  MonoTime earliest;
  MonoTime latest;

  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

struct KeyState {
  bool exists = false;
  std::int64_t number = 0;          ///< version of a string, value of a counter
  std::vector<std::int64_t> items;  ///< versions of a list's elements, from the left
  std::optional<Lifetime> lifetime;

  friend bool operator==(const KeyState&, const KeyState&) = default;
};

struct KeySpace {
  int strings = 0;
  int counters = 0;
  int lists = 0;
  int groups = 0;  ///< strings with a common hash tag, for MSET and MGET
  int group_size = 4;
  int value_bytes = 100;

  [[nodiscard]] int size() const { return strings + counters + lists + groups * group_size; }
  /// `keys` of them in the proportions of the demo.
  [[nodiscard]] static KeySpace Of(int keys, int value_bytes);
};

/// What a reply says about acknowledged writes.
struct Finding {
  enum class Kind {
    kNone,
    kLost,    ///< something acknowledged is not there
    kUndone,  ///< an older state (or one never written) is there
  };
  Kind kind = Kind::kNone;
  std::string text;  ///< key, what was expected, what was seen
};

/// Not thread-safe. Keys are numbered 0 … size()-1: strings, counters, lists, groups.
class KeyModel {
 public:
  explicit KeyModel(const KeySpace& space)
      : space_(space), keys_(static_cast<std::size_t>(space.size())) {}

  [[nodiscard]] const KeySpace& space() const { return space_; }
  [[nodiscard]] int size() const { return space_.size(); }
  [[nodiscard]] std::string Name(int key) const;
  [[nodiscard]] KeyKind Kind(int key) const;
  /// What a string or a list's element of that version looks like.
  [[nodiscard]] std::string Text(int key, std::int64_t version) const;

  /// A version that was never given out before.
  std::int64_t NextVersion() { return ++version_; }

  /// The reply to an operation that was sent and answered at these times. Error replies that mean
  /// "not executed" must not come here; any other error reply is a finding.
  Finding Acknowledge(int key, const KeyOp& op, const redis::Reply& reply, MonoTime sent,
                      MonoTime received);
  /// It was executed once or not at all, and will not be any more after `settled`.
  void Unknown(int key, const KeyOp& op, MonoTime sent, MonoTime settled);

  /// The states the key may be in; empty when a finding left nothing known until the next SET or
  /// DEL.
  [[nodiscard]] const std::vector<KeyState>& States(int key) const {
    return keys_[static_cast<std::size_t>(key)].states;
  }
  /// Whether the next write had better be one that decides the state.
  [[nodiscard]] bool NeedsDecision(int key) const;
  /// Elements of the longest list the key may hold.
  [[nodiscard]] std::size_t LongestList(int key) const;
  [[nodiscard]] std::int64_t Writes(int key) const {
    return keys_[static_cast<std::size_t>(key)].writes;
  }

 private:
  struct Key {
    std::vector<KeyState> states{KeyState{}};
    std::int64_t writes = 0;  ///< acknowledged
  };

  [[nodiscard]] std::optional<std::int64_t> VersionOf(int key, const std::string& text) const;
  [[nodiscard]] bool Matches(int key, const KeyState& state, const KeyOp& op,
                             const redis::Reply& reply, MonoTime sent, MonoTime received) const;
  [[nodiscard]] bool MatchesRead(int key, const KeyState& state, const redis::Reply& reply) const;
  [[nodiscard]] Finding Contradiction(int key, const KeyOp& op, const redis::Reply& reply) const;

  KeySpace space_;
  std::vector<Key> keys_;
  std::int64_t version_ = 0;
};

/// How much later than computed a key may still be there: MIGRATE hands the remaining time over as
/// a difference, so that each move adds the time it took.
inline constexpr Duration kLateExpiry = std::chrono::seconds(5);
/// How much earlier it may be gone: servers act on a time they read once per turn of their loop.
inline constexpr Duration kEarlyExpiry = std::chrono::seconds(1);

}  // namespace tidewright::loadgen
