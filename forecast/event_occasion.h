// Past occurrences of an event: measured, remembered, believed in. Inside the room only.
#pragma once

#include <string>
#include <vector>

#include "forecast/calendar.h"
#include "forecast/event_reference.h"

namespace tidewright {

/// An occurrence of which history saw at least a part.
struct Occasion {
  const CalendarEvent* event = nullptr;
  EventWindow window;
  int begin = 0;  ///< [begin, end): the steps that it touches
  int end = 0;
  bool ended = false;
  /// For each part of the window the logarithm of demand over the usual, and over the declared
  /// level (over the usual for what is no level); NaN: not measured.
  std::vector<double> against_usual;
  std::vector<double> against_declared;
};

/// What is held of an occurrence before it is seen.
struct Belief {
  std::vector<double> logs;  ///< for each part of the window; over the level for a level
  double doubt = 0;          ///< standard deviation of a logarithm
  int seen = 0;              ///< occurrences that told
  bool declared = false;
  [[nodiscard]] bool Known() const { return declared || seen > 0; }
};

/// Means of what is no NaN; NaN of nothing.
[[nodiscard]] double MeanKnown(const std::vector<double>& values);
/// The part of a window that holds `at`.
[[nodiscard]] int PartOf(WallTime at, const EventWindow& window, int parts);

/// Fills both logarithms from the steps that lie wholly in the window and in no other event's:
/// Σ observed ÷ Σ usual, the usual being at the level of the half days beside.
void Measure(const Series& observed, const std::vector<std::uint8_t>& special,
             const OrdinaryDemand& ordinary, Occasion& occasion);

/// The mean logarithm over `records` of this event (but the one that begins with the window),
/// shrunk towards what is declared, or a little towards no effect.
[[nodiscard]] Belief Believe(const Series& observed, const OrdinaryDemand& ordinary,
                             const CalendarEvent& event, const EventWindow& window,
                             const std::vector<EventRecord>& records);

/// Moves the belief towards what the same occurrence has shown until `now`.
void LearnUnderWay(const Occasion& occasion, WallTime now, Belief& belief);

}  // namespace tidewright
