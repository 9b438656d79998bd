#include "bench/loadgen/key_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace tidewright::loadgen {
namespace {

using redis::Reply;

/// More than this many possible states: decide before going on.
constexpr std::size_t kTooManyStates = 4;

void AddState(std::vector<KeyState>& states, KeyState state) {
  if (std::find(states.begin(), states.end(), state) == states.end()) {
    states.push_back(std::move(state));
  }
}

/// The state as it may be met by a command between `sent` and `received`.
std::vector<KeyState> WithExpiry(const std::vector<KeyState>& states, MonoTime sent,
                                 MonoTime received) {
  std::vector<KeyState> met;
  for (const auto& state : states) {
    const bool mortal = state.exists && state.lifetime;
    const bool may_be_gone = mortal && received >= state.lifetime->earliest - kEarlyExpiry;
    const bool may_be_there = !mortal || sent <= state.lifetime->latest + kLateExpiry;
    if (may_be_there) AddState(met, state);
    if (may_be_gone) AddState(met, KeyState{});
  }
  return met;
}

KeyState Apply(KeyState state, const KeyOp& op, MonoTime sent, MonoTime received) {
  const Lifetime lifetime{sent + op.ttl, received + op.ttl};
  switch (op.kind) {
    case KeyOpKind::kGet:
    case KeyOpKind::kTtl:
      break;
    case KeyOpKind::kSet:
      return {true, op.number, {}, std::nullopt};
    case KeyOpKind::kSetEx:
      return {true, op.number, {}, lifetime};
    case KeyOpKind::kExpire:
      if (state.exists) state.lifetime = lifetime;
      break;
    case KeyOpKind::kDel:
      return {};
    case KeyOpKind::kIncr:
      state.exists = true;
      ++state.number;
      break;
    case KeyOpKind::kLPush:
      state.exists = true;
      state.items.insert(state.items.begin(), op.number);
      break;
    case KeyOpKind::kRPush:
      state.exists = true;
      state.items.push_back(op.number);
      break;
    case KeyOpKind::kLPop:
      if (!state.items.empty()) state.items.erase(state.items.begin());
      if (state.items.empty()) return {};
      break;
  }
  return state;
}

std::string Describe(const KeyState& state) {
  if (!state.exists) return "absent";
  std::string text = state.items.empty() ? fmt::format("{}", state.number)
                                         : fmt::format("list of {}", state.items.size());
  if (state.lifetime) text += " with a time to live";
  return text;
}

std::string Describe(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return "nil";
    case Reply::Type::kInteger:
      return fmt::format("{}", reply.integer);
    case Reply::Type::kArray:
      return fmt::format("list of {}", reply.elements.size());
    default:
      return "'" + reply.text.substr(0, 60) + "'";
  }
}

const char* OpName(KeyOpKind kind) {
  switch (kind) {
    case KeyOpKind::kGet:
      return "read";
    case KeyOpKind::kSet:
      return "SET";
    case KeyOpKind::kSetEx:
      return "SETEX";
    case KeyOpKind::kExpire:
      return "EXPIRE";
    case KeyOpKind::kTtl:
      return "PTTL";
    case KeyOpKind::kDel:
      return "DEL";
    case KeyOpKind::kIncr:
      return "INCR";
    case KeyOpKind::kLPush:
      return "LPUSH";
    case KeyOpKind::kRPush:
      return "RPUSH";
    case KeyOpKind::kLPop:
      return "LPOP";
  }
  return "?";
}

/// Whether the server met no key, judged by the reply alone.
bool SaysAbsent(const KeyOp& op, const Reply& reply) {
  switch (op.kind) {
    case KeyOpKind::kGet:
      return reply.IsNil() || (reply.type == Reply::Type::kArray && reply.elements.empty());
    case KeyOpKind::kLPop:
      return reply.IsNil();
    case KeyOpKind::kTtl:
      return reply.integer == -2;
    case KeyOpKind::kExpire:
    case KeyOpKind::kDel:
      return reply.type == Reply::Type::kInteger && reply.integer == 0;
    case KeyOpKind::kIncr:
    case KeyOpKind::kLPush:
    case KeyOpKind::kRPush:
      return reply.type == Reply::Type::kInteger && reply.integer == 1;
    case KeyOpKind::kSet:
    case KeyOpKind::kSetEx:
      return false;
  }
  return false;
}

}  // namespace

bool IsWrite(KeyOpKind kind) { return kind != KeyOpKind::kGet && kind != KeyOpKind::kTtl; }

KeySpace KeySpace::Of(int keys, int value_bytes) {
  KeySpace space;
  space.value_bytes = value_bytes;
  space.counters = keys / 12;
  space.lists = keys / 25;
  space.groups = keys / 12 / space.group_size;
  space.strings = keys - space.counters - space.lists - space.groups * space.group_size;
  return space;
}

KeyKind KeyModel::Kind(int key) const {
  if (key < space_.strings) return KeyKind::kString;
  if (key < space_.strings + space_.counters) return KeyKind::kCounter;
  if (key < space_.strings + space_.counters + space_.lists) return KeyKind::kList;
  return KeyKind::kString;
}

std::string KeyModel::Name(int key) const {
  const int first_group = space_.strings + space_.counters + space_.lists;
  if (key < space_.strings) return fmt::format("user:{:07}", key);
  if (key < space_.strings + space_.counters) return fmt::format("visits:{:07}", key);
  if (key < first_group) return fmt::format("queue:{:07}", key);
  const int member = key - first_group;
  return fmt::format("cart:{{{:06}}}:{}", member / space_.group_size, member % space_.group_size);
}

