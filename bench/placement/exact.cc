#include "bench/placement/exact.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "io/subprocess.h"

namespace tidewright::bench {
namespace {

using planner::placing::Apart;
using planner::placing::Item;
using planner::placing::kDimensions;
using planner::placing::kNowhere;
using planner::placing::Node;
using planner::placing::Problem;

std::size_t Index(int i) { return static_cast<std::size_t>(i); }

// A programme in CPLEX's LP format, term by term.
class Programme {
 public:
  void Term(std::string& row, double factor, const std::string& name) {
    if (factor != 0) row += fmt::format(" {:+.12g} {}\n", factor, name);
  }
  void Minimise(double factor, const std::string& name) { Term(objective_, factor, name); }
  void Row(const std::string& terms, const char* relation, double bound) {
    if (!terms.empty())
      rows_ += fmt::format(" r{}: {} {} {:.12g}\n", ++row_, terms, relation, bound);
  }
  void Binary(const std::string& name) { binaries_ += " " + name + "\n"; }
  void Whole(const std::string& name, double low, double high) {
    bounds_ += fmt::format(" {:.12g} <= {} <= {:.12g}\n", low, name, high);
    whole_ += " " + name + "\n";
  }
  [[nodiscard]] std::string Text() const {
    return "Minimize\n obj:\n" + objective_ + "Subject To\n" + rows_ + "Bounds\n" + bounds_ +
           "Binaries\n" + binaries_ + "Generals\n" + whole_ + "End\n";
  }

 private:
  std::string objective_, rows_, bounds_, binaries_, whole_;
  int row_ = 0;
};

StatusOr<Exact> RunCbc(const Programme& programme, Duration limit, Clock& clock) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("placement-{}", getpid());
  std::filesystem::create_directories(folder);
  const std::string model = folder / "model.lp";
  const std::string solution = folder / "solution.txt";
  std::ofstream(model) << programme.Text();
  const double seconds = std::chrono::duration<double>(limit).count();
  const MonoTime start = clock.Monotonic();
  // cbc counts processor time, of which a busy machine gives it little.
  const auto run = io::Run({"cbc", model, "sec", fmt::format("{:.0f}", seconds), "ratio", "0",
                            "solve", "solution", solution},
                           limit * 20 + std::chrono::seconds(60), clock);
  Exact exact;
  exact.seconds = std::chrono::duration<double>(clock.Monotonic() - start).count();
  std::string line;
  std::getline(std::ifstream(solution), line);
  std::filesystem::remove_all(folder);
  if (!run.ok()) return run.status();
  const auto at = line.find("objective value");
  if (at == std::string::npos) {
    return absl::UnavailableError("cbc gave no solution; is coinor-cbc installed? " + line);
  }
  exact.objective = std::strtod(line.c_str() + at + 15, nullptr);
  exact.proven = line.starts_with("Optimal");
  return exact;
}

std::string X(int item, int node) { return fmt::format("x{}_{}", item, node); }

// The nodes that an item may lie on, as Board has it.
bool MayLie(const Problem& problem, const Item& item, int node) {
  if (node == item.node) return !problem.nodes[Index(node)].drains;
  const Node& to = problem.nodes[Index(node)];
  if (item.pinned || !to.receives || to.drains) return false;
  if (item.both_halves) return to.partner > node;
  return problem.goal.within_host || to.partner != item.node;
}

double Price(const Problem& problem, const Item& item, int node) {
  if (node == item.node) return 0;
  const int home = problem.nodes[Index(item.node)].zone;
  const int zone = problem.nodes[Index(node)].zone;
  const bool crosses = home >= 0 && zone >= 0 && home != zone;
  return problem.goal.move_weight +
         (problem.goal.bytes_weight + (crosses ? problem.goal.zone_weight : 0.0)) * item.bytes;
}

void AddItems(const Problem& problem, Programme& programme) {
  std::string moves;
  std::map<std::pair<int, int>, std::string> together;  // group, unit
  for (int i = 0; i < static_cast<int>(problem.items.size()); ++i) {
    const Item& item = problem.items[Index(i)];
    std::string once;
    for (int n = 0; n < static_cast<int>(problem.nodes.size()); ++n) {
      if (!MayLie(problem, item, n)) continue;
      programme.Binary(X(i, n));
      programme.Minimise(Price(problem, item, n), X(i, n));
      programme.Term(once, 1, X(i, n));
      if (n != item.node) programme.Term(moves, 1, X(i, n));
      const Node& node = problem.nodes[Index(n)];
      const int unit = problem.goal.apart == Apart::kHost ? node.host : node.zone;
      if (item.group >= 0 && unit >= 0) programme.Term(together[{item.group, unit}], 1, X(i, n));
    }
    programme.Row(once, "=", 1);
  }
  programme.Row(moves, "<=", problem.goal.max_moves);
  for (const auto& [key, row] : together) programme.Row(row, "<=", 1);
}

// What lies on a node in one dimension, in units of `unit`.
std::string LoadOf(const Problem& problem, int node, std::size_t d, double unit,
                   Programme& programme) {
  std::string load;
  for (int i = 0; i < static_cast<int>(problem.items.size()); ++i) {
    const Item& item = problem.items[Index(i)];
    if (MayLie(problem, item, node)) programme.Term(load, item.demand[d] / unit, X(i, node));
    const int partner = problem.nodes[Index(node)].partner;
    if (item.both_halves && partner != kNowhere && MayLie(problem, item, partner)) {
      programme.Term(load, item.demand[d] / unit, X(i, partner));
    }
  }
  return load;
}

void AddNodes(const Problem& problem, Programme& programme) {
  const auto& goal = problem.goal;
  programme.Minimise(goal.level_weight, "z");
  for (int n = 0; n < static_cast<int>(problem.nodes.size()); ++n) {
    const Node& node = problem.nodes[Index(n)];
    const std::string excess = fmt::format("e{}", n);
    programme.Minimise(goal.excess_weight, excess);
    programme.Row(" + z - " + excess, ">=", 0);
    for (std::size_t d = 0; d < kDimensions; ++d) {
      if (node.capacity[d] <= 0) continue;
      const std::string load = LoadOf(problem, n, d, node.capacity[d], programme);
      programme.Row(load + " - " + excess, "<=", goal.level);
      if (std::isfinite(node.limit[d])) programme.Row(load, "<=", node.limit[d] / node.capacity[d]);
    }
    if (goal.fragment_weight <= 0) continue;
    const auto d = Index(goal.fragment_dimension);
    const std::string fragment = fmt::format("f{}", n);
    const std::string pieces = fmt::format("q{}", n);
    programme.Minimise(goal.fragment_weight, fragment);
    programme.Whole(pieces, 0, std::floor(node.capacity[d] / goal.fragment_size));
    std::string row = LoadOf(problem, n, d, 1, programme);
    programme.Term(row, 1, fragment);
    programme.Term(row, goal.fragment_size, pieces);
    programme.Row(row, "=", node.capacity[d]);
  }
}

// Items of one size that lie on one half (or on both) are alike.
struct Kinds {
  std::map<std::pair<int, bool>, std::string> balance;  // Σ put − Σ taken
  std::string moves;
};

void AddKind(Programme& programme, Kinds& kinds, std::pair<int, bool> kind, int count, int most,
             const std::string& place, std::string& free, std::string* other_free) {
  const std::string name = fmt::format("{}_{}{}", place, kind.first, kind.second ? "b" : "s");
  if (count > 0) {
    programme.Whole("out" + name, 0, count);
    programme.Term(kinds.balance[kind], -1, "out" + name);
    programme.Term(kinds.moves, 1, "out" + name);
  }
  programme.Whole("in" + name, 0, most);
  programme.Term(kinds.balance[kind], 1, "in" + name);
  for (std::string* row : {&free, other_free}) {
    if (row == nullptr) continue;
    if (count > 0) programme.Term(*row, kind.first, "out" + name);
    programme.Term(*row, -kind.first, "in" + name);
  }
}

}  // namespace

