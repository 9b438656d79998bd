#include "forecast/event_occasion.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

using Effect = CalendarEvent::Effect;

// Occurrences seen count one each; what was declared weighs as many as this, and "no effect" this
// many where nothing was.
constexpr double kDeclaredWeight = 0.5;
constexpr double kUndeclaredWeight = 0.25;
// Standard deviation of what was never seen, as a share of its logarithm, and its bounds.
constexpr double kDeclaredDoubt = 0.35;
constexpr double kLeastDoubt = 0.02;
constexpr double kMostDoubt = 0.35;
constexpr double kLevelDoubt = 0.15;  // of a level that was never seen
// Of one occurrence to the next, before two have told: worth one of them.
constexpr double kUsualDeviation = 0.12;
// What is under way counts as much as all that was known before after this time.
constexpr Duration kHalfBelieved = std::chrono::hours(1);
constexpr double kSmall = 1e-3;  // of the mean: keeps logarithms finite
const double kMostLog = std::log(Calendar::kMostFactor);

double Bounded(double log) { return std::clamp(log, -kMostLog, kMostLog); }

bool Censored(const Series& series, int i) {
  constexpr unsigned kHides = kSaturated | kThrottled;
  return !series.flags.empty() && (series.flags[static_cast<std::size_t>(i)] & kHides) != 0;
}

// What is declared of a part, as a logarithm; NaN where nothing is.
double Declared(const Series& observed, const OrdinaryDemand& ordinary, const CalendarEvent& event,
                const EventWindow& window, int part, int parts) {
  if (event.effect == Effect::kLearned) return Series::kGap;
  if (event.effect == Effect::kFactor) return std::log(event.value);
  if (event.effect == Effect::kLevel) return 0.0;
  const double step = Seconds(observed.step);
  const double begin = Seconds(window.start - observed.start) / step;
  const double width = Seconds(window.end - window.start) / step / parts;
  const int from = static_cast<int>(std::floor(begin + width * part));
  const int to = std::max(from + 1, static_cast<int>(std::floor(begin + width * (part + 1))));
  std::vector<double> logs;
  for (int i = from; i < to; ++i) {
    logs.push_back(ordinary.LikeDay(i, event.like).value_or(Series::kGap));
  }
  return MeanKnown(logs);
}

double Doubt(const CalendarEvent& event, const std::vector<double>& logs,
             const std::vector<double>& seen) {
  if (seen.empty() && event.effect == Effect::kLevel) return kLevelDoubt;
  if (seen.empty()) {
    double size = 0;
    for (const double log : logs) size = std::max(size, std::abs(log));
    return std::clamp(kDeclaredDoubt * size, kLeastDoubt, kMostDoubt);
  }
  const double n = static_cast<double>(seen.size());
  const double mean = MeanKnown(seen);
  double square = kUsualDeviation * kUsualDeviation;
  for (const double level : seen) square += (level - mean) * (level - mean);
  return std::min(kMostDoubt, std::sqrt(square / n * (1 + 1 / n)));
}

}  // namespace

double MeanKnown(const std::vector<double>& values) {
  double sum = 0;
  int count = 0;
  for (const double v : values) {
    if (std::isnan(v)) continue;
    sum += v;
    ++count;
  }
  return count > 0 ? sum / count : Series::kGap;
}

int PartOf(WallTime at, const EventWindow& window, int parts) {
  const double share = Seconds(at - window.start) / Seconds(window.end - window.start);
  return std::clamp(static_cast<int>(share * parts), 0, parts - 1);
}

