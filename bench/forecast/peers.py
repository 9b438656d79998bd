#!/usr/bin/env python3
"""Tidewright's forecasts beside those of statsforecast and Prophet: same series, same run.

bench/forecast/peers.sh runs this in an environment of its own; see --help.

Series: a fixed part of M4-Hourly, 48 hours ahead; every sixth of the five-minute traces, two
origins each, 288 steps ahead (the first and the last of accuracy_traces' origins; one that lies in
a gap moves back to the last observation). Slow peers get a fixed part of these and are compared on
it with everything that did the same part. AutoETS has no season of 288 steps: it would take minutes
a series. Gaps are filled linearly for the peers, which take none.

Each method has one thread. Times are CPU time, all processes that a method starts included, after
a warm-up that bears the compilers' time; ours is the median of three runs of
`tidectl forecast --jobs 1`, reading and writing CSV included. All takes about four minutes of CPU.
The upper end of a peer's two-sided
80 % interval is its one-sided 90 % quantile. Points are ours' median and the peers' mean forecast.
"""

import os

for variable in ("OMP", "NUMBA", "OPENBLAS", "MKL", "STAN"):  # before numpy is imported
    os.environ[variable + "_NUM_THREADS"] = "1"

import argparse
import csv
import glob
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import Callable

from peers_models import available_peers

NAIVE2_SMAPE, NAIVE2_MASE = 18.383, 2.395  # of M4-Hourly's Naive2: what OWA is relative to
HISTORY = 8064  # points of a trace before an origin, at most
DAY = 288
RUNS_OF_OURS = 3


@dataclass
class Case:
    """One forecast to make. None is a gap."""

    series: str  # forecasts of the same series are scored together
    history: list
    actual: list


@dataclass
class Suite:
    name: str
    step: str  # as tidectl reads it
    step_seconds: int
    season: int
    horizon: int
    cases: list
    limits: dict = field(default_factory=dict)  # peer -> number of cases, where not all


@dataclass
class Result:
    """Of one method: forecasts by the number of their case."""

    method: str
    points: dict = field(default_factory=dict)
    highs: dict = field(default_factory=dict)  # 90 % quantiles
    seconds: dict = field(default_factory=dict)
    failed: list = field(default_factory=list)


# ---------------------------------------------------------------- reading


def read_m4(folder, every):
    def rows(kind):
        paths = glob.glob(os.path.join(folder, f"hourly_{kind}_*.csv"))
        if not paths:
            sys.exit(f"peers: there is no hourly_{kind}_*.csv in {folder}; see --shared")
        with open(paths[0]) as file:
            return {r[0]: [float(v) for v in r[1:] if v] for r in csv.reader(file)}

    train, test = rows("train"), rows("test")
    cases = [Case(name, train[name], test[name]) for name in list(train)[::every]]
    name = f"M4-Hourly: every {every}th of {len(train)}" if every > 1 else "M4-Hourly: all"
    return Suite(f"{name} series, 48 hours ahead", "1h", 3600, 24, 48, cases)


def read_trace(path):
    """Values on a grid of 300 s, None where there is none."""
    with open(path) as file:
        rows = [r for r in csv.reader(file)][1:]
    times = [datetime.fromisoformat(r[0].replace("Z", "+00:00")).timestamp() for r in rows]
    values = [None] * (round((times[-1] - times[0]) / 300) + 1)
    for at, row in zip(times, rows):
        values[round((at - times[0]) / 300)] = float(row[1]) if row[1] else None
    return values


def read_traces(folder, every, origins):
    index = os.path.join(folder, "INDEX.tsv")
    if not os.path.exists(index):
        sys.exit(f"peers: there is no {index}; see --shared")
    with open(index) as file:
        files = [r["file"] for r in csv.DictReader(file, delimiter="\t") if r["step_s"] == "300"]
    cases = []
    for name in files[::every]:
        values = read_trace(os.path.join(folder, name))
        first, last = max(7 * DAY, len(values) // 2), len(values) - DAY
        for origin in sorted({first, last} if origins == 2 else {last}):
            while values[origin - 1] is None:
                origin -= 1
            history = values[max(0, origin - HISTORY) : origin]
            cases.append(Case(name, history, values[origin : origin + DAY]))
    name = (
        f"five-minute traces: every {every}th of {len(files)}, {origins} origin(s) each, "
        f"{DAY} steps ahead"
    )
    return Suite(name, "5m", 300, DAY, DAY, cases)


def fill_gaps(history):
    """Straight lines between what is known; the nearest value outside."""
    known = [i for i, v in enumerate(history) if v is not None]
    filled = list(history)
    for i in range(known[0]):
        filled[i] = history[known[0]]
    for left, right in zip(known, known[1:]):
        for i in range(left + 1, right):
            share = (i - left) / (right - left)
            filled[i] = history[left] + share * (history[right] - history[left])
    return filled


# ---------------------------------------------------------------- running


def cpu_seconds():
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, both))