StatusOr<Exact> SolveExactly(const Problem& problem, Duration limit, Clock& clock) {
  Programme programme;
  AddItems(problem, programme);
  AddNodes(problem, programme);
  return RunCbc(programme, limit, clock);
}

StatusOr<Exact> SolvePieces(const Problem& problem, Duration limit, Clock& clock) {
  const auto d = Index(problem.goal.fragment_dimension);
  const double piece = problem.goal.fragment_size;
  const std::size_t nodes = problem.nodes.size();
  std::vector<std::map<std::pair<int, bool>, int>> count(nodes);
  std::vector<double> free(nodes);
  Kinds kinds;
  for (std::size_t n = 0; n < nodes; ++n) free[n] = problem.nodes[n].capacity[d];
  for (const Item& item : problem.items) {
    const std::pair kind{static_cast<int>(item.demand[d]), item.both_halves};
    ++count[Index(item.node)][kind];
    kinds.balance[kind];
    free[Index(item.node)] -= item.demand[d];
    if (item.both_halves) free[Index(item.node) + 1] -= item.demand[d];
  }
  Programme programme;
  double start = 0;
  std::vector<std::string> row(nodes);
  const auto all = kinds.balance;
  for (std::size_t n = 0; n < nodes; ++n) {
    start += std::floor(free[n] / piece);
    for (const auto& [kind, unused] : all) {
      if (kind.second && n % 2 == 1) continue;
      const int most = static_cast<int>(problem.nodes[n].capacity[d]) / kind.first;
      AddKind(programme, kinds, kind, count[n][kind], most, fmt::format("{}", n), row[n],
              kind.second ? &row[n + 1] : nullptr);
    }
  }
  for (std::size_t n = 0; n < nodes; ++n) {
    const std::string pieces = fmt::format("q{}", n);
    programme.Whole(pieces, 0, std::floor(problem.nodes[n].capacity[d] / piece));
    programme.Minimise(-1, pieces);
    const std::string load = row[n];
    programme.Term(row[n], -piece, pieces);
    programme.Row(row[n], ">=", -free[n]);
    programme.Row(load, "<=", problem.nodes[n].capacity[d] - free[n]);
  }
  for (const auto& [kind, balance] : kinds.balance) programme.Row(balance, "=", 0);
  programme.Row(kinds.moves, "<=", problem.goal.max_moves);
  auto exact = RunCbc(programme, limit, clock);
  if (exact.ok()) exact->objective = -exact->objective - start;
  return exact;
}

}  // namespace tidewright::bench
