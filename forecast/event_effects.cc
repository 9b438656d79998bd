#include "forecast/event_effects.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "forecast/event_occasion.h"

namespace tidewright {
namespace {

using Effect = CalendarEvent::Effect;

// Below this share of the usual what is left of demand does not tell its shape.
constexpr double kTellsShape = 0.2;
constexpr Duration kDay = std::chrono::days(1);
constexpr Duration kFirstDays = 7 * kDay;
constexpr int kMostComingNotes = 8;

bool Overlap(const EventWindow& a, const EventWindow& b) {
  return a.start < b.end && b.start < a.end;
}

std::string Times(int n) { return n == 1 ? "once" : fmt::format("{} times", n); }

std::string WindowText(const EventWindow& window) {
  const std::string begin = FormatTime(window.start).substr(0, 16);
  const std::string end = FormatTime(window.end).substr(0, 16);
  const bool same_day = begin.substr(0, 10) == end.substr(0, 10);
  std::string text = begin + "–" + (same_day ? end.substr(11) : end);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

// The occurrences that touch one series.
class Planner {
 public:
  Planner(const Calendar& calendar, Resource resource, const std::vector<EventRecord>& past,
          const Series& observed, WallTime horizon_end)
      : past_(past), observed_(observed), horizon_end_(horizon_end) {
    const int n = static_cast<int>(observed.size());
    while (first_ < n && Series::IsGap(observed.values[static_cast<std::size_t>(first_)])) ++first_;
    last_ = n;
    while (last_ > first_ && Series::IsGap(observed.values[static_cast<std::size_t>(last_ - 1)])) {
      --last_;
    }
    begin_ = observed.TimeOf(static_cast<std::size_t>(first_));
    now_ = observed.TimeOf(static_cast<std::size_t>(last_));
    special_.assign(observed.size(), 0);
    for (const CalendarEvent& event : calendar.events) {
      if (event.Concerns(resource)) Enlist(event);
    }
  }

  EventPlan Make() {
    EventPlan plan;
    for (const std::string& name : seasonal_) {
      plan.notes.push_back(
          fmt::format("event '{}' was on every day of history: part of the season", name));
    }
    if (occasions_.empty() && coming_.empty()) return plan;
    const OrdinaryDemand ordinary(observed_, special_);
    for (Occasion& occasion : occasions_) Measure(observed_, special_, ordinary, occasion);
    Record(plan);
    if (!occasions_.empty()) TakeOut(ordinary, plan);
    int left_out = -kMostComingNotes;
    for (const auto& [event, window] : coming_) {
      std::string note = Announce(ordinary, *event, window, plan);
      if (++left_out <= 0) plan.notes.push_back(std::move(note));
    }
    if (left_out > 0) plan.notes.push_back(fmt::format("and {} more windows of events", left_out));
    return plan;
  }

 private:
  // On every day of what was observed.
  [[nodiscard]] bool IsSeason(const CalendarEvent& event) const {
    return event.recurrence == CalendarEvent::Recurrence::kDays && event.days == 1 &&
           event.start < begin_ + kDay && now_ - begin_ >= 2 * kDay;
  }

  void Enlist(const CalendarEvent& event) {
    if (IsSeason(event)) {
      seasonal_.push_back(event.name);
      return;
    }
    auto& taken = taken_[event.name];
    for (const EventWindow& window : Occurrences(event, begin_, horizon_end_)) {
      // Windows of one name that overlap are one, the first.
      if (std::any_of(taken.begin(), taken.end(),
                      [&](const EventWindow& other) { return Overlap(window, other); })) {
        continue;
      }
      taken.push_back(window);
      if (window.start < now_) occasions_.push_back(Touching(event, window));
      if (window.end > now_) coming_.emplace_back(&event, window);
    }
  }

  Occasion Touching(const CalendarEvent& event, const EventWindow& window) {
    const Duration step = observed_.step;
    const Duration until = window.end - observed_.start + step - Duration(1);
    Occasion o;
    o.event = &event;
    o.window = window;
    o.begin = static_cast<int>(std::max(Duration(0), window.start - observed_.start) / step);
    o.end = static_cast<int>(std::min<Duration::rep>(last_, until / step));
    o.ended = window.end <= now_;
    for (int i = o.begin; i < o.end; ++i) {
      std::uint8_t& count = special_[static_cast<std::size_t>(i)];
      count = static_cast<std::uint8_t>(std::min(2, count + 1));
    }
    return o;
  }

  // What was measured, after what was remembered of times that history no longer holds.
  void Record(EventPlan& plan) {
    records_ = past_;
    for (const Occasion& o : occasions_) {
      const auto& logs = o.against_declared;
      const auto known = std::count_if(logs.begin(), logs.end(), [](double v) { return v == v; });
      if (!o.ended || known == 0 || 2 * known < static_cast<std::ptrdiff_t>(logs.size())) continue;
      // Near the beginning of history there is less to measure against than there was.
      const bool remembered = std::any_of(past_.begin(), past_.end(), [&](const EventRecord& r) {
        return r.name == o.event->name && r.start == o.window.start;
      });
      if (remembered && o.window.start < begin_ + kFirstDays) continue;
      plan.records.push_back({.name = o.event->name,
                              .start = o.window.start,
                              .log_ratios = {logs.begin(), logs.end()}});
      std::erase_if(records_, [&](const EventRecord& r) {
        return r.name == o.event->name && r.start == o.window.start;
      });
    }
    records_.insert(records_.end(), plan.records.begin(), plan.records.end());
  }

  // What the event multiplied step i by; NaN where nobody knows.
  [[nodiscard]] double Multiplier(const Occasion& o, const Belief& belief, int i) const {
    const WallTime at = observed_.TimeOf(static_cast<std::size_t>(i));
    const WallTime from = std::max(at, o.window.start);
    const WallTime to = std::min(at + observed_.step, o.window.end);
    const int part =
        PartOf(from + (to - from) / 2, o.window, static_cast<int>(o.against_usual.size()));
    double log = o.against_usual[static_cast<std::size_t>(part)];
    if (std::isnan(log)) {
      if (!belief.Known() || o.event->effect == Effect::kLevel) return Series::kGap;
      log = belief.logs[static_cast<std::size_t>(part)];
    }
    return 1.0 + Seconds(to - from) / Seconds(observed_.step) * (std::exp(log) - 1.0);
  }

  // How one event's occurrences went out of history.
  struct Taken {
    int measured = 0;
    int believed = 0;
    double logs = 0;  // of both
    int masked = 0;   // steps
  };

  void TakeOut(const OrdinaryDemand& ordinary, EventPlan& plan) const {
    Series clean = observed_;
    std::map<std::string, Taken> all;
    for (const Occasion& o : occasions_) {
      const Belief belief = Believe(observed_, ordinary, *o.event, o.window, records_);
      Taken& taken = all[o.event->name];
      const double measured = MeanKnown(o.against_usual);
      if (!std::isnan(measured)) {
        ++taken.measured;
        taken.logs += measured;
      } else if (belief.Known()) {
        ++taken.believed;
        taken.logs += MeanKnown(belief.logs);
      }
      taken.masked += TakeOut(ordinary, o, belief, clean);
    }
    // Rather a series with its events than none.
    if (2 * clean.Observed() < observed_.Observed()) return;
    plan.ordinary = std::move(clean);
    for (const auto& [name, taken] : all) plan.notes.push_back(Text(name, taken));
  }

  // Returns how many steps became gaps.
  int TakeOut(const OrdinaryDemand& ordinary, const Occasion& o, const Belief& belief,
              Series& clean) const {
    const double level = ordinary.LevelBeside(o.begin, o.end);
    int masked = 0;
    for (int i = o.begin; i < o.end; ++i) {
      double& value = clean.values[static_cast<std::size_t>(i)];
      if (Series::IsGap(value)) continue;
      const double by = Multiplier(o, belief, i);
      const bool together = special_[static_cast<std::size_t>(i)] > 1;
      const auto usual = ordinary.Usual(i);
      if (by >= kTellsShape && !(together && usual)) {
        value /= by;
      } else if (usual) {
        value = level * *usual;
      } else if (o.ended && i > first_ && i + 1 < last_) {  // the ends are where they were
        value = Series::kGap;
        ++masked;
      }
    }
    return masked;
  }

  static std::string Text(const std::string& name, const Taken& taken) {
    const int known = taken.measured + taken.believed;
    std::string text = fmt::format("event '{}' taken out of history", name);
    if (known > 0) {
      text += fmt::format(": {}, ×{:.2f} {}", Times(known), std::exp(taken.logs / known),
                          taken.believed == 0 ? "as measured" : "as measured or declared");
    }
    if (taken.masked > 0) text += fmt::format("; {} steps left out", taken.masked);
    return text;
  }

  // Adds to the plan what is known of a coming occurrence, and tells it.
  std::string Announce(const OrdinaryDemand& ordinary, const CalendarEvent& event,
                       const EventWindow& window, EventPlan& plan) const {
    Belief belief = Believe(observed_, ordinary, event, window, records_);
    const bool under_way = window.start < now_;
    for (const Occasion& o : occasions_) {
      if (o.event == &event && o.window.start == window.start) LearnUnderWay(o, now_, belief);
    }
    std::string text = fmt::format("event '{}' {}", event.name, WindowText(window));
    if (under_way) text += ", under way";
    if (!belief.Known()) return text + ": not applied, nothing is declared and none was seen";
    ComingEvent coming{.name = event.name,
                       .start = window.start,
                       .end = window.end,
                       .factors = {},
                       .level = std::nullopt,
                       .doubt = belief.doubt};
    for (const double log : belief.logs) coming.factors.push_back(std::exp(log));
    const double mean = std::exp(MeanKnown(belief.logs));
    if (event.effect == Effect::kLevel) {
      coming.level = event.value;
      text += fmt::format(": demand of {:.6g}", event.value * mean);
    } else {
      text += fmt::format(": ×{:.2f}", mean);
    }
    plan.coming.push_back(std::move(coming));
    if (event.effect == Effect::kLikeDay) {
      text += ", like another day";
    } else if (belief.declared) {
      text += ", declared";
    }
    const std::string seen = belief.seen == 0 ? "never seen" : "seen " + Times(belief.seen);
    return text + fmt::format("; {}, give or take {:.0f} %", seen, 100 * belief.doubt);
  }

  const std::vector<EventRecord>& past_;
  const Series& observed_;
  WallTime horizon_end_;
  int first_ = 0;  // the first step that was observed
  int last_ = 0;   // one after the last
  WallTime begin_;
  WallTime now_;
  std::vector<std::uint8_t> special_;  // in how many events a step is, at most 2
  std::vector<Occasion> occasions_;
  std::vector<std::pair<const CalendarEvent*, EventWindow>> coming_;
  std::map<std::string, std::vector<EventWindow>> taken_;
  std::vector<std::string> seasonal_;
  std::vector<EventRecord> records_;
};

}  // namespace

EventPlan PlanEvents(const Calendar& calendar, Resource resource,
                     const std::vector<EventRecord>& past, const Series& observed,
                     WallTime horizon_end) {
  if (observed.Observed() < 2 || observed.step <= Duration(0)) return {};
  return Planner(calendar, resource, past, observed, horizon_end).Make();
}

void KeepRecords(std::vector<EventRecord> records, int most, std::vector<EventRecord>& kept) {
  records.insert(records.end(), kept.begin(), kept.end());
  std::stable_sort(records.begin(), records.end(), [](const EventRecord& a, const EventRecord& b) {
    return a.name != b.name ? a.name < b.name : a.start > b.start;
  });
  kept.clear();
  int same = 0;
  for (EventRecord& record : records) {
    const bool known = !kept.empty() && kept.back().name == record.name;
    if (known && kept.back().start == record.start) continue;
    same = known ? same + 1 : 1;
    if (same <= most) kept.push_back(std::move(record));
  }
}

}  // namespace tidewright
