// How far fragments can fall at all: a proof beside which the search can be judged.
#pragma once

#include "planner/placing/problem.h"

namespace tidewright::bench {

/// No placement within goal.max_moves has more whole free pieces than at the start by this much, or
/// more. A Lagrangian bound: a move costs a price, and so does taking an item of a kind off a node,
/// which putting one on a node earns back; at given prices each host's best change is found
/// exactly, whatever the others do, and the sum over hosts is a bound. Prices are improved by
/// subgradient steps, and any prices give a valid bound. Looks at the goal's dimension alone;
/// demands and sizes in it are whole numbers.
[[nodiscard]] double MostPiecesGained(const planner::placing::Problem& problem, int iterations);

}  // namespace tidewright::bench
