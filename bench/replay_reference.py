"""Prints a replay's summary beside figures that were measured on the same 67 traces with another
implementation of the same simulated store, and beside the goals."""

import json
import sys

# J/OPT, hours, violating %, episodes; periodic, then bursty; then J/OPT of all.
REFERENCE = {
    "static-peak": [(2.101, 2.075, 0.10, 20), (5.665, 5.515, 0.11, 157), 3.580],
    "hpa": [(1.660, 1.330, 5.89, 755), (2.349, 1.154, 11.6, 8845), 2.000],
    "reactive": [(1.451, 1.208, 6.51, 2776), (1.760, 1.215, 3.77, 6336), 1.610],
    "reactive-hindsight": [(1.376, 1.255, 4.29, 2775), (1.675, 1.197, 3.07, 5678), 1.530],
    "p-store": [(1.244, 1.191, 1.01, 546), (1.795, 1.254, 4.40, 6366), 1.515],
    "ahpa": [(1.382, 1.352, 0.46, 213), (1.870, 1.424, 2.41, 3977), 1.626],
    "optimum-no-violations": [(1.009, 1, 0.005, 7), (1.039, 1, 0.04, 73), 1.025],
    "optimum": [(1, 0.983, 4.23, 5886), (1, 0.894, 2.99, 9654), 1],
}
GOALS = {
    "replay_policy": [(None, 1.15, 0.25, 110), (None, 1.40, 1.0, 1600), None],
    "replay_policy_economy": [(1.04, None, None, None), (1.30, None, None, None), 1.17],
}


def main():
    with open(sys.argv[1]) as file:
        summary = json.load(file)
    pooled = {one["class"]: one for one in summary["pooled"]}
    if not {"periodic", "bursty", "all"} <= pooled.keys():
        print("\nno table beside the reference: all traces are of one class")
        return
    print(
        f"\nours / reference; classes here {pooled['periodic']['traces']} periodic and "
        f"{pooled['bursty']['traces']} bursty, there 31 and 36; for our policies / the goal"
    )
    head = "".join(
        f"{c + ' J/OPT':>17}{'hours':>15}{'viol %':>15}{'episodes':>15}" for c in ("periodic", "bursty")
    )
    print(f"{'':<24}{head}{'all J/OPT':>17}")
    for i, line in enumerate(pooled["all"]["results"]):
        known = {**REFERENCE, **GOALS}.get(line["policy"], [(None,) * 4, (None,) * 4, None])
        cells = []
        for j, name in enumerate(("periodic", "bursty")):
            one = pooled[name]["results"][i]
            ours = (
                one["objective_over_optimum"],
                one["hours_over_zero_violation"],
                100 * one["violating_share"],
                one["episodes"],
            )
            for value, other, digits, width in zip(ours, known[j], (3, 3, 2, 0), (17, 15, 15, 15)):
                there = "-" if other is None else f"{other:.{digits}f}"
                cells.append(f"{f'{value:.{digits}f} / {there}':>{width}}")
        there = "-" if known[2] is None else f"{known[2]:.3f}"
        ours = line["objective_over_optimum"]
        cells.append(f"{f'{ours:.3f} / {there}':>17}")
        print(f"{line['policy']:<24}{''.join(cells)}")


main()
