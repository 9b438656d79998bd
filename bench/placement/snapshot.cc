#include "bench/placement/snapshot.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "planner/placing/board.h"

namespace tidewright::bench {
namespace {

using nlohmann::json;
using planner::placing::Board;
using planner::placing::Item;
using planner::placing::Node;
using planner::placing::Problem;

void AddHost(const json& host, std::map<std::string, int>& first_node, Problem& problem) {
  const int first = static_cast<int>(problem.nodes.size());
  first_node[host.at("node_id").get<std::string>()] = first;
  for (int half = 0; half < 2; ++half) {
    const json& numa = host.at("numa").at(static_cast<std::size_t>(half));
    Node node;
    node.capacity = {numa.at("total_cpu").get<double>(),
                     numa.at("memory_huge_total_mb").get<double>()};
    for (std::size_t d = 0; d < 2; ++d) node.limit[d] = node.capacity[d];
    node.host = first / 2;
    node.zone = host.at("rack_id").get<int>();
    node.partner = first + 1 - half;
    problem.nodes.push_back(node);
  }
}

void AddMachine(const json& machine, const std::map<std::string, int>& first_node,
                Problem& problem) {
  const json& halves = machine.at("numa");
  const json& half = halves.at(0);
  Item item;
  item.demand = {half.at("cpu").get<double>(), half.at("mem_mb").get<double>()};
  item.both_halves = halves.size() == 2;
  item.bytes = item.demand[1] * static_cast<double>(halves.size());
  item.node = first_node.at(machine.at("host_id").get<std::string>());
  if (!item.both_halves) item.node += half.at("node").get<int>();
  item.pinned = !machine.at("allow_migration").get<bool>();
  problem.items.push_back(item);
}

}  // namespace

StatusOr<Problem> ReadSnapshot(const std::string& path, int moves) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(fmt::format("{} cannot be read", path));
  Problem problem;
  try {
    const json snapshot = json::parse(in);
    std::map<std::string, int> first_node;
    for (const json& cluster : snapshot.at("cluster_list")) {
      for (const json& host : cluster.at("host_info")) AddHost(host, first_node, problem);
      for (const json& machine : cluster.at("vm_instance")) {
        AddMachine(machine, first_node, problem);
      }
    }
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, e.what()));
  }
  problem.goal.fragment_weight = 1;
  problem.goal.fragment_size = kPieceCores;
  problem.goal.move_weight = 0.01;
  problem.goal.max_moves = moves;
  problem.goal.within_host = false;
  if (Status s = Validate(problem); !s.ok()) return s;
  return problem;
}

double FragmentsAtStart(const Problem& problem) {
  std::vector<int> at;
  for (const Item& item : problem.items) at.push_back(item.node);
  return Board(problem, at).MakeScore().fragments;
}

double FragmentRate(const Problem& problem, double fragments) {
  double free = 0;
  for (const Node& node : problem.nodes) free += node.capacity[0];
  for (const Item& item : problem.items) free -= item.demand[0] * (item.both_halves ? 2 : 1);
  return fragments / free;
}

}  // namespace tidewright::bench
