#include "planner/action_window.h"

#include <array>
#include <cstdio>
#include <sstream>
#include <vector>

namespace tidewright {
namespace {

constexpr std::array<const char*, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::array<WindowRule, 4> kRules = {WindowRule::kNoActions, WindowRule::kNoScaleIn,
                                              WindowRule::kNoScaleOut, WindowRule::kMaintenance};

unsigned Bit(unsigned day) { return 1u << (day % 7); }

std::optional<unsigned> ParseDay(const std::string& text) {
  for (unsigned day = 0; day < kDays.size(); ++day) {
    if (text == kDays[day]) return day;
  }
  return std::nullopt;
}

// "daily", "sat", "mon-fri", "mon,wed,fri-sun"; 0 when it is none of these.
unsigned ParseDays(const std::string& text) {
  if (text == "daily") return ActionWindow::kAllDays;
  unsigned days = 0;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto dash = part.find('-');
    const auto first = ParseDay(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : ParseDay(part.substr(dash + 1));
    if (!first || !last) return 0;
    for (unsigned day = *first;; ++day) {
      days |= Bit(day);
      if (day % 7 == *last) break;
    }
  }
  return days;
}

bool ParseTimes(const std::string& text, ActionWindow& window) {
  unsigned from_hour = 0, from = 0, to_hour = 0, to = 0;
  int used = 0;
  const int fields =
      std::sscanf(text.c_str(), "%2u:%2u-%2u:%2u%n", &from_hour, &from, &to_hour, &to, &used);
  if (fields != 4 || static_cast<std::size_t>(used) != text.size()) return false;
  if (from_hour > 23 || from > 59 || to > 59 || to_hour * 60 + to > 24 * 60) return false;
  window.from_minute = static_cast<int>(from_hour * 60 + from);
  window.to_minute = static_cast<int>(to_hour * 60 + to);
  return true;
}

Status Wrong(const std::string& what) {
  return Error(StatusCode::kInvalidArgument,
               "{}; write such as 'no_scale_in mon-fri 08:00-20:00', 'maintenance daily "
               "01:00-05:00 until 2027-01-31T00:00:00Z: why' or 'hold until "
               "2027-01-31T00:00:00Z: why'",
               what);
}

}  // namespace

const char* WindowRuleName(WindowRule rule) {
  switch (rule) {
    case WindowRule::kNoActions:
      return "no_actions";
    case WindowRule::kNoScaleIn:
      return "no_scale_in";
    case WindowRule::kNoScaleOut:
      return "no_scale_out";
    case WindowRule::kMaintenance:
      return "maintenance";
  }
  return "unknown";
}

bool Expired(const ActionWindow& window, WallTime now) {
  return window.until && now >= *window.until;
}

bool Covers(const ActionWindow& window, WallTime now) {
  if (Expired(window, now)) return false;
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const unsigned today = std::chrono::weekday(day).iso_encoding() - 1;
  const auto minute = static_cast<int>(std::chrono::floor<std::chrono::minutes>(now - day).count());
  const bool begun_today = (window.days & Bit(today)) != 0;
  if (window.from_minute < window.to_minute) {
    return begun_today && minute >= window.from_minute && minute < window.to_minute;
  }
  const bool begun_yesterday = (window.days & Bit(today + 6)) != 0;
  return (begun_today && minute >= window.from_minute) ||
         (begun_yesterday && minute < window.to_minute);
}

std::string ToString(const ActionWindow& window) {
  std::string text = WindowRuleName(window.rule);
  if (window.days == ActionWindow::kAllDays && window.from_minute == 0 &&
      window.to_minute == ActionWindow::kDayMinutes) {
    text += " always";
  } else {
    std::string days;
    for (unsigned day = 0; day < kDays.size(); ++day) {
      if ((window.days & Bit(day)) == 0) continue;
      days += (days.empty() ? "" : ",") + std::string(kDays[day]);
    }
    text +=
        fmt::format(" {} {:02}:{:02}-{:02}:{:02}",
                    window.days == ActionWindow::kAllDays ? "daily" : days, window.from_minute / 60,
                    window.from_minute % 60, window.to_minute / 60, window.to_minute % 60);
  }
  if (window.until) text += " until " + FormatTime(*window.until);
  if (!window.comment.empty()) text += ": " + window.comment;
  return text;
}

StatusOr<ActionWindow> ParseWindow(const std::string& text) {
  ActionWindow window;
  std::string head = text;
  if (const auto colon = text.find(": "); colon != std::string::npos) {
    window.comment = text.substr(colon + 2);
    head = text.substr(0, colon);
  }
  std::istringstream in(head);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::size_t next = 0;
  const auto take = [&] { return next < words.size() ? words[next++] : std::string(); };

  const std::string rule = take();
  if (rule == "hold") {
    if (words.size() != 3 || words[1] != "until") return Wrong("a hold needs its end");
  } else {
    bool known = false;
    for (const WindowRule candidate : kRules) {
      if (rule != WindowRuleName(candidate)) continue;
      window.rule = candidate;
      known = true;
    }
    if (!known) return Wrong("it begins with none of the rules");
    const std::string days = take();
    if (days != "always") {
      window.days = ParseDays(days);
      if (window.days == 0) return Wrong("its days are none");
      if (!ParseTimes(take(), window)) return Wrong("its times are none");
    }
  }
  if (next == words.size()) return window;
  if (take() != "until") return Wrong("too much is written");
  const auto until = ParseTime(take());
  if (!until.ok() || next != words.size()) return Wrong("its end is no time in UTC");
  window.until = *until;
  return window;
}

std::string ToString(const PersonHold& hold) {
  std::string text = fmt::format("{} until {} by {}", hold.id, FormatTime(hold.until), hold.who);
  if (!hold.why.empty()) text += ": " + hold.why;
  return text;
}

}  // namespace tidewright
