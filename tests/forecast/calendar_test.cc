#include "forecast/calendar.h"

#include <boost/test/unit_test.hpp>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::DailyLoad;
using testing::kDay;
using testing::StateOf;
using Effect = CalendarEvent::Effect;
using Recurrence = CalendarEvent::Recurrence;

const WallTime kStart = testing::Regular({}).start;  // midnight

CalendarEvent Event(const std::string& name, WallTime start, Duration length) {
  CalendarEvent event;
  event.name = name;
  event.start = start;
  event.end = start + length;
  return event;
}

CalendarEvent Times(double factor, const std::string& name, WallTime start, Duration length) {
  CalendarEvent event = Event(name, start, length);
  event.effect = Effect::kFactor;
  event.value = factor;
  return event;
}

void Multiply(std::vector<double>& values, int begin, int end, double factor) {
  for (int i = begin; i < std::min(end, static_cast<int>(values.size())); ++i) values[i] *= factor;
}

Forecast Made(const ForecastState& state, const Calendar& calendar, ForecastRequest request = {}) {
  request.calendar = std::make_shared<Calendar>(calendar);
  request.keep_paths = true;
  auto f = MakeForecast(state, request);
  BOOST_REQUIRE_MESSAGE(f.ok(), Message(f.status()));
  return *std::move(f);
}

/// Mean of the median over [begin, end), relative to `expected(step)` counted from the forecast's
/// first step.
template <typename Expected>
double Ratio(const Forecast& f, int begin, int end, Expected expected) {
  double forecast = 0;
  double truth = 0;
  for (int h = begin; h < end; ++h) {
    forecast += f.quantiles[0][h];
    truth += expected(h);
  }
  return forecast / truth;
}

double PathRatio(const Forecast& a, const Forecast& b, int path, int step) {
  return static_cast<double>(a.paths.At(path, step)) / b.paths.At(path, step);
}

double Daily(int step) { return testing::DailyShape(step); }