std::string KeyModel::Text(int key, std::int64_t version) const {
  std::string text = fmt::format("{}:{}:", key, version);
  const auto size = static_cast<std::size_t>(Kind(key) == KeyKind::kList ? 0 : space_.value_bytes);
  while (text.size() < size) {
    text.push_back(
        static_cast<char>('a' + (text.size() * 7 + static_cast<std::size_t>(version)) % 26));
  }
  return text;
}

std::optional<std::int64_t> KeyModel::VersionOf(int key, const std::string& text) const {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  std::int64_t version = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, version);
  if (error != std::errc() || Text(key, version) != text) return std::nullopt;
  return version;
}

bool KeyModel::MatchesRead(int key, const KeyState& state, const Reply& reply) const {
  if (Kind(key) == KeyKind::kList) {
    if (reply.type != Reply::Type::kArray || reply.elements.size() != state.items.size())
      return false;
    for (std::size_t i = 0; i < state.items.size(); ++i) {
      if (reply.elements[i].text != Text(key, state.items[i])) return false;
    }
    return true;
  }
  if (!state.exists) return reply.IsNil();
  if (reply.type != Reply::Type::kString) return false;
  return reply.text ==
         (Kind(key) == KeyKind::kCounter ? std::to_string(state.number) : Text(key, state.number));
}

bool KeyModel::Matches(int key, const KeyState& state, const KeyOp& op, const Reply& reply,
                       MonoTime sent, MonoTime received) const {
  const auto integer = [&](std::int64_t wanted) {
    return reply.type == Reply::Type::kInteger && reply.integer == wanted;
  };
  switch (op.kind) {
    case KeyOpKind::kGet:
      return MatchesRead(key, state, reply);
    case KeyOpKind::kSet:
    case KeyOpKind::kSetEx:
      return reply.type == Reply::Type::kStatus && reply.text == "OK";
    case KeyOpKind::kExpire:
    case KeyOpKind::kDel:
      return integer(state.exists ? 1 : 0);
    case KeyOpKind::kIncr:
      return integer(state.number + 1);
    case KeyOpKind::kLPush:
    case KeyOpKind::kRPush:
      return integer(static_cast<std::int64_t>(state.items.size()) + 1);
    case KeyOpKind::kLPop:
      if (state.items.empty()) return reply.IsNil();
      return reply.type == Reply::Type::kString && reply.text == Text(key, state.items.front());
    case KeyOpKind::kTtl: {
      if (!state.exists) return integer(-2);
      if (!state.lifetime) return integer(-1);
      const Duration left = std::chrono::milliseconds(reply.integer);
      return reply.type == Reply::Type::kInteger && reply.integer >= 0 &&
             left >= state.lifetime->earliest - received - kEarlyExpiry &&
             left <= state.lifetime->latest - sent + kLateExpiry;
    }
  }
  return false;
}

Finding KeyModel::Contradiction(int key, const KeyOp& op, const Reply& reply) const {
  std::string expected;
  bool all_exist = true;
  for (const auto& state : States(key)) {
    if (!expected.empty()) expected += " or ";
    expected += Describe(state);
    all_exist = all_exist && state.exists;
  }
  std::string seen = Describe(reply);
  if (op.kind == KeyOpKind::kGet && reply.type == Reply::Type::kString &&
      Kind(key) == KeyKind::kString) {
    const auto version = VersionOf(key, reply.text);
    seen = version ? fmt::format("version {}", *version) : "text never written: " + seen;
  }
  const bool lost = !reply.IsError() && all_exist && SaysAbsent(op, reply);
  return {lost ? Finding::Kind::kLost : Finding::Kind::kUndone,
          fmt::format("{}: {} answered {} where {} was acknowledged", Name(key), OpName(op.kind),
                      seen, expected)};
}

Finding KeyModel::Acknowledge(int key, const KeyOp& op, const Reply& reply, MonoTime sent,
                              MonoTime received) {
  Key& entry = keys_[static_cast<std::size_t>(key)];
  const bool decides =
      op.kind == KeyOpKind::kSet || op.kind == KeyOpKind::kSetEx || op.kind == KeyOpKind::kDel;
  if (IsWrite(op.kind) && !reply.IsError()) ++entry.writes;
  if (entry.states.empty()) {  // reported already; nothing is known until a write decides
    if (decides && !reply.IsError()) entry.states.push_back(Apply({}, op, sent, received));
    return {};
  }
  std::vector<KeyState> next;
  for (const auto& state : WithExpiry(entry.states, sent, received)) {
    if (Matches(key, state, op, reply, sent, received)) {
      AddState(next, Apply(state, op, sent, received));
    }
  }
  if (!next.empty()) {
    entry.states = std::move(next);
    return {};
  }
  Finding finding = Contradiction(key, op, reply);
  entry.states.clear();
  if (decides && !reply.IsError()) entry.states.push_back(Apply({}, op, sent, received));
  return finding;
}

void KeyModel::Unknown(int key, const KeyOp& op, MonoTime sent, MonoTime settled) {
  if (!IsWrite(op.kind)) return;
  Key& entry = keys_[static_cast<std::size_t>(key)];
  std::vector<KeyState> next = entry.states;
  for (const auto& state : WithExpiry(entry.states, sent, settled)) {
    AddState(next, Apply(state, op, sent, settled));
  }
  entry.states = std::move(next);
}

bool KeyModel::NeedsDecision(int key) const {
  return States(key).empty() || States(key).size() > kTooManyStates;
}

std::size_t KeyModel::LongestList(int key) const {
  std::size_t longest = 0;
  for (const auto& state : States(key)) longest = std::max(longest, state.items.size());
  return longest;
}

}  // namespace tidewright::loadgen
