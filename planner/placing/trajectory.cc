#include "planner/placing/trajectory.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner::placing {
namespace {

constexpr std::int64_t kRound = 1024;  // steps between changes of temperature
constexpr double kImproves = 1e-9;
// A walk begins as hot as a move is dear (a bold one: as a good step gains), times or by up to the
// root of kMoods, and cools to kCooling of what a move costs. Found by trial on the cases of
// bench/placement.
constexpr double kMoods = 4;
constexpr double kCooling = 0.05;
constexpr double kLeastShadow = 0.2;  // of what a good step gains
constexpr double kMostShadow = 0.5;

}  // namespace

Trajectory::Trajectory(const Board& start, double gain, bool bold, Random random)
    : board_(start), random_(random), nodes_(start.problem().nodes.size()) {
  const auto& items = start.problem().items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].pinned) free_.push_back(static_cast<int>(i));
  }
  best_cost_ = board_.cost();
  SetMood(gain, bold);
}

void Trajectory::SetMood(double gain, bool bold) {
  const Problem& problem = board_.problem();
  const Goal& goal = problem.goal;
  double bytes = 0;
  for (int i : free_) bytes += problem.items[static_cast<std::size_t>(i)].bytes;
  double price = goal.move_weight +
                 goal.bytes_weight * bytes / std::max(1.0, static_cast<double>(free_.size()));
  // While the number of moves is limited, each takes the place of another: a good step and a half
  // chain of two are told apart by charging for it.
  if (goal.max_moves < static_cast<int>(problem.items.size())) {
    shadow_price_ = gain * (kLeastShadow + (kMostShadow - kLeastShadow) * random_.Uniform());
    price += shadow_price_;
  }
  if (price <= 0) price = gain / 4;
  hot_ = price * std::pow(kMoods, random_.Uniform() - 0.5);
  cold_ = kCooling * hot_;
  if (bold) hot_ = std::max(hot_, gain * std::pow(kMoods, random_.Uniform() - 0.5));
}

std::int64_t Trajectory::Run(std::int64_t steps, const Stop& stop) {
  if (free_.empty() || nodes_ < 2) return 0;
  std::int64_t done = 0;
  for (; done < steps; ++done) {
    if (done % kRound == 0) {
      if (stop && stop()) break;
      const double part = static_cast<double>(done) / static_cast<double>(steps);
      temperature_ = hot_ * std::pow(cold_ / hot_, part);
    }
    const auto dice = Below(16);
    if (dice < 6) {
      Relocate();
    } else if (dice < 7) {
      GoHome();
    } else if (dice < 11) {
      Exchange();
    } else if (dice < 14) {
      MovePair();
    } else {
      Swap();
    }
    NoteBest();
  }
  return done;
}

int Trajectory::AnyItem() {
  const Goal& goal = board_.problem().goal;
  if (goal.level_weight + goal.excess_weight <= 0 || Below(2) == 0) return AnyOf(free_);
  int node = AnyNode();
  for (int k = 0; k < 3; ++k) {
    const int other = AnyNode();
    if (board_.Utilisation(other) > board_.Utilisation(node)) node = other;
  }
  return board_.ItemsOn(node).empty() ? AnyOf(free_) : AnyOf(board_.ItemsOn(node));
}

double Trajectory::Delta(int item, int to, const Board::Departure& departure) const {
  double delta = board_.Delta(item, to, departure);
  if (board_.at(item) == board_.home(item)) delta += shadow_price_;
  if (to == board_.home(item)) delta -= shadow_price_;
  return delta;
}

// The best of a few, of one now and then: the best of many would be the same again and again.
Trajectory::Target Trajectory::FindTarget(int item) {
  Target best;
  const Board::Departure departure = board_.Leave(item);
  for (int tries = 1 << Below(5); tries > 0; --tries) {
    const int to = AnyNode();
    if (!board_.Allows(item, to)) continue;
    const double delta = Delta(item, to, departure);
    if (best.to == kNowhere || delta < best.delta) best = {to, delta};
  }
  return best;
}

