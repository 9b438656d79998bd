// coverage FOLDER [shift FACTOR] [days N] [no-feedback]: do published quantiles hold?
//
// Each five-minute trace is followed as a running controller would: from its middle (day 8 at the
// earliest, the last eight days at most, or N), a forecast every hour, its promises noted and
// settled as demand arrives. The first two days are feedback alone; what follows is judged. With
// `shift`, demand is multiplied by FACTOR from the middle of what is judged on; before and after
// are told apart, and each trace is followed without the shift as well: the same times then show
// what is the shift's doing and what the times'. Coverage is pooled over traces; pinball loss is
// relative to each trace's mean demand. A value that equals its quantile is held: of series that
// hardly ever change nearly all are, at every level, and that share is told beside the coverage.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/forecast/forecast_data.h"
#include "forecast/forecaster.h"

namespace tidewright::bench {
namespace {

constexpr int kDay = 288;
constexpr int kHour = 12;
constexpr int kHistory = 8064;
constexpr int kFeedbackDays = 2;
const std::vector<double> kLevels = {0.5, 0.8, 0.9, 0.95, 0.99};
constexpr std::array<int, 2> kWindows = {kHour, 4 * kHour};

struct Options {
  std::string folder;
  double shift = 1;
  int days = 8;
  bool feedback = true;
};

// Of one kind of promise.
struct Tally {
  std::array<double, 5> held{};
  std::array<double, 5> equal{};
  std::array<double, 5> pinball{};
  double count = 0;

  void Add(double value, const std::array<double, 5>& quantiles, double scale) {
    for (std::size_t l = 0; l < held.size(); ++l) {
      const double rounding = 1e-6 * std::abs(quantiles[l]);
      held[l] += value <= quantiles[l] + rounding ? 1 : 0;
      equal[l] += std::abs(value - quantiles[l]) <= rounding ? 1 : 0;
      const double error = value - quantiles[l];
      pinball[l] += std::max(kLevels[l] * error, (kLevels[l] - 1) * error) / scale;
    }
    ++count;
  }
  void Print(const std::string& what) const {
    if (count == 0) return;
    fmt::print("{:<34}", what);
    for (const double h : held) fmt::print(" {:.3f}", h / count);
    double loss = 0;
    for (std::size_t l = 1; l < held.size(); ++l) loss += pinball[l] / count / 4;
    fmt::print("   {:.5f}  ({:.0f})\n", loss, count);
  }
  void PrintEqual() const {
    fmt::print("{:<34}", "  of these equal to the quantile");
    for (const double e : equal) fmt::print(" {:.3f}", e / std::max(1.0, count));
    fmt::print("\n");
  }
};

// One judged step, kept until it is known which tenth of a trace's forecasts is the highest.
struct Step {
  float value;
  std::array<float, 5> quantiles;
};

struct Phase {
  Tally near, middle, far, all, expected_busy, busy, hour, four_hours, busy_hour;
  std::vector<std::array<double, 5>> by_trace;  // near, for each trace

  void Print(const std::string& name) {
    fmt::print("\n{:<34} 0.500 0.800 0.900 0.950 0.990   pinball\n", name);
    near.Print("steps up to 1 h");
    middle.Print("steps of 1 to 4 h");
    far.Print("steps of 4 to 24 h");
    all.Print("all steps");
    all.PrintEqual();
    expected_busy.Print("tenth with the highest forecasts");
    busy.Print("tenth that turned out highest");
    hour.Print("maximum over 1 h");
    four_hours.Print("maximum over 4 h");
    busy_hour.Print("maximum over 1 h, highest tenth");
    fmt::print("{:<34}", "traces within 3 points up to 1 h");
    for (std::size_t l = 0; l < kLevels.size(); ++l) {
      double within = 0;
      for (const auto& c : by_trace) within += std::abs(c[l] - kLevels[l]) <= 0.03 ? 1 : 0;
      fmt::print(" {:.3f}", within / std::max<double>(1, by_trace.size()));
    }
    fmt::print("\n");
  }
};

// Of one trace in one phase.
struct Own {
  Tally near;
  std::vector<Step> steps;

