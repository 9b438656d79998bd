#include "planner/placing/board.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner::placing {
namespace {

constexpr double kSlack = 1e-9;  // sums of the same amounts in another order differ by less

}  // namespace

Board::Board(const Problem& problem, std::vector<int> at)
    : problem_(&problem), at_(std::move(at)), counts_level_(problem.goal.level_weight > 0) {
  const std::size_t nodes = problem.nodes.size();
  const std::size_t items = problem.items.size();
  load_.assign(nodes, {});
  start_.assign(nodes, {});
  term_.assign(nodes, {});
  members_.resize(nodes);
  position_.assign(items, {kNowhere, kNowhere});
  moved_position_.assign(items, kNowhere);
  LookUp();
  NumberUnits();
  for (std::size_t i = 0; i < items; ++i) {
    const Item& item = problem.items[i];
    for (std::size_t d = 0; d < kDimensions; ++d) {
      start_[Index(item.node)][d] += item.demand[d];
      if (item.both_halves) start_[Index(Partner(item.node))][d] += item.demand[d];
    }
    Put(static_cast<int>(i), at_[i]);
    if (i > 0 && at_[i] != at_[i - 1]) ++borders_;
  }
  for (std::size_t n = 0; n < nodes; ++n) Refresh(static_cast<int>(n));
  FindFullest();
  cost_ = MakeScore().cost;
}

void Board::NumberUnits() {
  const auto& nodes = problem_->nodes;
  int groups = 0;
  for (const Item& item : problem_->items) groups = std::max(groups, item.group + 1);
  const auto of = [&](const Node& node) {
    return problem_->goal.apart == Apart::kHost ? node.host : node.zone;
  };
  for (const Node& node : nodes) units_ = std::max(units_, of(node) + 1);
  for (const Node& node : nodes) unit_.push_back(of(node) >= 0 ? of(node) : units_++);
  in_unit_.assign(Index(groups) * Index(units_), 0);
}

void Board::LookUp() {
  const Goal& goal = problem_->goal;
  if (goal.fragment_weight > 0) pieces_per_unit_ = 1 / goal.fragment_size;
  for (const Node& node : problem_->nodes) {
    Facts facts;
    for (std::size_t d = 0; d < kDimensions; ++d) {
      facts.per_unit[d] = node.capacity[d] > 0 ? 1 / node.capacity[d] : 0;
      facts.limit[d] = node.limit[d] * (1 + kSlack);
    }
    facts.capacity = node.capacity[Index(goal.fragment_dimension)];
    facts.partner = node.partner;
    facts.zone = node.zone;
    facts.receives = node.receives;
    facts.drains = node.drains;
    facts_.push_back(facts);
  }
}

double Board::OverLimit(const Facts& facts, const Amounts& load, std::size_t items) const {
  double over = facts.drains ? static_cast<double>(items) : 0.0;
  for (std::size_t d = 0; d < kDimensions; ++d) {
    if (load[d] > facts.limit[d]) {
      over += facts.limit[d] > 0 ? load[d] / facts.limit[d] - 1 : 1.0;
    }
  }
  return over;
}

Board::Term Board::TermOf(int node, const Amounts& load, std::size_t items) const {
  const Goal& goal = problem_->goal;
  const Facts& facts = facts_[Index(node)];
  Term term;
  bool over = facts.drains;
  for (std::size_t d = 0; d < kDimensions; ++d) {
    term.level = std::max(term.level, load[d] * facts.per_unit[d]);
    over |= load[d] > facts.limit[d];
  }
  if (over) {
    term.over_limit = OverLimit(facts, load, items);
    term.cost = goal.limit_weight * term.over_limit;
  }
  if (term.level > goal.level) term.cost += goal.excess_weight * (term.level - goal.level);
  if (goal.fragment_weight > 0) {
    const double free = std::max(0.0, facts.capacity - load[Index(goal.fragment_dimension)]);
    const auto pieces = static_cast<std::int64_t>(free * pieces_per_unit_ + kSlack);
    term.fragments = std::max(0.0, free - goal.fragment_size * static_cast<double>(pieces));
    term.cost += goal.fragment_weight * term.fragments;
  }
  return term;
}

Board::Term Board::TermWith(int node, const Amounts& demand, int sign) const {
  Amounts load = load_[Index(node)];
  for (std::size_t d = 0; d < kDimensions; ++d) load[d] += sign * demand[d];
  const std::size_t items = members_[Index(node)].size();
  return TermOf(node, load, sign > 0 ? items + 1 : items - 1);
}