def part_of(suite, limit):
    """`limit` numbers of cases, spread over all."""
    count = len(suite.cases)
    limit = min(limit, count)
    return [i * count // limit for i in range(limit)]


def run_tidectl(tidectl, suite):
    result = Result("Tidewright")
    with tempfile.TemporaryDirectory() as folder:
        panel = os.path.join(folder, "panel.csv")
        with open(panel, "w") as file:
            for number, case in enumerate(suite.cases):
                values = ("" if v is None else repr(v) for v in case.history)
                file.write(f"{number},{','.join(values)}\n")
        command = [tidectl, "forecast", "--input", panel, "--panel", "--step", suite.step]
        command += ["--horizon", str(suite.horizon), "--quantiles", "0.5,0.9", "--jobs", "1"]
        command += ["--output", "csv"]
        seconds = []
        for _ in range(RUNS_OF_OURS):
            before = cpu_seconds()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds.append(cpu_seconds() - before)
            if done.returncode != 0:
                sys.exit(f"peers: {' '.join(command)}: {done.stderr.strip()}")
    for row in csv.DictReader(done.stdout.splitlines()):
        result.points.setdefault(int(row["id"]), []).append(float(row["q50"]))
        result.highs.setdefault(int(row["id"]), []).append(float(row["q90"]))
    each = statistics.median(seconds) / len(suite.cases)
    result.seconds = {number: each for number in result.points}
    return result


def run_peer(name, make, suite, budget):
    """Stops early where `budget` CPU seconds are used up: the table shows how far it came."""
    result = Result(name)
    forecast: Callable = make(suite.season, suite.step_seconds)
    try:
        forecast(fill_gaps(suite.cases[0].history)[-3 * max(suite.season, 168) :], suite.horizon)
    except Exception:  # too short for some: the first forecast bears the warm-up then
        pass
    numbers = part_of(suite, suite.limits.get(name, len(suite.cases)))
    for done, number in enumerate(numbers):
        if sum(result.seconds.values()) > budget:
            print(f"{name} stopped after {done} of {len(numbers)}: {budget} s are used up",
                  file=sys.stderr)
            break
        history = fill_gaps(suite.cases[number].history)
        before = cpu_seconds()
        try:
            point, high = forecast(history, suite.horizon)
        except Exception as error:  # a peer's own trouble with a series is part of the result
            result.failed.append(f"{suite.cases[number].series}: {error}")
            continue
        if not all(map(math.isfinite, [*point, *(high or [])])):
            result.failed.append(f"{suite.cases[number].series}: not finite")
            continue
        result.seconds[number] = cpu_seconds() - before
        result.points[number] = point
        if high is not None:
            result.highs[number] = high
    return result


# ---------------------------------------------------------------- scoring


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def geometric_mean(values):
    return math.exp(mean(math.log(v) for v in values))


def bounded_ratio(a, b):
    """Within 1/1000 and 1000, so that no single series decides a geometric mean."""
    return min(max((a + 1e-9) / (b + 1e-9), 1e-3), 1e3)


def owa_columns(suite, result, numbers):
    smapes, mases = [], []
    for number in numbers:
        case, point = suite.cases[number], result.points[number]
        history, season = case.history, suite.season
        scale = mean(abs(a - b) for a, b in zip(history[season:], history))
        errors = [abs(y - f) for y, f in zip(case.actual, point)]
        smapes.append(mean(200 * e / (abs(y) + abs(f) + 1e-12)
                           for e, y, f in zip(errors, case.actual, point)))
        mases.append(mean(errors) / scale)
    smape, mase = mean(smapes), mean(mases)
    return [f"{smape:.2f}", f"{mase:.3f}", f"{(smape / NAIVE2_SMAPE + mase / NAIVE2_MASE) / 2:.3f}"]


def relative_mae_columns(suite, result, numbers):
    columns = []
    for steps in (12, 48, DAY):
        sums = {}
        for number in numbers:
            case = suite.cases[number]
            ours, naive = sums.get(case.series, (0.0, 0.0))
            before = case.history[-DAY:]
            for y, f, n in list(zip(case.actual, result.points[number], before))[:steps]:
                if y is not None and n is not None:
                    ours, naive = ours + abs(y - f), naive + abs(y - n)
            sums[case.series] = (ours, naive)
        columns.append(f"{geometric_mean(bounded_ratio(*pair) for pair in sums.values()):.3f}")
    return columns


def high_losses(suite, result, numbers):
    """Pinball loss of the 90 % quantile by series."""
    losses = {}
    for number in numbers:
        case = suite.cases[number]
        for y, q in zip(case.actual, result.highs[number]):
            if y is not None:
                loss = max(0.9 * (y - q), 0.1 * (q - y))
                losses[case.series] = losses.get(case.series, 0.0) + loss
    return losses


def coverage_columns(suite, result, ours, numbers):
    if not all(number in result.highs for number in numbers):
        return ["-", "-"]
    pairs = [(y, q) for n in numbers for y, q in zip(suite.cases[n].actual, result.highs[n])]
    held = [y <= q * (1 + 1e-6) for y, q in pairs if y is not None]
    mine, theirs = high_losses(suite, ours, numbers), high_losses(suite, result, numbers)
    ratio = geometric_mean(bounded_ratio(theirs[s], mine[s]) for s in mine)
    return [f"{100 * mean(held):.1f} %", f"{ratio:.2f}"]


def print_block(suite, results, ours, numbers):
    score = owa_columns if suite.season == 24 else relative_mae_columns
    heads = ["sMAPE", "MASE", "OWA"] if suite.season == 24 else ["MAE 1 h", "4 h", "24 h"]
    heads += ["q90 held", "q90 loss", "CPU ms", "x ours"]
    print(f"{'':34}" + "".join(f"{h:>10}" for h in heads))
    milliseconds = {id(r): 1e3 * mean(r.seconds[n] for n in numbers) for r in results}
    for result in sorted(results, key=lambda r: r is not ours):
        row = score(suite, result, numbers) + coverage_columns(suite, result, ours, numbers)
        taken = milliseconds[id(result)]
        row += [f"{taken:.1f}", f"{taken / milliseconds[id(ours)]:.2f}"]
        print(f"{result.method:34}" + "".join(f"{c:>10}" for c in row))


def print_suite(suite, results, ours):
    print(f"\n{suite.name}: {len(suite.cases)} forecasts")
    done = {frozenset(r.points) for r in results if r.points}
    for numbers in sorted(done, key=len, reverse=True):
        able = [r for r in results if numbers <= r.points.keys()]
        new = [r.method for r in able if r.points.keys() == numbers]
        if len(numbers) < len(suite.cases):
            print(f"\non the {len(numbers)} forecasts that {', '.join(new)} made")
        print_block(suite, able, ours, sorted(numbers))
    for result in results:
        for failure in result.failed:
            print(f"{result.method} failed on {failure}")


# ---------------------------------------------------------------- main


def suites(options):
    m4, traces = os.path.join(options.shared, "m4"), os.path.join(options.shared, "traces")
    if options.quick:
        hourly, minutes = read_m4(m4, 20), read_traces(traces, 12, 1)
        hourly.limits = {"Prophet": 4}
        minutes.limits = {"DynamicOptimizedTheta": 3, "Prophet": 3}
    elif options.all:
        hourly, minutes = read_m4(m4, 1), read_traces(traces, 6, 2)
        hourly.limits = {"Prophet": 30}
        minutes.limits = {"DynamicOptimizedTheta": 12, "Prophet": 12}
    else:
        hourly, minutes = read_m4(m4, 5), read_traces(traces, 6, 2)
        hourly.limits = {"Prophet": 10}
        minutes.limits = {"DynamicOptimizedTheta": 6, "Prophet": 6}
    return [hourly, minutes]


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", default="../shared", help="folder of m4/ and traces/")
    parser.add_argument("--tidectl", default="build/release/bin/tidectl")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a rough idea in a minute of CPU")
    size.add_argument("--all", action="store_true", help="all of M4's half: half an hour and more")
    parser.add_argument(
        "--budget", type=int, metavar="SECONDS", help="CPU of each peer and set (default 240)"
    )
    options = parser.parse_args()
    options.budget = options.budget or (1200 if options.all else 240)
    if not os.access(options.tidectl, os.X_OK):
        sys.exit(f"peers: there is no program {options.tidectl}; build it or see --tidectl")
    return options


def main():
    options = parse_options()
    warnings.filterwarnings("ignore")
    started = time.monotonic()
    to_run = suites(options)
    peers, versions, missing = available_peers()
    print("peers:", ", ".join(versions) or "none")
    for reason in missing:
        print("left out:", reason)
    for suite in to_run:
        ours = run_tidectl(options.tidectl, suite)
        results = [ours]
        for name, make in peers:
            results.append(run_peer(name, make, suite, options.budget))
            taken = sum(results[-1].seconds.values())
            print(f"{name}: {len(results[-1].points)} forecasts, {taken:.0f} s", file=sys.stderr)
        print_suite(suite, results, ours)
    print(
        "\nq90 held: share of values at or under the one-sided 90 % quantile; q90 loss: its pinball"
        "\nloss relative to ours, geometric mean over series; MAE: relative to daily seasonal naive,"
        "\ngeometric mean over traces; CPU ms a series, one thread each."
        f"\n{(time.monotonic() - started) / 60:.1f} minutes by the clock"
    )


if __name__ == "__main__":
    main()