  void Keep(double value, const std::array<double, 5>& q) {
    Step step{.value = static_cast<float>(value), .quantiles = {}};
    for (std::size_t l = 0; l < q.size(); ++l) step.quantiles[l] = static_cast<float>(q[l]);
    steps.push_back(step);
  }
  void AddBusiest(double scale, Tally& tally) {
    const auto tenth = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 10);
    std::nth_element(steps.begin(), tenth, steps.end(),
                     [](const Step& a, const Step& b) { return a.quantiles[0] > b.quantiles[0]; });
    for (auto it = steps.begin(); it != tenth; ++it) {
      std::array<double, 5> q{};
      for (std::size_t l = 0; l < q.size(); ++l) q[l] = it->quantiles[l];
      tally.Add(it->value, q, scale);
    }
  }
};

class Run {
 public:
  Run(Options options) : options_(std::move(options)) {}

  /// With the shift and, beside it, without.
  void Follow(const Trace& trace) {
    const int n = static_cast<int>(trace.series.values.size());
    const int end = n - kDay;  // the last origin sees a day
    const int begin = std::max({8 * kDay, n / 2, end - options_.days * kDay});
    const int judged = begin + kFeedbackDays * kDay;
    if (judged + kDay > end) return;
    const bool shifts = options_.shift != 1;
    const int shift = shifts ? judged + (end - judged) / 2 / kHour * kHour : n;
    World calm = WorldOf(trace, begin, judged, shift);
    if (!(calm.scale > 0)) return;  // nothing but zeros
    FollowFrom(calm, begin, std::min(shift, end));
    if (shifts) {
      Trace shifted = trace;
      for (int i = shift; i < n; ++i) shifted.series.values[i] *= options_.shift;
      World world = WorldOf(shifted, begin, judged, shift);
      world.state = calm.state;
      FollowFrom(world, shift, end);
      Close(world);
      calm.first_phase = kShiftedPhases;
      FollowFrom(calm, shift, end);
    }
    Close(calm);
  }

  void Print() {
    if (options_.shift == 1) {
      phases_[0].Print("two days of feedback, then");
      return;
    }
    phases_[0].Print("before the shift");
    phases_[1].Print("the first two days after the shift");
    phases_[kShiftedPhases + 1].Print("  the same times without a shift");
    phases_[2].Print("later");
    phases_[kShiftedPhases + 2].Print("  the same times without a shift");
  }

 private:
  // Before the shift, the first days after it, later; then the same without a shift.
  static constexpr int kShiftedPhases = 3;
  static constexpr Duration kStep = std::chrono::minutes(5);

  // One trace under way.
  struct World {
    Trace trace;
    int judged;  // from this origin on
    int shift;
    double scale = 0;  // mean of what is judged
    double busy = 0;   // above this, a step is one of its busiest tenth
    ForecastState state;
    int first_phase = 0;
    std::array<Own, kShiftedPhases> own{};
  };

  World WorldOf(const Trace& trace, int begin, int judged, int shift) const {
    World world{
        .trace = trace, .judged = judged, .shift = shift, .state = StateBefore(trace, begin)};
    std::vector<double> sorted;
    for (std::size_t i = static_cast<std::size_t>(judged); i < trace.series.values.size(); ++i) {
      if (!std::isnan(trace.series.values[i])) sorted.push_back(trace.series.values[i]);
    }
    if (sorted.empty()) return world;
    for (const double v : sorted) world.scale += v / static_cast<double>(sorted.size());
    std::sort(sorted.begin(), sorted.end());
    world.busy = sorted[sorted.size() * 9 / 10];
    return world;
  }

  // An origin's place among the phases of its world; −1 where it is not judged.
  static int PhaseOf(const World& world, int origin) {
    if (origin < world.judged) return -1;
    if (origin + kDay <= world.shift) return 0;
    if (origin < world.shift) return -1;
    return origin < world.shift + kFeedbackDays * kDay ? 1 : 2;
  }

  void FollowFrom(World& world, int begin, int end) {
    for (int origin = begin; origin < end; origin += kHour) {
      ForecastState& state = world.state;
      if (NeedsRefit(state, request_)) state = Refit(std::move(state), request_).value();
      const Forecast f = MakeForecast(state, request_).value();
      if (options_.feedback) NotePromises(f, state.calibration);
      const int phase = PhaseOf(world, origin);
      if (phase >= 0) Judge(world, origin, f, phase);
      const auto from = world.trace.series.values.begin() + origin;
      const Series news{.start = start_ + kStep * origin,
                        .step = kStep,
                        .values = {from, from + kHour},
                        .flags = {}};
      state = Update(std::move(state), news).value();
    }
  }

