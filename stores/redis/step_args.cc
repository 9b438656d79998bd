#include "stores/redis/step_args.h"

#include <nlohmann/json.hpp>

namespace tidewright::redis {
namespace {

using Json = nlohmann::json;

Json ToJson(const Server& server) {
  return {{"id", server.id}, {"host", server.host}, {"port", server.port}};
}

Server ServerFrom(const Json& json) {
  return {json.at("id").get<std::string>(), json.at("host").get<std::string>(),
          json.at("port").get<int>()};
}

StatusOr<PartitionSet> SlotsFrom(const Json& json) {
  return ParsePartitionSet(json.get<std::string>());
}

StatusOr<SlotMove> MoveFrom(const Json& json) {
  SlotMove move;
  move.from = json.at("from").get<std::string>();
  move.to = json.at("to").get<std::string>();
  TW_ASSIGN_OR_RETURN(move.slots, SlotsFrom(json.at("slots")));
  return move;
}

StatusOr<StepArgs> FromJson(const Json& json) {
  StepArgs args;
  args.cluster = json.at("cluster").get<std::string>();
  args.token = json.at("token").get<std::string>();
  args.names = json.at("names").get<std::vector<std::string>>();
  if (json.contains("moves")) {
    for (const auto& one : json.at("moves")) {
      TW_ASSIGN_OR_RETURN(args.moves.emplace_back(), MoveFrom(one));
    }
  } else if (!json.at("to").get<std::string>().empty()) {
    TW_ASSIGN_OR_RETURN(args.moves.emplace_back(), MoveFrom(json));
  }
  for (const auto& one : json.at("shards")) {
    ExpectedShard shard;
    shard.name = one.at("name").get<std::string>();
    TW_ASSIGN_OR_RETURN(shard.slots, SlotsFrom(one.at("slots")));
    shard.replicas = one.at("replicas").get<std::vector<std::string>>();
    args.shards.push_back(std::move(shard));
  }
  args.retired = json.at("retired").get<std::vector<std::string>>();
  for (const auto& one : json.at("members")) args.members.push_back(ServerFrom(one));
  return args;
}

std::string NodeKey(const std::string& name) { return "node:" + name; }
std::string ShardKey(const std::string& name) { return "shard:" + name; }

}  // namespace

std::string Encode(const StepArgs& args) {
  Json shards = Json::array();
  for (const auto& shard : args.shards) {
    shards.push_back(
        {{"name", shard.name}, {"slots", ToString(shard.slots)}, {"replicas", shard.replicas}});
  }
  Json members = Json::array();
  for (const auto& member : args.members) members.push_back(ToJson(member));
  Json moves = Json::array();
  for (const auto& move : args.moves) {
    moves.push_back({{"from", move.from}, {"to", move.to}, {"slots", ToString(move.slots)}});
  }
  return Json{{"cluster", args.cluster}, {"token", args.token}, {"names", args.names},
              {"moves", moves},          {"shards", shards},    {"retired", args.retired},
              {"members", members}}
      .dump();
}

StatusOr<StepArgs> ParseStepArgs(const std::string& text) {
  try {
    return FromJson(Json::parse(text));
  } catch (const Json::exception& error) {
    return Error(StatusCode::kInternal, "arguments of a step: {}", error.what());
  }
}

bool IsNewName(const std::string& name) { return name.rfind("new-", 0) == 0; }
bool IsNewReplica(const std::string& name) {
  return IsNewName(name) && name.find('.') != std::string::npos;
}
std::string NewReplicaName(const std::string& shard, int replica) {
  return shard + "." + std::to_string(replica);
}

Status SaveNode(StepContext& context, const std::string& name, const Server& server) {
  return context.SaveNote(NodeKey(name), ToJson(server).dump());
}

std::optional<Server> NotedNode(const StepContext& context, const std::string& name) {
  const auto note = context.Note(NodeKey(name));
  if (!note) return std::nullopt;
  const Json json = Json::parse(*note, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("id") || !json.contains("host") ||
      !json.contains("port")) {
    return std::nullopt;
  }
  return ServerFrom(json);
}

Status SaveShardNodes(StepContext& context, const std::string& master,
                      const std::vector<std::string>& replicas) {
  Json ids = replicas;
  ids.insert(ids.begin(), master);
  return context.SaveNote(ShardKey(master), ids.dump());
}

std::vector<std::string> ShardNodes(const StepContext& context, const std::string& name) {
  if (IsNewName(name)) {
    std::vector<std::string> ids;
    const auto master = NotedNode(context, name);
    if (!master) return {};
    ids.push_back(master->id);
    for (int i = 1;; ++i) {
      const auto replica = NotedNode(context, NewReplicaName(name, i));
      if (!replica) return ids;
      ids.push_back(replica->id);
    }
  }
  if (const auto note = context.Note(ShardKey(name))) {
    const Json json = Json::parse(*note, nullptr, /*allow_exceptions=*/false);
    if (json.is_array()) return json.get<std::vector<std::string>>();
  }
  return {name};
}

}  // namespace tidewright::redis