bool Noted(const Forecast& f, const std::string& part) {
  return std::any_of(f.notes.begin(), f.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE(calendar)

BOOST_AUTO_TEST_CASE(a_planned_doubling_is_in_the_forecast_and_in_every_path) {
  const ForecastState state = StateOf(DailyLoad(14, 0.05, 1));
  const WallTime now = state.observed.end();
  const Forecast plain = Made(state, {});
  const Forecast f = Made(state, {{Times(2, "sale", now + hours(20), hours(2))}});
  const int begin = 20 * 12;
  const int end = 22 * 12;
  for (int h = begin; h < end; ++h) {
    BOOST_TEST(f.quantiles[0][h] == 2 * plain.quantiles[0][h], boost::test_tools::tolerance(0.06));
    // Nobody has seen it yet: wider than twice as wide.
    BOOST_TEST(f.quantiles[3][h] > 2.1 * plain.quantiles[3][h]);
  }
  double least = 100;
  double most = 0;
  for (int k = 0; k < f.paths.paths; ++k) {
    const double ratio = PathRatio(f, plain, k, begin);
    least = std::min(least, ratio);
    most = std::max(most, ratio);
    BOOST_TEST(PathRatio(f, plain, k, end - 1) == ratio,
               boost::test_tools::tolerance(1e-4));  // one doubt for the whole of it
  }
  BOOST_TEST(least > 0.8);
  BOOST_TEST(least < 1.8);
  BOOST_TEST(most > 2.3);
  // A ramp of a step, and nothing else.
  BOOST_TEST(f.mean[begin - 1] / plain.mean[begin - 1] == 1.5, boost::test_tools::tolerance(0.08));
  BOOST_TEST(f.mean[end] / plain.mean[end] == 1.5, boost::test_tools::tolerance(0.08));
  BOOST_TEST(f.mean[begin - 2] == plain.mean[begin - 2]);
  BOOST_TEST(f.mean[end + 1] == plain.mean[end + 1]);
  BOOST_TEST(Noted(f, "event 'sale'"));
  BOOST_TEST(Noted(f, "×2.00, declared; never seen"));
}

BOOST_AUTO_TEST_CASE(the_doubt_of_a_path_is_the_same_for_all_series_of_a_cluster) {
  ForecastState a = StateOf(DailyLoad(7, 0.05, 2));
  ForecastState b = StateOf(DailyLoad(7, 0.05, 3));
  b.key.resource = Resource::kCpu;
  const Calendar calendar = {{Times(3, "sale", a.observed.end() + hours(1), hours(1))}};
  const Forecast with_a = Made(a, calendar);
  const Forecast with_b = Made(b, calendar);
  const Forecast plain_a = Made(a, {});
  const Forecast plain_b = Made(b, {});
  for (int k = 0; k < with_a.paths.paths; ++k) {
    BOOST_TEST(PathRatio(with_a, plain_a, k, 15) == PathRatio(with_b, plain_b, k, 15),
               boost::test_tools::tolerance(1e-4));
  }
}

BOOST_AUTO_TEST_CASE(last_weeks_sale_does_not_come_back_unplanned) {
  std::vector<double> values = DailyLoad(14, 0.05, 4);
  const int sale = 7 * kDay + 10 * 12;  // a week before 10 h to 16 h ahead
  Multiply(values, sale, sale + 6 * 12, 4);
  const ForecastState state = StateOf(values);
  // Declared wrongly, and not at all: what was measured counts.
  for (const auto& event : {Times(1.5, "sale", kStart + minutes(5 * sale), hours(6)),
                            Event("sale", kStart + minutes(5 * sale), hours(6))}) {
    const Forecast f = Made(state, {{event}});
    const double ratio = Ratio(f, 10 * 12, 16 * 12, Daily);
    BOOST_TEST(ratio > 0.96);
    BOOST_TEST(ratio < 1.04);
    BOOST_TEST(Noted(f, "event 'sale' taken out of history: once, ×"));
  }
}

BOOST_AUTO_TEST_CASE(yesterdays_sale_does_not_come_back_even_after_two_days_of_history) {
  const std::vector<double> ordinary = DailyLoad(2, 0.02, 5);
  std::vector<double> values = ordinary;
  const int sale = kDay + 10 * 12;
  Multiply(values, sale, sale + 2 * 12, 5);
  const Calendar calendar = {{Times(5, "sale", kStart + minutes(5 * sale), hours(2))}};
  const double ratio = Ratio(Made(StateOf(values), calendar), 10 * 12, 12 * 12, Daily);
  const double without = Ratio(Made(StateOf(ordinary), {}), 10 * 12, 12 * 12, Daily);
  BOOST_TEST(ratio == without, boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(promises_about_events_teach_the_calibration_nothing) {
  ForecastState state = StateOf(DailyLoad(7, 0.05, 21));
  const WallTime now = state.observed.end();
  const Calendar calendar = {{Times(2, "sale", now + minutes(30), hours(1))}};
  NotePromises(Made(state, calendar), state.calibration);
  const auto before = state.calibration.open.size();
  RememberEvents(state, calendar);
  BOOST_TEST(state.calibration.open.size() < before);
  BOOST_TEST(!state.calibration.open.empty());
  for (const Check& check : state.calibration.open) {
    BOOST_TEST((check.end <= now + minutes(30) || check.begin >= now + minutes(90)));
  }
}

BOOST_AUTO_TEST_CASE(members_are_fitted_to_what_was_ordinary) {
  std::vector<double> values = DailyLoad(14, 0.05, 22);
  const int sale = 13 * kDay + 10 * 12;
  Multiply(values, sale, sale + 24, 5);
  const Calendar calendar = {{Times(5, "sale", kStart + minutes(5 * sale), hours(2))}};
  const ForecastState state = StateOf(values);
  ForecastRequest request;
  request.calendar = std::make_shared<Calendar>(calendar);
  auto fitted = Refit(state, request);
  BOOST_REQUIRE(fitted.ok());
  BOOST_TEST(Made(*fitted, calendar).mean == Made(state, calendar).mean);
}

BOOST_AUTO_TEST_CASE(a_weekly_sale_is_as_high_as_it_was_not_as_declared) {
  std::vector<double> values = DailyLoad(28, 0.05, 6);
  const int at = 3 * kDay + 18 * 12;  // of each week
  for (int week = 0; week < 4; ++week) {
    Multiply(values, week * 7 * kDay + at, week * 7 * kDay + at + 24, 3);
  }
  CalendarEvent event = Times(1.5, "sale", kStart + minutes(5 * at), hours(2));
  event.recurrence = Recurrence::kDays;
  event.days = 7;
  ForecastRequest request;
  request.horizon = 5 * kDay;
  const Forecast f = Made(StateOf(values), {{event}}, request);
  // Four occurrences of ×3 and half of one of ×1.5: exp((4 ln 3 + 0.5 ln 1.5) / 4.5) = 2.78.
  BOOST_TEST(Ratio(f, at, at + 24, Daily) == 2.78, boost::test_tools::tolerance(0.05));
  BOOST_TEST(Ratio(f, at - 48, at - 24, Daily) == 1.0, boost::test_tools::tolerance(0.05));
  BOOST_TEST(Noted(f, "seen 4 times"));
}

BOOST_AUTO_TEST_CASE(a_daily_event_of_all_of_history_is_left_to_the_season) {
  std::vector<double> values = DailyLoad(14, 0.03, 7);
  for (int day = 0; day < 14; ++day) Multiply(values, day * kDay + 60, day * kDay + 72, 2);
  CalendarEvent event = Times(2, "batch", kStart + hours(5), hours(1));
  event.recurrence = Recurrence::kDays;
  const Forecast f = Made(StateOf(values), {{event}});
  BOOST_TEST(Ratio(f, 60, 72, Daily) == 2.0, boost::test_tools::tolerance(0.08));
  BOOST_TEST(Noted(f, "part of the season"));
}

BOOST_AUTO_TEST_CASE(a_new_daily_event_is_learned_from_its_first_days) {
  std::vector<double> values = DailyLoad(14, 0.03, 8);
  for (int day = 11; day < 14; ++day) Multiply(values, day * kDay + 60, day * kDay + 72, 2.5);
  CalendarEvent event = Event("batch", kStart + days(11) + hours(5), hours(1));
  event.recurrence = Recurrence::kDays;
  const Forecast f = Made(StateOf(values), {{event}});
  // Three times ×2.5, a quarter of nothing: exp(3 ln 2.5 / 3.25) = 2.33.
  BOOST_TEST(Ratio(f, 60, 72, Daily) == 2.33, boost::test_tools::tolerance(0.06));
}

// Hours of a holiday: few in the morning, many in the evening.
double HolidayFactor(int hour) { return hour < 12 ? 0.4 : 1.3; }

BOOST_AUTO_TEST_CASE(a_holiday_like_last_years_has_its_shape_by_hour) {
  // 13 months of hours; the holiday is day 20 and day 385.
  Random random(9);
  std::vector<double> values;
  const auto usual = [](int hour) { return testing::DailyShape(12 * hour); };
  for (int i = 0; i < 24 * 385; ++i) {
    values.push_back(usual(i) * (1 + 0.03 * random.Normal()));
  }
  for (int hour = 0; hour < 24; ++hour) values[20 * 24 + hour] *= HolidayFactor(hour);
  CalendarEvent event = Event("holiday", kStart + days(20), hours(24));
  event.recurrence = Recurrence::kYearly;
  const Calendar calendar = {{event}};
  ForecastState state = StateOf(testing::Regular(values, hours(1)));
  RememberEvents(state, calendar);
  BOOST_REQUIRE_EQUAL(state.past_events.size(), 1u);
  // A year later history no longer reaches back to it.
  const auto keep = static_cast<std::ptrdiff_t>(24 * 28);
  state.observed.start = state.observed.end() - hours(keep);
  state.observed.values.erase(state.observed.values.begin(), state.observed.values.end() - keep);
  ForecastRequest request;
  request.step = hours(1);
  request.horizon = 48;
  const Forecast f = Made(state, calendar, request);
  const auto ratio = [&](int begin, int end) { return Ratio(f, begin, end, usual); };
  BOOST_TEST(ratio(0, 12) < 0.58);  // 0.4, shrunk by a fifth of its logarithm: 0.48
  BOOST_TEST(ratio(0, 12) > 0.42);
  BOOST_TEST(ratio(13, 23) > 1.15);  // 1.3: 1.23
  BOOST_TEST(ratio(13, 23) < 1.32);
  BOOST_TEST(ratio(26, 46) == 1.0, boost::test_tools::tolerance(0.05));
  BOOST_TEST(Noted(f, "seen once"));
}

BOOST_AUTO_TEST_CASE(what_was_remembered_stays_when_its_history_goes) {
  std::vector<double> values = DailyLoad(28, 0.03, 20);
  Multiply(values, 12 * kDay, 12 * kDay + 24, 2);
  const Calendar calendar = {{Event("sale", kStart + days(12), hours(2))}};
  ForecastState state = StateOf(values);
  RememberEvents(state, calendar);
  BOOST_REQUIRE_EQUAL(state.past_events.size(), 1u);
  const std::vector<EventRecord> known = state.past_events;
  BOOST_TEST(static_cast<double>(known[0].log_ratios[0]) == std::log(2.0),
             boost::test_tools::tolerance(0.05));
  // What is left of it can only be measured badly, then not at all.
  for (const int left : {17, 10}) {
    const auto drop = state.observed.values.size() - static_cast<std::size_t>(left * kDay);
    state.observed.start = state.observed.TimeOf(drop);
    state.observed.values.erase(state.observed.values.begin(),
                                state.observed.values.begin() + static_cast<std::ptrdiff_t>(drop));
    RememberEvents(state, calendar);
    BOOST_TEST((state.past_events == known));
  }
}

BOOST_AUTO_TEST_CASE(a_holiday_that_moves_is_known_by_its_name) {
  std::vector<double> values = DailyLoad(28, 0.03, 10);
  Multiply(values, 9 * kDay, 10 * kDay, 0.5);
  const Calendar calendar = {{Event("holiday", kStart + days(9), hours(24)),
                              Event("holiday", kStart + days(28), hours(24))}};
  const double ratio = Ratio(Made(StateOf(values), calendar), 0, kDay - 1, Daily);
  BOOST_TEST(ratio < 0.64);  // 0.5, shrunk: 0.57
  BOOST_TEST(ratio > 0.50);
}

BOOST_AUTO_TEST_CASE(a_day_like_sunday_has_the_shape_of_sundays) {
  const auto weekday = [](int day) {
    return std::chrono::weekday(std::chrono::floor<days>(kStart) + days(day));
  };
  std::vector<double> values = DailyLoad(28, 0.03, 11);
  const auto sunday = [](int hour) { return hour < 12 ? 0.3 : 0.8; };
  for (int day = 0; day < 28; ++day) {
    if (weekday(day) != std::chrono::Sunday) continue;
    for (int hour = 0; hour < 24; ++hour) {
      Multiply(values, day * kDay + hour * 12, day * kDay + hour * 12 + 12, sunday(hour));
    }
  }
  int day = 28;  // the first that is neither Sunday nor beside one
  while (weekday(day) == std::chrono::Sunday || weekday(day - 1) == std::chrono::Sunday) ++day;
  CalendarEvent event = Event("holiday", kStart + days(day), hours(24));
  event.effect = Effect::kLikeDay;
  ForecastRequest request;
  request.horizon = (day - 27) * kDay;
  const Forecast f = Made(StateOf(values), {{event}}, request);
  const int begin = (day - 28) * kDay;
  BOOST_TEST(Ratio(f, begin + 1, begin + 143, Daily) == 0.3, boost::test_tools::tolerance(0.1));
  BOOST_TEST(Ratio(f, begin + 145, begin + 287, Daily) == 0.8, boost::test_tools::tolerance(0.1));
  BOOST_TEST(Noted(f, "like another day"));
}

BOOST_AUTO_TEST_CASE(a_planned_level_is_what_is_forecast_whatever_the_day_would_be) {
  CalendarEvent event = Event("test", kStart + days(7) + hours(3), hours(2));
  event.effect = Effect::kLevel;
  event.value = 5000;
  const Forecast f = Made(StateOf(DailyLoad(7, 0.05, 12)), {{event}});
  for (int h = 36; h < 60; ++h) {
    BOOST_TEST(f.quantiles[0][h] == 5000.0, boost::test_tools::tolerance(0.04));
    BOOST_TEST(f.quantiles[3][h] > 1.2 * 5000.0);  // planned is not seen
  }
  // Also where there was no demand at all.
  const Forecast idle = Made(StateOf(std::vector<double>(2 * kDay, 0.0)), {{[&] {
                               CalendarEvent e = event;
                               e.start = kStart + days(2) + hours(3);
                               e.end = e.start + hours(2);
                               return e;
                             }()}});
  BOOST_TEST(idle.quantiles[0][40] == 5000.0, boost::test_tools::tolerance(0.04));
}

BOOST_AUTO_TEST_CASE(an_event_under_way_is_believed_more_than_what_was_declared) {
  std::vector<double> values = DailyLoad(14, 0.03, 13);
  const int began = 14 * kDay - 3 * 12;
  Multiply(values, began, 14 * kDay, 3);  // declared as a mere ×1.5, three hours ago
  const Calendar calendar = {{Times(1.5, "sale", kStart + minutes(5 * began), hours(6))}};
  const Forecast f = Made(StateOf(values), calendar);
  // Three quarters of the way from 1.5 to 3.
  BOOST_TEST(Ratio(f, 0, 35, Daily) == 2.52, boost::test_tools::tolerance(0.08));
  BOOST_TEST(Ratio(f, 48, 144, Daily) == 1.0, boost::test_tools::tolerance(0.06));
  BOOST_TEST(Noted(f, "under way"));
  BOOST_TEST((f.start == StateOf(values).observed.end()));
}

BOOST_AUTO_TEST_CASE(events_that_overlap_multiply) {
  const ForecastState state = StateOf(DailyLoad(7, 0.02, 14));
  const WallTime now = state.observed.end();
  const Forecast plain = Made(state, {});
  const Forecast f = Made(state, {{Times(2, "sale", now + hours(2), hours(4)),
                                   Times(1.5, "match", now + hours(4), hours(4))}});
  BOOST_TEST(f.mean[40] / plain.mean[40] == 2.0, boost::test_tools::tolerance(0.08));
  BOOST_TEST(f.mean[60] / plain.mean[60] == 3.0, boost::test_tools::tolerance(0.1));
  BOOST_TEST(f.mean[84] / plain.mean[84] == 1.5, boost::test_tools::tolerance(0.08));
}

BOOST_AUTO_TEST_CASE(a_window_longer_than_the_horizon_covers_all_of_it) {
  const ForecastState state = StateOf(DailyLoad(7, 0.02, 15));
  const Forecast plain = Made(state, {});
  const Forecast f = Made(state, {{Times(2, "season", state.observed.end(), days(30))}});
  for (int h = 0; h < kDay; ++h) {
    BOOST_TEST(f.quantiles[0][h] == 2 * plain.quantiles[0][h], boost::test_tools::tolerance(0.06));
  }
}

BOOST_AUTO_TEST_CASE(a_calendar_that_touches_nothing_changes_no_byte) {
  const ForecastState state = StateOf(DailyLoad(7, 0.1, 16));
  const Forecast plain = Made(state, {});
  CalendarEvent of_memory = Times(9, "import", state.observed.end(), hours(1));
  of_memory.resources = {Resource::kMemory};
  const Forecast f = Made(state, {{Times(9, "far", kStart + days(900), hours(1)), of_memory,
                                   Times(9, "long ago", kStart - days(90), hours(1))}});
  BOOST_TEST(f.paths.values == plain.paths.values);
  BOOST_TEST(f.notes == plain.notes);
}

BOOST_AUTO_TEST_CASE(gaps_and_emptiness_in_events_leave_every_number_finite) {
  for (const double factor : {0.01, 100.0}) {
    std::vector<double> values = DailyLoad(7, 0.1, 17);
    Multiply(values, 5 * kDay, 5 * kDay + 24, 0);
    for (int i = 6 * kDay; i < 6 * kDay + 30; ++i) values[i] = Series::kGap;
    Calendar calendar = {{Times(factor, "a", kStart + days(5), hours(2)),
                          Times(factor, "b", kStart + days(6), hours(2)),
                          Times(factor, "c", kStart, days(30))}};
    for (int i = 0; i < 4; ++i) {
      calendar.events.push_back(Times(100, fmt::format("d{}", i), kStart + days(7), hours(5)));
    }
    const Forecast f = Made(StateOf(values), calendar);
    for (const float v : f.paths.values) BOOST_REQUIRE((std::isfinite(v) && v >= 0));
  }
}

BOOST_AUTO_TEST_CASE(absurd_events_are_refused) {
  const ForecastState state = StateOf(DailyLoad(2, 0.1, 18));
  ForecastRequest request;
  CalendarEvent runs_into_itself = Times(2, "a", kStart, hours(25));
  runs_into_itself.recurrence = Recurrence::kDays;
  CalendarEvent level = Event("a", kStart, hours(1));
  level.effect = Effect::kLevel;
  level.value = -1;
  for (const auto& event :
       {Times(0, "a", kStart, hours(1)), Times(1e9, "a", kStart, hours(1)),
        Times(std::nan(""), "a", kStart, hours(1)), Times(2, "a", kStart, hours(0)),
        Times(2, "a", kStart, hours(-1)), Times(2, "", kStart, hours(1)),
        Times(2, "a", kStart, days(100)), runs_into_itself, level}) {
    request.calendar = std::make_shared<Calendar>(Calendar{{event}});
    const auto f = MakeForecast(state, request);
    BOOST_TEST((f.status().code() == StatusCode::kInvalidArgument));
  }
}

BOOST_AUTO_TEST_CASE(yearly_events_keep_their_date_and_29_february_has_one) {
  const auto at = [](const char* text) { return *ParseTime(text); };
  CalendarEvent event = Event("x", at("2024-02-29"), hours(24));
  event.recurrence = Recurrence::kYearly;
  const auto windows = Occurrences(event, at("2023-01-01"), at("2026-12-31"));
  BOOST_REQUIRE_EQUAL(windows.size(), 4u);
  BOOST_TEST((windows[0].start == at("2023-02-28")));
  BOOST_TEST((windows[1].start == at("2024-02-29")));
  // New Year's Eve reaches into the next year.
  event = Event("x", at("2024-12-31 18:00"), hours(12));
  event.recurrence = Recurrence::kYearly;
  BOOST_TEST(Occurrences(event, at("2026-01-01 03:00"), at("2026-01-02")).size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_recurs_is_found_from_its_first_time_on) {
  CalendarEvent event = Event("x", kStart, hours(2));
  event.recurrence = Recurrence::kDays;
  event.days = 14;
  BOOST_TEST(Occurrences(event, kStart - days(100), kStart).empty());
  const auto windows = Occurrences(event, kStart + hours(1), kStart + days(29));
  BOOST_REQUIRE_EQUAL(windows.size(), 3u);
  BOOST_TEST((windows[2].start == kStart + days(28)));
  BOOST_TEST(Occurrences(event, kStart + hours(2), kStart + days(14)).empty());
}

BOOST_AUTO_TEST_CASE(a_calendar_is_read_as_people_write_it) {
  const auto calendar = ParseCalendar(
      "name,start,end,effect,recurrence,resource\n"
      "# sales\n"
      "sale, 2026-11-27 20:00, 2h, 1.8\r\n"
      "load test,2026-12-01T08:00:00Z,2026-12-01T09:30:00Z,=5000,once,requests cpu\n"
      "\n"
      "christmas,2026-12-25,1d,like Sunday,yearly\n"
      "digest,2026-01-05 06:00,1h,,14d\n",
      "calendar.csv");
  BOOST_REQUIRE_MESSAGE(calendar.ok(), Message(calendar.status()));
  const auto& events = calendar->events;
  BOOST_REQUIRE_EQUAL(events.size(), 4u);
  BOOST_TEST(events[0].name == "sale");
  BOOST_TEST((events[0].end - events[0].start == hours(2)));
  BOOST_TEST((events[0].effect == Effect::kFactor && events[0].value == 1.8));
  BOOST_TEST((events[0].Concerns(Resource::kNetwork) && !events[0].Concerns(Resource::kMemory)));
  BOOST_TEST((events[1].effect == Effect::kLevel && events[1].value == 5000));
  BOOST_TEST((events[1].Concerns(Resource::kCpu) && !events[1].Concerns(Resource::kNetwork)));
  BOOST_TEST((events[2].effect == Effect::kLikeDay && events[2].like == std::chrono::Sunday));
  BOOST_TEST((events[2].recurrence == Recurrence::kYearly));
  BOOST_TEST((events[3].effect == Effect::kLearned && events[3].days == 14));
}

BOOST_AUTO_TEST_CASE(everything_wrong_with_a_calendar_is_told_with_its_line) {
  const auto calendar = ParseCalendar(
      "sale,2026-11-27 20:00,2h,0\n"
      "sale,yesterday,2h,2\n"
      "fine,2026-11-27,2h,2\n"
      "sale,2026-11-27,2h,double\n"
      "sale,2026-11-27,2h,2,sometimes\n"
      "sale,2026-11-27,2h,2,once,gold\n"
      "sale,2026-11-27,2026-11-26,2\n"
      "sale\n",
      "calendar.csv");
  BOOST_REQUIRE((calendar.status().code() == StatusCode::kInvalidArgument));
  const std::string text = Message(calendar.status());
  for (const int line : {1, 2, 4, 5, 6, 7, 8}) {
    BOOST_TEST(text.find(fmt::format("calendar.csv:{}: ", line)) != std::string::npos);
  }
  BOOST_TEST(text.find("calendar.csv:3: ") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
