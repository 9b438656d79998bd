#include "bench/placement/fragment_bound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <map>
#include <vector>

namespace tidewright::bench {
namespace {

using planner::placing::Item;
using planner::placing::Node;
using planner::placing::Problem;

// Items of one size that lie on one half, or on both: they are worth the same anywhere.
struct Kind {
  int size = 0;
  bool both = false;

  friend auto operator<=>(const Kind&, const Kind&) = default;
};

struct Prices {
  double move = 0.5;
  std::vector<double> kind;
};

// What a choice for all hosts uses of what is limited.
struct Usage {
  int moves = 0;
  std::vector<int> taken;  // of each kind, minus what is put
};

struct Half {
  int capacity = 0;
  int free = 0;
  std::vector<int> count;  // of each kind that lies on one half
};

struct Host {
  std::array<Half, 2> half;
  std::vector<int> count;  // of each kind that lies on both
};

constexpr double kImpossible = -1e18;

// The dearest way to each net amount freed (negative: filled) by kinds of one sort.
struct Way {
  double value = kImpossible;
  std::vector<int> taken;
};

class Bound {
 public:
  explicit Bound(const Problem& problem);
  [[nodiscard]] double Improve(int iterations);

 private:
  [[nodiscard]] double Evaluate(const Prices& prices, Usage& usage) const;
  [[nodiscard]] std::vector<Way> Ways(const std::vector<int>& count, bool both, int capacity,
                                      const Prices& prices) const;
  [[nodiscard]] int Pieces(int free) const { return free / piece_; }

  int piece_ = 1;
  int max_moves_ = 0;
  std::vector<Kind> kinds_;
  std::vector<Host> hosts_;
};

Bound::Bound(const Problem& problem)
    : piece_(static_cast<int>(problem.goal.fragment_size)), max_moves_(problem.goal.max_moves) {
  const auto d = static_cast<std::size_t>(problem.goal.fragment_dimension);
  std::map<Kind, std::size_t> number;
  const auto kind_of = [&](const Item& item) {
    return Kind{static_cast<int>(item.demand[d]), item.both_halves};
  };
  for (const Item& item : problem.items) number.emplace(kind_of(item), 0);
  for (auto& [kind, index] : number) {
    index = kinds_.size();
    kinds_.push_back(kind);
  }
  // Nodes come in pairs of halves, the lower one even.
  hosts_.resize(problem.nodes.size() / 2);
  for (std::size_t n = 0; n < problem.nodes.size(); ++n) {
    Half& half = hosts_[n / 2].half[n % 2];
    half.capacity = half.free = static_cast<int>(problem.nodes[n].capacity[d]);
    half.count.assign(kinds_.size(), 0);
    hosts_[n / 2].count.assign(kinds_.size(), 0);
  }
  for (const Item& item : problem.items) {
    const auto n = static_cast<std::size_t>(item.node);
    const Kind kind = kind_of(item);
    hosts_[n / 2].half[n % 2].free -= kind.size;
    if (kind.both) hosts_[n / 2].half[1].free -= kind.size;
    ++(kind.both ? hosts_[n / 2].count : hosts_[n / 2].half[n % 2].count)[number[kind]];
  }
}

std::vector<Way> Bound::Ways(const std::vector<int>& count, bool both, int capacity,
                             const Prices& prices) const {
  const auto at = [&](int net) { return static_cast<std::size_t>(net + capacity); };
  std::vector<Way> ways(static_cast<std::size_t>(2 * capacity + 1));
  ways[at(0)] = {0, std::vector<int>(kinds_.size(), 0)};
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    if (kinds_[k].both != both || kinds_[k].size == 0) continue;
    const std::vector<Way> before = ways;
    for (int net = -capacity; net <= capacity; ++net) {
      const Way& way = before[at(net)];
      if (way.value <= kImpossible) continue;
      for (int taken = -capacity / kinds_[k].size; taken <= count[k]; ++taken) {
        const int sum = net + taken * kinds_[k].size;
        if (taken == 0 || sum < -capacity || sum > capacity) continue;
        const double value = way.value - taken * prices.kind[k] - std::max(0, taken) * prices.move;
        if (value <= ways[at(sum)].value) continue;
        ways[at(sum)] = {value, way.taken};
        ways[at(sum)].taken[k] = taken;
      }
    }
  }
  return ways;
}

double Bound::Evaluate(const Prices& prices, Usage& usage) const {
  double bound = prices.move * max_moves_;
  usage = {0, std::vector<int>(kinds_.size(), 0)};
  const auto use = [&](const Way& way) {
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      usage.taken[k] += way.taken[k];
      usage.moves += std::max(0, way.taken[k]);
    }
  };
  for (const Host& host : hosts_) {
    const int capacity = std::max(host.half[0].capacity, host.half[1].capacity);
    std::array<std::vector<Way>, 2> single;
    for (std::size_t h = 0; h < 2; ++h) {
      single[h] = Ways(host.half[h].count, false, capacity, prices);
    }
    const std::vector<Way> both = Ways(host.count, true, capacity, prices);
    double best = 0;
    std::array<const Way*, 3> chosen{};
    for (int shared = -capacity; shared <= capacity; ++shared) {
      const Way& way = both[static_cast<std::size_t>(shared + capacity)];
      double value = way.value;
      std::array<const Way*, 3> choice{&way, nullptr, nullptr};
      for (std::size_t h = 0; h < 2 && value > kImpossible / 2; ++h) {
        const Half& half = host.half[h];
        double most = kImpossible;
        for (int net = -capacity; net <= capacity; ++net) {
          const int free = half.free + shared + net;
          if (free < 0 || free > half.capacity) continue;
          const Way& own = single[h][static_cast<std::size_t>(net + capacity)];
          const double gain = own.value + Pieces(free) - Pieces(half.free);
          if (gain <= most) continue;
          most = gain;
          choice[h + 1] = &own;
        }
        value += most;
      }
      if (value <= best) continue;
      best = value;
      chosen = choice;
    }
    bound += best;
    for (const Way* way : chosen) {
      if (way != nullptr) use(*way);
    }
  }
  return bound;
}

double Bound::Improve(int iterations) {
  Prices prices;
  // A start from what is plain: an item is worth the whole pieces that it leaves free, less the
  // move.
  for (const Kind& kind : kinds_) {
    const int pieces = Pieces(kind.size) * (kind.both ? 2 : 1);
    prices.kind.push_back(pieces > 0 ? pieces - prices.move : 0.0);
  }
  double best = 1e18;
  Usage usage;
  for (int i = 0; i < iterations; ++i) {
    best = std::min(best, Evaluate(prices, usage));
    double square = std::pow(max_moves_ - usage.moves, 2);
    for (int taken : usage.taken) square += std::pow(taken, 2);
    if (square == 0) break;
    const double step = 1.0 / ((1 + i) * std::sqrt(square));
    prices.move = std::max(0.0, prices.move - step * (max_moves_ - usage.moves));
    for (std::size_t k = 0; k < kinds_.size(); ++k) prices.kind[k] += step * usage.taken[k];
  }
  return best;
}

}  // namespace

double MostPiecesGained(const Problem& problem, int iterations) {
  return Bound(problem).Improve(iterations);
}

}  // namespace tidewright::bench
