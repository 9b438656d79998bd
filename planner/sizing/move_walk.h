// Demand walked through the simulated store, step by step: what replay judges policies by, and what
// a baseline that is tuned on history rehearses in. Plain arithmetic.
#pragma once

#include <algorithm>
#include <vector>

#include "planner/sizing/move_model.h"

namespace tidewright {

/// A move as it will go: what is served in each of its steps, in shards' worth.
struct MoveCourse {
  std::vector<double> capacity;
  int idle = 0;    ///< steps at its beginning in which the old size is billed still
  int billed = 0;  ///< shards, in every other step
  int then = 0;    ///< shards afterwards
};

/// The course that the model promises. Replaces what `course` held.
inline void PlanCourse(const MoveModel& moves, int from, int to, MoveCourse& course) {
  const int steps = moves.Steps(from, to);
  course.capacity.clear();
  for (int j = 0; j < steps; ++j) course.capacity.push_back(moves.Capacity(from, to, j));
  course.idle = 0;
  course.billed = std::max(from, to);
  course.then = to;
}

/// Steps begin…end − 1. At the end of step t (the first time at begin − 1), while no move is under
/// way, decide(t, shards) answers a size; another one than the present begins a move, whose course
/// set_out(t, from, to, course) tells. serve(t, capacity, billed) is told every step, capacity in
/// shards' worth. A move may still be under way at the end.
template <typename Decide, typename SetOut, typename Serve>
void WalkMoves(int begin, int end, int shards, Decide decide, SetOut set_out, Serve serve) {
  MoveCourse course;
  for (int t = begin; t < end;) {
    const int target = decide(t - 1, shards);
    if (target == shards) {
      serve(t++, static_cast<double>(shards), shards);
      continue;
    }
    set_out(t - 1, shards, target, course);
    int idle = course.idle;
    for (const double capacity : course.capacity) {
      if (t >= end) break;
      serve(t++, capacity, idle-- > 0 ? shards : course.billed);
    }
    shards = course.then;
  }
}

}  // namespace tidewright
