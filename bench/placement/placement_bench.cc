// Placement: printed, never asserted. One core; times are processor time, so that a busy machine
// does not change them.
//
// placement_bench small [--cases 60] [--first 1]
//     made-up cases beside their exact optimum (CBC)
// placement_bench snapshot FILE [--moves 50] [--seconds 5] [--seeds 5] [--cbc 0]
//     fragments of 16 cores on a snapshot of hosts: greedy descent, the search, and a bound; CBC
//     when it is given seconds
// placement_bench slots [--slots 16384] [--shards 64] [--seconds 1]
//     slots × shards × 4 resources
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "bench/placement/cases.h"
#include "bench/placement/exact.h"
#include "bench/placement/fragment_bound.h"
#include "bench/placement/snapshot.h"
#include "planner/placing/board.h"
#include "planner/placing/search.h"

namespace tidewright::bench {
namespace {

using planner::placing::Board;
using planner::placing::Effort;
using planner::placing::Problem;
using planner::placing::Score;
using planner::placing::Solution;
using planner::placing::Stop;

constexpr int kEndless = 1'000'000;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Stop After(double seconds) {
  const double end = CpuSeconds() + seconds;
  return [end] { return CpuSeconds() >= end; };
}

struct Timed {
  Solution solution;
  double seconds = 0;
};

template <typename Work>
Timed Time(Work work) {
  const double start = CpuSeconds();
  Timed timed{work(), 0};
  timed.seconds = CpuSeconds() - start;
  return timed;
}

Score AtStart(const Problem& problem) {
  std::vector<int> at;
  for (const auto& item : problem.items) at.push_back(item.node);
  return Board(problem, at).MakeScore();
}

struct Options {
  std::map<std::string, std::string> named;
  std::vector<std::string> plain;