bool Board::Fits(int node, const Amounts& demand, bool home) const {
  const Facts& facts = facts_[Index(node)];
  if (facts.drains || (!facts.receives && !home)) return false;
  const Amounts& load = load_[Index(node)];
  bool fits = true;
  for (std::size_t d = 0; d < kDimensions; ++d) fits &= load[d] + demand[d] <= facts.limit[d];
  if (fits || !home) return fits;
  // Where everything lay at the start, it may lie again.
  for (std::size_t d = 0; d < kDimensions; ++d) {
    const double limit = std::max(facts.limit[d], start_[Index(node)][d] * (1 + kSlack));
    if (load[d] + demand[d] > limit) return false;
  }
  return true;
}

bool Board::KeepsApart(const Item& item, int from, int to) const {
  if (item.group < 0 || unit_[Index(from)] == unit_[Index(to)]) return true;
  return in_unit_[GroupCell(item.group, to)] == 0;
}

bool Board::Allows(int i, int to) const {
  const Item& item = problem_->items[Index(i)];
  const int from = at(i);
  if (to == from || item.pinned) return false;
  const Goal& goal = problem_->goal;
  if (from == item.node && static_cast<int>(moved_.size()) >= goal.max_moves) return false;
  const bool home = to == item.node;
  const int partner = Partner(to);
  if (item.both_halves && partner <= to) return false;
  if (!home && !goal.within_host && !item.both_halves && partner == item.node) return false;
  if (!Fits(to, item.demand, home)) return false;
  if (item.both_halves && !Fits(partner, item.demand, home)) return false;
  return KeepsApart(item, from, to);
}

Board::Departure Board::Leave(int i) const {
  const Item& item = problem_->items[Index(i)];
  const int from = at(i);
  const Term term = TermWith(from, item.demand, -1);
  Departure departure{term.cost - term_[Index(from)].cost, term.level};
  if (item.both_halves) {
    const int partner = Partner(from);
    const Term other = TermWith(partner, item.demand, -1);
    departure.cost += other.cost - term_[Index(partner)].cost;
    departure.level = std::max(departure.level, other.level);
  }
  return departure;
}

double Board::Delta(int i, int to, const Departure& departure) const {
  const Item& item = problem_->items[Index(i)];
  const Goal& goal = problem_->goal;
  const int from = at(i);
  const Term term = TermWith(to, item.demand, 1);
  double delta = departure.cost + term.cost - term_[Index(to)].cost;
  double level = std::max(departure.level, term.level);
  int changed[4] = {from, to, kNowhere, kNowhere};
  if (item.both_halves) {
    changed[2] = Partner(from);
    changed[3] = Partner(to);
    const Term other = TermWith(changed[3], item.demand, 1);
    delta += other.cost - term_[Index(changed[3])].cost;
    level = std::max(level, other.level);
  }
  if (counts_level_) {
    level = std::max(level, LevelWithout(changed, item.both_halves ? 4 : 2));
    delta +=
        goal.level_weight * (std::max(level, goal.level) - std::max(fullest_[0].level, goal.level));
  }
  delta += Price(item, to) - Price(item, from);
  if (goal.border_weight > 0) delta += goal.border_weight * (Borders(i, to) - Borders(i, from));
  return delta;
}

bool Board::ChangesZone(const Item& item, int node) const {
  const int home = facts_[Index(item.node)].zone;
  const int zone = facts_[Index(node)].zone;
  return home >= 0 && zone >= 0 && home != zone;
}

double Board::Price(const Item& item, int node) const {
  if (node == item.node) return 0;
  const Goal& goal = problem_->goal;
  const double weight = goal.bytes_weight + (ChangesZone(item, node) ? goal.zone_weight : 0.0);
  return goal.move_weight + weight * item.bytes;
}

int Board::Borders(int item, int node) const {
  int borders = 0;
  if (item > 0 && at(item - 1) != node) ++borders;
  if (Index(item) + 1 < at_.size() && at(item + 1) != node) ++borders;
  return borders;
}

void Board::Move(int i, int to) {
  const Item& item = problem_->items[Index(i)];
  const int from = at(i);
  cost_ += Delta(i, to);
  borders_ += Borders(i, to) - Borders(i, from);
  Take(i, from);
  at_[Index(i)] = to;
  Put(i, to);
  const int changed[4] = {from, to, item.both_halves ? Partner(from) : kNowhere,
                          item.both_halves ? Partner(to) : kNowhere};
  for (int node : changed) {
    if (node == kNowhere) continue;
    Refresh(node);
    if (counts_level_) NoteFullest(node);
  }
}

