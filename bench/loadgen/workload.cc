#include "bench/loadgen/workload.h"

#include <cmath>
#include <string>
#include <utility>

namespace tidewright::loadgen {
namespace {

using redis::Batch;
using redis::Command;
using redis::Reply;

constexpr int kTriesToFindAFreeKey = 8;

std::string WholeSeconds(Duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count());
}
std::string Milliseconds(Duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

Command Read(const KeyModel& model, int key) {
  const std::string name = model.Name(key);
  if (model.Kind(key) == KeyKind::kList) return {"LRANGE", name, "0", "-1"};
  return {"GET", name};
}

Command Single(const KeyModel& model, CommandKind kind, int key, const KeyOp& op) {
  const std::string name = model.Name(key);
  switch (kind) {
    case CommandKind::kSet:
      return {"SET", name, model.Text(key, op.number)};
    case CommandKind::kSetEx:
      return {"SETEX", name, WholeSeconds(op.ttl), model.Text(key, op.number)};
    case CommandKind::kExpire:
      return {"EXPIRE", name, WholeSeconds(op.ttl)};
    case CommandKind::kPExpire:
      return {"PEXPIRE", name, Milliseconds(op.ttl)};
    case CommandKind::kDel:
      return {"DEL", name};
    case CommandKind::kIncr:
      return {"INCR", name};
    case CommandKind::kLPush:
      return {"LPUSH", name, model.Text(key, op.number)};
    case CommandKind::kRPush:
      return {"RPUSH", name, model.Text(key, op.number)};
    case CommandKind::kLPop:
      return {"LPOP", name};
    default:
      return Read(model, key);
  }
}

}  // namespace

Batch Encode(const KeyModel& model, const Operation& operation) {
  const int key = operation.parts.front().key;
  if (operation.kind == CommandKind::kVerify) {
    return {Read(model, key), {"PTTL", model.Name(key)}};
  }
  if (operation.kind != CommandKind::kMGet && operation.kind != CommandKind::kMSet) {
    return {Single(model, operation.kind, key, operation.parts.front().op)};
  }
  const bool set = operation.kind == CommandKind::kMSet;
  Command command{set ? "MSET" : "MGET"};
  for (const auto& part : operation.parts) {
    command.push_back(model.Name(part.key));
    if (set) command.push_back(model.Text(part.key, part.op.number));
  }
  return {std::move(command)};
}

std::vector<Reply> SplitReplies(const Operation& operation, const std::vector<Reply>& replies) {
  if (operation.kind == CommandKind::kVerify || operation.parts.size() == 1) return replies;
  const Reply& all = replies.front();
  if (all.type == Reply::Type::kArray && all.elements.size() == operation.parts.size()) {
    return all.elements;
  }
  return std::vector<Reply>(operation.parts.size(), all);
}

Workload::Workload(KeyModel& model, Mix mix, std::uint64_t seed)
    : model_(model), mix_(mix), random_(seed) {
  for (const double weight : mix_.weights) total_weight_ += weight;
}

CommandKind Workload::ChooseKind() {
  double left = random_.Uniform() * total_weight_;
  for (std::size_t i = 0; i < mix_.weights.size(); ++i) {
    left -= mix_.weights[i];
    if (left < 0) return static_cast<CommandKind>(i);
  }
  return CommandKind::kGet;
}

std::optional<int> Workload::ChooseKey(int first, int count, int stride,
                                       const std::function<bool(int)>& free) {
  for (int i = 0; i < kTriesToFindAFreeKey && count > 0; ++i) {
    const double share = std::pow(random_.Uniform(), mix_.skew);
    const int key = first + stride * std::min(count - 1, static_cast<int>(share * count));
    bool all_free = true;
    for (int member = 0; member < stride; ++member) all_free = all_free && free(key + member);
    if (all_free) return key;
  }
  return std::nullopt;
}

Duration Workload::ChooseTtl() {
  const bool brief = random_.Uniform() < mix_.short_ttl_share;
  return std::chrono::seconds(brief ? 2 + random_.Below(20) : 7200 + random_.Below(7200));
}

Operation Workload::ForKey(CommandKind kind, int key) {
  if (model_.NeedsDecision(key) && kind != CommandKind::kSet && kind != CommandKind::kSetEx) {
    kind = CommandKind::kDel;
  }
  const bool push = kind == CommandKind::kLPush || kind == CommandKind::kRPush;
  if (push && model_.LongestList(key) >= mix_.longest_list) kind = CommandKind::kLPop;
  KeyOp op;
  switch (kind) {
    case CommandKind::kSet:
      op = {KeyOpKind::kSet, model_.NextVersion(), Duration(0)};
      break;
    case CommandKind::kSetEx:
      op = {KeyOpKind::kSetEx, model_.NextVersion(), ChooseTtl()};
      break;
    case CommandKind::kExpire:
    case CommandKind::kPExpire:
      op = {KeyOpKind::kExpire, 0, ChooseTtl()};
      break;
    case CommandKind::kDel:
      op.kind = KeyOpKind::kDel;
      break;
    case CommandKind::kIncr:
      op.kind = KeyOpKind::kIncr;
      break;
    case CommandKind::kLPush:
      op = {KeyOpKind::kLPush, model_.NextVersion(), Duration(0)};
      break;
    case CommandKind::kRPush:
      op = {KeyOpKind::kRPush, model_.NextVersion(), Duration(0)};
      break;
    case CommandKind::kLPop:
      op.kind = KeyOpKind::kLPop;
      break;
    default:
      break;
  }
  return {kind, {{key, op}}};
}

Operation Workload::ForGroup(CommandKind kind, int first_key) {
  Operation operation{kind, {}};
  for (int i = 0; i < model_.space().group_size; ++i) {
    KeyOp op;
    if (kind == CommandKind::kMSet) op = {KeyOpKind::kSet, model_.NextVersion(), Duration(0)};
    operation.parts.push_back({first_key + i, op});
  }
  return operation;
}

std::optional<Operation> Workload::Next(const std::function<bool(int)>& free) {
  const KeySpace& space = model_.space();
  const int first_list = space.strings + space.counters;
  const CommandKind kind = ChooseKind();
  std::optional<int> key;
  switch (kind) {
    case CommandKind::kIncr:
      key = ChooseKey(space.strings, space.counters, 1, free);
      break;
    case CommandKind::kLPush:
    case CommandKind::kRPush:
    case CommandKind::kLPop:
    case CommandKind::kRange:
      key = ChooseKey(first_list, space.lists, 1, free);
      break;
    case CommandKind::kMGet:
    case CommandKind::kMSet:
      key = ChooseKey(first_list + space.lists, space.groups, space.group_size, free);
      if (!key) return std::nullopt;
      return ForGroup(kind, *key);
    case CommandKind::kSet:
    case CommandKind::kSetEx:
      key = ChooseKey(0, space.strings, 1, free);
      break;
    default:  // GET, DEL and EXPIRE of strings, counters and lists alike
      key = ChooseKey(0, first_list + (kind == CommandKind::kGet ? 0 : space.lists), 1, free);
  }
  if (!key) return std::nullopt;
  return ForKey(kind, *key);
}

std::optional<Operation> Workload::Preload(int index) {
  const KeySpace& space = model_.space();
  const int singles = space.strings + space.counters + space.lists;
  if (index >= singles + space.groups) return std::nullopt;
  if (index >= singles) {
    return ForGroup(CommandKind::kMSet, singles + (index - singles) * space.group_size);
  }
  switch (model_.Kind(index)) {
    case KeyKind::kCounter:
      return ForKey(CommandKind::kIncr, index);
    case KeyKind::kList:
      return ForKey(CommandKind::kRPush, index);
    case KeyKind::kString:
      break;
  }
  return ForKey(CommandKind::kSet, index);
}

}  // namespace tidewright::loadgen