  [[nodiscard]] double Number(const std::string& name, double fallback) const {
    const auto it = named.find(name);
    return it == named.end() ? fallback : std::strtod(it->second.c_str(), nullptr);
  }
  [[nodiscard]] int Whole(const std::string& name, int fallback) const {
    return static_cast<int>(Number(name, fallback));
  }
};

int Small(const Options& options) {
  const int cases = options.Whole("cases", 60);
  const int first = options.Whole("first", 1);
  RealClock clock;
  double worst = 0;
  int optimal = 0;
  int counted = 0;
  std::puts("case            start     greedy     search    optimum   above  search ms  cbc s");
  for (int seed = first; seed < first + cases; ++seed) {
    const Case one = SmallCase(static_cast<std::uint64_t>(seed));
    if (Status s = Validate(one.problem); !s.ok()) {
      std::fputs(fmt::format("{}: {}\n", one.name, Message(s)).c_str(), stderr);
      return 1;
    }
    const Timed greedy = Time([&] { return Descend(one.problem); });
    const Timed ours = Time([&] { return Solve(one.problem, {24, 20'000, 1}); });
    const auto exact = SolveExactly(one.problem, std::chrono::seconds(120), clock);
    if (!exact.ok()) {
      std::fputs(fmt::format("{}\n", Message(exact.status())).c_str(), stderr);
      return 1;
    }
    const double cost = ours.solution.score.cost;
    const double above = cost / std::max(1e-9, exact->objective) - 1;
    std::puts(
        fmt::format("{:<12} {:8.4f}   {:8.4f}   {:8.4f}   {:8.4f}{} {:6.2f}%  {:9.1f}  {:5.1f}",
                    one.name, AtStart(one.problem).cost, greedy.solution.score.cost, cost,
                    exact->objective, exact->proven ? " " : "?", 100 * above, 1e3 * ours.seconds,
                    exact->seconds)
            .c_str());
    std::fflush(stdout);
    if (!exact->proven) continue;
    ++counted;
    worst = std::max(worst, above);
    optimal += above < 1e-6 ? 1 : 0;
  }
  std::puts(fmt::format("{} cases with a proven optimum: {} met, the worst {:.2f}% above", counted,
                        optimal, 100 * worst)
                .c_str());
  return 0;
}

void PrintFragments(const std::string& name, const Problem& problem, const Solution& solution,
                    double seconds) {
  const double gained =
      (FragmentsAtStart(problem) - solution.score.fragments) / problem.goal.fragment_size;
  std::puts(fmt::format("{:<22} {:6.4f}   {:6.1f}   {:5}   {:7.2f}   {:12}", name,
                        FragmentRate(problem, solution.score.fragments), gained,
                        solution.score.moves, seconds, solution.steps)
                .c_str());
  std::fflush(stdout);
}

int Snapshot(const Options& options) {
  if (options.plain.empty()) {
    std::fputs("placement_bench snapshot needs a FILE\n", stderr);
    return 2;
  }
  const auto problem = ReadSnapshot(options.plain.front(), options.Whole("moves", 50));
  if (!problem.ok()) {
    std::fputs(fmt::format("{}\n", Message(problem.status())).c_str(), stderr);
    return 1;
  }
  std::puts(fmt::format("{} nodes, {} items, at most {} moves; start: fragment rate {:.4f}",
                        problem->nodes.size(), problem->items.size(), problem->goal.max_moves,
                        FragmentRate(*problem, FragmentsAtStart(*problem)))
                .c_str());
  std::puts("                       rate     pieces   moves   cpu s            steps");
  const Timed greedy = Time([&] { return Descend(*problem); });
  PrintFragments("greedy descent", *problem, greedy.solution, greedy.seconds);
  const double seconds = options.Number("seconds", 5);
  for (int seed = 1; seed <= options.Whole("seeds", 5); ++seed) {
    const Effort effort{kEndless, 1'000'000, static_cast<std::uint64_t>(seed)};
    const Timed ours = Time([&] { return Solve(*problem, effort, {}, After(seconds)); });
    PrintFragments(fmt::format("search, seed {}", seed), *problem, ours.solution, ours.seconds);
  }
  if (const double limit = options.Number("cbc", 0); limit > 0) {
    RealClock clock;
    const auto cbc =
        SolvePieces(*problem, Duration(static_cast<Duration::rep>(limit * 1e6)), clock);
    std::puts(cbc.ok()
                  ? fmt::format("cbc, {:.0f} s (wall)       {:6.4f}   {:6.1f}   {}", cbc->seconds,
                                FragmentRate(*problem, FragmentsAtStart(*problem) -
                                                           kPieceCores * cbc->objective),
                                cbc->objective, cbc->proven ? "optimal" : "not proven")
                        .c_str()
                  : Message(cbc.status()).c_str());
  }
  const double most = std::floor(MostPiecesGained(*problem, 30) + 1e-6);
  std::puts(fmt::format("no placement is below  {:6.4f}   {:6.1f}",
                        FragmentRate(*problem, FragmentsAtStart(*problem) - kPieceCores * most),
                        most)
                .c_str());
  return 0;
}

void PrintSlots(const std::string& name, const Problem& problem, const Score& score,
                double seconds) {
  std::puts(fmt::format("{:<16} {:6.3f}  {:7.4f}  {:7.2f}  {:7.2f}  {:6}  {:6}  {:6.2f}", name,
                        score.level, score.excess, 100 * score.bytes, 100 * LeastBytes(problem),
                        score.moves, score.borders + 1, seconds)
                .c_str());
  std::fflush(stdout);
}

int Slots(const Options& options) {
  const int slots = options.Whole("slots", 16384);
  const int shards = options.Whole("shards", 64);
  const double seconds = options.Number("seconds", 1);
  std::puts(fmt::format("{} slots on {} shards, 4 resources; goal: no shard above 1.03 of even",
                        slots, shards)
                .c_str());
  std::puts("                fullest   excess  moved %  bound %   moves  ranges   cpu s");
  for (const Case& one : SlotCases(slots, shards, 7)) {
    if (Status s = Validate(one.problem); !s.ok()) {
      std::fputs(fmt::format("{}\n", Message(s)).c_str(), stderr);
      return 1;
    }
    PrintSlots(one.name, one.problem, AtStart(one.problem), 0);
    const Timed greedy = Time([&] { return Solve(one.problem, {0, 0, 1}); });
    PrintSlots("  descent", one.problem, greedy.solution.score, greedy.seconds);
    const Timed ours = Time([&] {
      return Solve(one.problem, {1, 1'000'000, 1}, {}, After(seconds));
    });
    PrintSlots("  search", one.problem, ours.solution.score, ours.seconds);
  }
  return 0;
}

}  // namespace
}  // namespace tidewright::bench

int main(int argc, char** argv) {
  using namespace tidewright::bench;
  Options options;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--") && i + 1 < argc) {
      options.named[word.substr(2)] = argv[++i];
    } else {
      options.plain.push_back(word);
    }
  }
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "small") return Small(options);
  if (what == "snapshot") return Snapshot(options);
  if (what == "slots") return Slots(options);
  std::fputs("placement_bench small | snapshot FILE | slots; options stand in its source\n",
             stderr);
  return 2;
}