// Load, members, group and the list of what is moved; the terms of the nodes are left to Refresh.
void Board::Put(int i, int node) {
  const Item& item = problem_->items[Index(i)];
  const int halves = item.both_halves ? 2 : 1;
  for (int half = 0; half < halves; ++half) {
    const int on = half == 0 ? node : Partner(node);
    for (std::size_t d = 0; d < kDimensions; ++d) load_[Index(on)][d] += item.demand[d];
    position_[Index(i)][Index(half)] = static_cast<int>(members_[Index(on)].size());
    members_[Index(on)].push_back(i);
  }
  if (item.group >= 0) ++in_unit_[GroupCell(item.group, node)];
  if (node == item.node) return;
  moved_position_[Index(i)] = static_cast<int>(moved_.size());
  moved_.push_back(i);
  bytes_ += item.bytes;
  if (ChangesZone(item, node)) zone_bytes_ += item.bytes;
}

void Board::Take(int i, int node) {
  const Item& item = problem_->items[Index(i)];
  const int halves = item.both_halves ? 2 : 1;
  for (int half = 0; half < halves; ++half) {
    const int on = half == 0 ? node : Partner(node);
    for (std::size_t d = 0; d < kDimensions; ++d) load_[Index(on)][d] -= item.demand[d];
    std::vector<int>& members = members_[Index(on)];
    const int position = position_[Index(i)][Index(half)];
    const int last = members.back();
    members[Index(position)] = last;
    members.pop_back();
    // The last one may lie on both halves: which of its two places this is, its node tells.
    position_[Index(last)][at(last) == on ? 0 : 1] = position;
  }
  if (item.group >= 0) --in_unit_[GroupCell(item.group, node)];
  if (node == item.node) return;
  const int last = moved_.back();
  moved_[Index(moved_position_[Index(i)])] = last;
  moved_position_[Index(last)] = moved_position_[Index(i)];
  moved_.pop_back();
  bytes_ -= item.bytes;
  if (ChangesZone(item, node)) zone_bytes_ -= item.bytes;
}

void Board::Refresh(int node) {
  term_[Index(node)] = TermOf(node, load_[Index(node)], members_[Index(node)].size());
}

double Board::LevelWithout(const int* nodes, int count) const {
  for (int k = 0; k < fullest_count_; ++k) {
    if (std::find(nodes, nodes + count, fullest_[Index(k)].node) == nodes + count) {
      return fullest_[Index(k)].level;
    }
  }
  return 0;
}

// The list holds the fullest nodes, as many as it holds. One that falls below them all leaves it,
// one that rises above the last enters it; only when it has become too short all nodes are looked
// at.
void Board::NoteFullest(int changed) {
  const double level = term_[Index(changed)].level;
  int count = 0;
  for (int k = 0; k < fullest_count_; ++k) {
    if (fullest_[Index(k)].node != changed) fullest_[Index(count++)] = fullest_[Index(k)];
  }
  fullest_count_ = count;
  if (count > 0 && level >= fullest_[Index(count - 1)].level) {
    Enter({changed, level});
  } else if (count < std::min(kFewestFullest, static_cast<int>(term_.size()))) {
    FindFullest();
  }
}

void Board::Enter(Fullest one) {
  int k = fullest_count_ < kMostFullest ? fullest_count_++ : kMostFullest - 1;
  for (; k > 0 && fullest_[Index(k - 1)].level < one.level; --k) {
    fullest_[Index(k)] = fullest_[Index(k - 1)];
  }
  fullest_[Index(k)] = one;
}

void Board::FindFullest() {
  fullest_count_ = 0;
  for (std::size_t n = 0; n < term_.size(); ++n) {
    const Fullest one{static_cast<int>(n), term_[n].level};
    if (fullest_count_ < kMostFullest || one.level > fullest_[kMostFullest - 1].level) Enter(one);
  }
}

Score Board::MakeScore() const {
  const Goal& goal = problem_->goal;
  Score score;
  for (const Term& term : term_) {
    score.level = std::max(score.level, term.level);
    score.excess += std::max(0.0, term.level - goal.level);
    score.over_limit += term.over_limit;
    score.fragments += term.fragments;
    score.cost += term.cost;
  }
  score.bytes = bytes_;
  score.zone_bytes = zone_bytes_;
  score.moves = static_cast<int>(moved_.size());
  score.borders = borders_;
  score.cost += goal.level_weight * std::max(0.0, score.level - goal.level) +
                goal.bytes_weight * score.bytes + goal.zone_weight * score.zone_bytes +
                goal.move_weight * score.moves + goal.border_weight * score.borders;
  return score;
}

}  // namespace tidewright::planner::placing