  // A world's end: what must be known of all of its time.
  void Close(World& world) {
    for (int phase = 0; phase < kShiftedPhases; ++phase) {
      Own& own = world.own[static_cast<std::size_t>(phase)];
      if (own.near.count == 0) continue;
      Phase& all = phases_[PhaseIndex(world, phase)];
      own.AddBusiest(world.scale, all.expected_busy);
      auto& coverage = all.by_trace.emplace_back();
      for (std::size_t l = 0; l < kLevels.size(); ++l)
        coverage[l] = own.near.held[l] / own.near.count;
    }
  }

  // Before the shift there is but one world.
  static std::size_t PhaseIndex(const World& world, int phase) {
    return static_cast<std::size_t>(phase == 0 ? 0 : world.first_phase + phase);
  }

  ForecastState StateBefore(const Trace& trace, int origin) const {
    const int first = std::max(0, origin - kHistory);
    ForecastState state;
    state.observed = {
        .start = start_ + kStep * first,
        .step = kStep,
        .values = {trace.series.values.begin() + first, trace.series.values.begin() + origin},
        .flags = {}};
    return state;
  }

  void Judge(World& world, int origin, const Forecast& f, int in_phase) {
    Phase& phase = phases_[PhaseIndex(world, in_phase)];
    Own& own = world.own[static_cast<std::size_t>(in_phase)];
    const double scale = world.scale;
    const WallTime now = WallTime{} + kStep * origin;
    const int behind = static_cast<int>((now - f.start) / f.step);
    double highest = 0;
    bool gap = false;
    bool any_busy = false;
    for (int i = 0; i < kDay && i + behind < f.horizon; ++i) {
      const double y = world.trace.series.values[origin + i];
      gap |= std::isnan(y);
      if (!std::isnan(y)) {
        std::array<double, 5> q{};
        for (std::size_t l = 0; l < q.size(); ++l) q[l] = f.quantiles[l][i + behind];
        highest = std::max(highest, y);
        (i < kHour ? phase.near : i < 4 * kHour ? phase.middle : phase.far).Add(y, q, scale);
        phase.all.Add(y, q, scale);
        if (i < kHour) own.near.Add(y, q, scale);
        own.Keep(y, q);
        if (y >= world.busy) phase.busy.Add(y, q, scale);
        any_busy |= y >= world.busy;
      }
      for (std::size_t w = 0; w < kWindows.size(); ++w) {
        if (i + 1 != kWindows[w] || gap || behind != 0) continue;
        std::array<double, 5> q{};
        for (std::size_t l = 0; l < q.size(); ++l) q[l] = f.maxima[w].quantiles[l];
        (w == 0 ? phase.hour : phase.four_hours).Add(highest, q, scale);
        if (w == 0 && any_busy) phase.busy_hour.Add(highest, q, scale);
      }
    }
  }

  Options options_;
  WallTime start_{};
  ForecastRequest request_ = [] {
    ForecastRequest r;
    r.windows = {kStep * kWindows[0], kStep * kWindows[1]};
    return r;
  }();
  std::array<Phase, 2 * kShiftedPhases> phases_;
};

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "shift" && i + 1 < argc) {
      options.shift = std::atof(argv[++i]);
    } else if (word == "days" && i + 1 < argc) {
      options.days = std::max(kFeedbackDays + 1, std::atoi(argv[++i]));
    } else if (word == "no-feedback") {
      options.feedback = false;
    } else {
      options.folder = word;
    }
  }
  if (options.folder.empty()) {
    fmt::print(stderr, "usage: coverage FOLDER [shift FACTOR] [days N] [no-feedback]\n");
    return 2;
  }
  const auto traces = ReadFiveMinuteTraces(options.folder);
  if (!traces.ok()) {
    fmt::print(stderr, "coverage: {}\n", Message(traces.status()));
    return 1;
  }
  Run run(options);
  for (const Trace& trace : *traces) run.Follow(trace);
  run.Print();
  return 0;
}

}  // namespace
}  // namespace tidewright::bench

int main(int argc, char** argv) { return tidewright::bench::Main(argc, argv); }