// By how much the next step may raise the cost.
double Trajectory::Allowance() { return -temperature_ * std::log(1 - random_.Uniform()); }

void Trajectory::Relocate() {
  const int item = AnyItem();
  const Target target = FindTarget(item);
  if (target.to != kNowhere && target.delta <= Allowance()) Move(item, target.to);
}

void Trajectory::GoHome() {
  if (board_.moved().empty()) return;
  const int item = AnyOf(board_.moved());
  const int to = board_.home(item);
  if (board_.Allows(item, to) && Delta(item, to, board_.Leave(item)) <= Allowance()) Move(item, to);
}

// One goes home, and another takes its place, or goes elsewhere.
void Trajectory::Exchange() {
  if (board_.moved().empty()) return;
  const int back = AnyOf(board_.moved());
  const int left = board_.at(back);
  const int home = board_.home(back);
  if (!board_.Allows(back, home)) return;
  const double first = Delta(back, home, board_.Leave(back));
  const std::size_t log = since_best_.size();
  Move(back, home);
  const int other = Below(4) == 0 ? AnyOf(free_) : AnyOf(board_.ItemsOn(home));
  if (other != back && !IsPinned(other)) {
    Target target;
    if (Below(2) == 0) {
      if (board_.Allows(other, left)) target = {left, Delta(other, left, board_.Leave(other))};
    } else {
      target = FindTarget(other);
    }
    if (target.to != kNowhere && first + target.delta <= Allowance()) return Move(other, target.to);
  }
  Move(back, left);
  since_best_.resize(log);
}

// Two of one node: what one of them alone would not gain.
void Trajectory::MovePair() {
  const int first = AnyOf(free_);
  const int from = board_.at(first);
  const Target one = FindTarget(first);
  if (one.to == kNowhere || board_.ItemsOn(from).size() < 2) return;
  const std::size_t log = since_best_.size();
  Move(first, one.to);
  const int second = AnyOf(board_.ItemsOn(from));
  if (second != first && !IsPinned(second)) {
    const Target two = FindTarget(second);
    if (two.to != kNowhere && one.delta + two.delta <= Allowance()) return Move(second, two.to);
  }
  Move(first, from);
  since_best_.resize(log);
}

// Two change places, which neither could alone where both nodes are as full as they may be.
void Trajectory::Swap() {
  const int one = board_.moved().empty() ? AnyItem() : AnyOf(board_.moved());
  const int from = board_.at(one);
  const int other = AnyOf(free_);
  const int to = board_.at(other);
  if (!board_.Allows(one, to)) return;
  const double first = Delta(one, to, board_.Leave(one));
  const std::size_t log = since_best_.size();
  Move(one, to);
  if (board_.Allows(other, from)) {
    const double second = Delta(other, from, board_.Leave(other));
    if (first + second <= Allowance()) return Move(other, from);
  }
  Move(one, from);
  since_best_.resize(log);
}

void Trajectory::Move(int item, int to) {
  since_best_.push_back({item, board_.at(item)});
  board_.Move(item, to);
}

// The best placement is the present one with what came since taken back.
std::vector<int> Trajectory::Best() const {
  if (!best_.empty()) return best_;
  std::vector<int> at = board_.placement();
  for (auto step = since_best_.rbegin(); step != since_best_.rend(); ++step) {
    at[static_cast<std::size_t>(step->item)] = step->to;
  }
  return at;
}

void Trajectory::NoteBest() {
  if (board_.cost() < best_cost_ - kImproves) {
    best_cost_ = board_.cost();
    since_best_.clear();
    best_.clear();
  } else if (best_.empty() && since_best_.size() > board_.placement().size()) {
    best_ = Best();
  }
  if (!best_.empty()) since_best_.clear();
}

}  // namespace tidewright::planner::placing