void Measure(const Series& observed, const std::vector<std::uint8_t>& special,
             const OrdinaryDemand& ordinary, Occasion& occasion) {
  const CalendarEvent& event = *occasion.event;
  const EventWindow& window = occasion.window;
  const int parts = EventParts(window.end - window.start);
  struct Sums {
    double seen = 0;
    double usual = 0;
    int steps = 0;
    bool censored = false;
  };
  std::vector<Sums> sums(static_cast<std::size_t>(parts));
  const double level = ordinary.LevelBeside(occasion.begin, occasion.end);
  for (int i = occasion.begin; i < occasion.end; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double value = observed.values[at];
    const WallTime time = observed.TimeOf(at);
    const bool inside = time >= window.start && time + observed.step <= window.end;
    if (!inside || special[at] > 1 || !std::isfinite(value)) continue;
    const auto usual = ordinary.Usual(i);
    if (!usual) continue;
    Sums& s = sums[static_cast<std::size_t>(PartOf(time + observed.step / 2, window, parts))];
    s.seen += std::max(0.0, value);
    s.usual += level * *usual;
    s.censored |= Censored(observed, i);
    ++s.steps;
  }
  occasion.against_usual.assign(sums.size(), Series::kGap);
  occasion.against_declared.assign(sums.size(), Series::kGap);
  for (std::size_t p = 0; p < sums.size(); ++p) {
    const Sums& s = sums[p];
    if (s.steps == 0) continue;
    const double small = kSmall * ordinary.mean() * s.steps;
    double log = Bounded(std::log((s.seen + small) / (s.usual + small)));
    occasion.against_usual[p] = log;
    if (event.effect == Effect::kLevel) {
      log = Bounded(std::log((s.seen + 1e-3 * event.value) / (event.value * s.steps)));
    }
    // What saturation hid may have been as much as was declared.
    const double declared =
        s.censored ? Declared(observed, ordinary, event, window, static_cast<int>(p), parts)
                   : Series::kGap;
    occasion.against_declared[p] = declared > log ? declared : log;
  }
}

Belief Believe(const Series& observed, const OrdinaryDemand& ordinary, const CalendarEvent& event,
               const EventWindow& window, const std::vector<EventRecord>& records) {
  const int parts = EventParts(window.end - window.start);
  Belief belief;
  std::vector<const EventRecord*> precedents;
  std::vector<double> levels;
  for (const EventRecord& record : records) {
    if (record.name != event.name || record.start == window.start) continue;
    const double level = MeanKnown({record.log_ratios.begin(), record.log_ratios.end()});
    if (!std::isfinite(level)) continue;
    precedents.push_back(&record);
    levels.push_back(level);
  }
  for (int p = 0; p < parts; ++p) {
    const double declared = Declared(observed, ordinary, event, window, p, parts);
    belief.declared |= !std::isnan(declared);
    double weight = std::isnan(declared) ? kUndeclaredWeight : kDeclaredWeight;
    double sum = std::isnan(declared) ? 0.0 : weight * declared;
    for (std::size_t k = 0; k < precedents.size(); ++k) {
      const auto& logs = precedents[k]->log_ratios;
      const auto at = static_cast<std::size_t>(p);
      // A window of another length tells its mean alone.
      const bool alike = static_cast<int>(logs.size()) == parts && std::isfinite(logs[at]);
      sum += Bounded(alike ? logs[at] : levels[k]);
      weight += 1;
    }
    belief.logs.push_back(sum / weight);
  }
  belief.seen = static_cast<int>(precedents.size());
  belief.doubt = Doubt(event, belief.logs, levels);
  return belief;
}

void LearnUnderWay(const Occasion& occasion, WallTime now, Belief& belief) {
  std::vector<double> differences;
  for (std::size_t p = 0; p < belief.logs.size(); ++p) {
    differences.push_back(occasion.against_declared[p] - belief.logs[p]);
  }
  const double difference = MeanKnown(differences);
  if (std::isnan(difference)) return;
  const double passed = Seconds(now - occasion.window.start);
  const double share = passed / (passed + Seconds(kHalfBelieved));
  for (double& log : belief.logs) log = Bounded(log + share * difference);
  belief.doubt = std::max(kLeastDoubt, belief.doubt * std::sqrt(1 - share));
  ++belief.seen;
}

}  // namespace tidewright
