// Items on nodes, with every term of the cost kept up to date: a step is judged in O(1). Internal
// to the placement engine.
#pragma once

#include <array>
#include <vector>

#include "planner/placing/problem.h"

namespace tidewright::planner::placing {

/// Expects a valid problem, which outlives it.
class Board {
 public:
  /// `at`: the node of each item.
  Board(const Problem& problem, std::vector<int> at);

  [[nodiscard]] const Problem& problem() const { return *problem_; }
  [[nodiscard]] int at(int item) const { return at_[Index(item)]; }
  [[nodiscard]] const std::vector<int>& placement() const { return at_; }
  [[nodiscard]] int home(int item) const { return problem_->items[Index(item)].node; }
  /// Items that are not where they were, in no order.
  [[nodiscard]] const std::vector<int>& moved() const { return moved_; }
  /// Those on both halves of its host included, in no order.
  [[nodiscard]] const std::vector<int>& ItemsOn(int node) const { return members_[Index(node)]; }
  /// In the worst dimension.
  [[nodiscard]] double Utilisation(int node) const { return term_[Index(node)].level; }
  /// The terms of the cost that are the node's own.
  [[nodiscard]] double NodeCost(int node) const { return term_[Index(node)].cost; }
  /// By how much these terms would fall if the item left; not negative for spread and limits.
  [[nodiscard]] double Relief(int item) const { return -Leave(item).cost; }
  [[nodiscard]] double cost() const { return cost_; }
  [[nodiscard]] Score MakeScore() const;

  /// Whether limits, groups, halves, pins and the number of moves allow the step.
  [[nodiscard]] bool Allows(int item, int to) const;
  /// What leaving its node changes there: the half of a step that is the same for every target.
  struct Departure {
    double cost = 0;
    double level = 0;  ///< of what is left
  };
  [[nodiscard]] Departure Leave(int item) const;
  /// What the step adds to the cost. `to` is another node than its own; the rest of Allows is not
  /// checked.
  [[nodiscard]] double Delta(int item, int to, const Departure& departure) const;
  [[nodiscard]] double Delta(int item, int to) const { return Delta(item, to, Leave(item)); }
  void Move(int item, int to);

 private:
  static std::size_t Index(int i) { return static_cast<std::size_t>(i); }
  struct Term {
    double level = 0;
    double cost = 0;
    double over_limit = 0;
    double fragments = 0;
  };
  struct Fullest {
    int node = kNowhere;
    double level = 0;
  };
  // One more than a step of an item on both halves changes; some more put off the next look at all.
  static constexpr int kFewestFullest = 5;
  static constexpr int kMostFullest = 16;
  // What a step asks of a node, side by side.
  struct Facts {
    Amounts per_unit{};   // 1/capacity, 0 where it does not count
    Amounts limit{};      // with a little slack: sums in another order differ in the last bits
    double capacity = 0;  // in the dimension of fragments
    int partner = kNowhere;
    int zone = kNowhere;
    bool receives = true;
    bool drains = false;
  };

  [[nodiscard]] int Partner(int node) const { return facts_[Index(node)].partner; }
  [[nodiscard]] double OverLimit(const Facts& facts, const Amounts& load, std::size_t items) const;
  [[nodiscard]] Term TermOf(int node, const Amounts& load, std::size_t items) const;
  [[nodiscard]] Term TermWith(int node, const Amounts& demand, int sign) const;
  [[nodiscard]] bool Fits(int node, const Amounts& demand, bool home) const;
  [[nodiscard]] bool KeepsApart(const Item& item, int from, int to) const;
  /// What it costs that the item lies there and not at home.
  [[nodiscard]] double Price(const Item& item, int node) const;
  [[nodiscard]] bool ChangesZone(const Item& item, int node) const;
  [[nodiscard]] int Borders(int item, int node) const;
  [[nodiscard]] double LevelWithout(const int* nodes, int count) const;
  [[nodiscard]] std::size_t GroupCell(int group, int node) const {
    return Index(group) * Index(units_) + Index(unit_[Index(node)]);
  }
  void LookUp();
  void NumberUnits();
  void Put(int item, int node);
  void Take(int item, int node);
  void Refresh(int node);
  void NoteFullest(int changed);
  void Enter(Fullest one);
  void FindFullest();

  const Problem* problem_;
  std::vector<int> at_;
  std::vector<Amounts> load_;
  std::vector<Amounts> start_;  // load with every item at home
  std::vector<Facts> facts_;
  std::vector<Term> term_;
  std::vector<std::vector<int>> members_;
  std::vector<std::array<int, 2>> position_;  // of an item among the members of its node(s)
  std::vector<int> moved_;
  std::vector<int> moved_position_;
  std::vector<int> unit_;     // of a node: host or zone, as the goal says
  std::vector<int> in_unit_;  // items of a group in a unit
  int units_ = 0;
  std::array<Fullest, kMostFullest> fullest_;  // nodes in falling order of utilisation
  int fullest_count_ = 0;
  double pieces_per_unit_ = 0;  // 1/fragment_size
  double cost_ = 0;
  double bytes_ = 0;
  double zone_bytes_ = 0;
  int borders_ = 0;
  bool counts_level_ = false;
};

}  // namespace tidewright::planner::placing
