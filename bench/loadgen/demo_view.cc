#include "bench/loadgen/demo_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tidewright::demo {
namespace {

constexpr int kAxisWidth = 8;  // of the scale on the left
constexpr std::size_t kEventsShown = 5;

enum class Ink { kNone, kDemand, kMedian, kBand, kCapacity, kTarget, kShort };

struct Cell {
  const char* glyph = " ";
  Ink ink = Ink::kNone;
};

const char* Code(Ink ink) {
  switch (ink) {
    case Ink::kDemand:
      return "\x1b[32m";
    case Ink::kMedian:
      return "\x1b[1m";
    case Ink::kBand:
      return "\x1b[34m";
    case Ink::kCapacity:
      return "\x1b[33m";
    case Ink::kTarget:
      return "\x1b[2m";
    case Ink::kShort:
      return "\x1b[31m";
    case Ink::kNone:
      break;
  }
  return "";
}

std::string Painted(const Cell& cell, bool color) {
  if (!color || cell.ink == Ink::kNone) return cell.glyph;
  return std::string(Code(cell.ink)) + cell.glyph + "\x1b[0m";
}

/// What one column of the picture stands for.
struct Column {
  std::optional<double> demand;
  std::optional<double> capacity;
  std::optional<double> median;
  std::optional<double> high;
};

std::vector<Column> Columns(const Ledger& ledger, const Band& band, const Frame& frame, int width) {
  std::vector<Column> columns(static_cast<std::size_t>(width));
  const double span = Seconds(frame.day_end - frame.day_start);
  const auto at = [&](WallTime time) -> Column* {
    const double share = Seconds(time - frame.day_start) / span;
    if (share < 0 || share >= 1) return nullptr;
    return &columns[static_cast<std::size_t>(share * width)];
  };
  for (const auto& look : ledger.looks()) {
    Column* column = at(look.at);
    if (column == nullptr) continue;
    column->demand = std::max(column->demand.value_or(0), look.demand);
    column->capacity = look.capacity;
  }
  for (std::size_t i = 0; i < band.median.size(); ++i) {
    const WallTime time = band.start + band.step * static_cast<Duration::rep>(i);
    Column* column = at(time);
    if (column == nullptr || time < frame.now) continue;
    column->median = std::max(column->median.value_or(0), band.median[i]);
    if (i < band.high.size()) column->high = std::max(column->high.value_or(0), band.high[i]);
  }
  return columns;
}

Cell CellAt(const Column& column, int level, double per_row, double target) {
  const auto row_of = [&](double value) { return static_cast<int>(value / per_row); };
  const bool short_of = column.demand && column.capacity && *column.demand > *column.capacity;
  if (column.capacity && row_of(*column.capacity) == level) {
    return {"─", short_of ? Ink::kShort : Ink::kCapacity};
  }
  if (column.demand && row_of(*column.demand) >= level) {
    return {row_of(*column.demand) == level ? "▄" : "█", short_of ? Ink::kShort : Ink::kDemand};
  }
  if (column.capacity && row_of(*column.capacity * target) == level) return {"╌", Ink::kTarget};
  if (column.median && row_of(*column.median) == level) return {"·", Ink::kMedian};
  if (column.median && column.high && row_of(*column.high) >= level &&
      row_of(*column.median) <= level) {
    return {"░", Ink::kBand};
  }
  return {};
}

/// The first `width` characters; the rest is left out.
std::string Cut(const std::string& text, int width) {
  int shown = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts && ++shown > width) return text.substr(0, i);
  }
  return text;
}

std::string Ending(const Frame& frame) {
  return fmt::format("{} commands/s  p99 {:.1f} ms  {} writes acknowledged, lost {}, undone {}",
                     Short(frame.commands_per_second), Seconds(frame.p99) * 1e3, frame.writes,
                     frame.lost, frame.undone);
}

}  // namespace

std::string Short(double value) {
  if (value >= 999.5e3) return fmt::format("{:.1f}M", value / 1e6);
  return value >= 1000 ? fmt::format("{:.1f}k", value / 1e3) : fmt::format("{:.0f}", value);
}

Screen Screen::Detect() {
  Screen screen;
  const char* term = std::getenv("TERM");
  const std::string kind = term == nullptr ? "" : term;
  screen.terminal = isatty(STDOUT_FILENO) == 1 && kind != "dumb" && !kind.empty();
  screen.color = screen.terminal && std::getenv("NO_COLOR") == nullptr;
  winsize size{};
  if (screen.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row;
  }
  return screen;
}

std::vector<std::string> Picture(const Ledger& ledger, const Band& band, const Frame& frame,
                                 const Screen& screen) {
  const int width = std::clamp(screen.columns - kAxisWidth - 2, 24, 144);
  const int height = std::clamp(screen.rows - 16, 8, 20);
  const auto columns = Columns(ledger, band, frame, width);
  double highest = ledger.shard_capacity();
  for (const auto& column : columns) {
    highest = std::max(
        {highest, column.demand.value_or(0), column.capacity.value_or(0), column.high.value_or(0)});
  }
  const double per_row = highest * 1.05 / height;
  std::vector<std::string> lines;
  for (int level = height - 1; level >= 0; --level) {
    const bool labelled = level % 4 == 0;
    std::string line = fmt::format("{:>{}} ", labelled ? Short(level * per_row) : "", kAxisWidth);
    for (const auto& column : columns) {
      line += Painted(CellAt(column, level, per_row, ledger.target()), screen.color);
    }
    lines.push_back(line);
  }
  std::string axis(static_cast<std::size_t>(kAxisWidth + 1), ' ');
  constexpr int kLabels = 6;
  for (int i = 0; i < kLabels; ++i) {
    const auto at = frame.day_start + (frame.day_end - frame.day_start) * i / kLabels;
    axis.resize(static_cast<std::size_t>(kAxisWidth + 1 + width * i / kLabels), ' ');
    axis += FormatTimeOfDay(at);
  }
  lines.push_back(axis);
  return lines;
}

std::string Render(const Ledger& ledger, const Band& band, const Frame& frame,
                   const Screen& screen) {
  const int width = screen.columns - 1;
  std::string text = Cut(
      fmt::format("Tidewright demo   {} UTC (1 s is {:g} s)   mode {}   {} shards, {} nodes",
                  FormatTimeOfDay(frame.now), frame.speed, frame.mode, frame.shards, frame.nodes),
      width);
  text += "\n\n";
  for (const auto& line : Picture(ledger, band, frame, screen)) text += line + "\n";
  const auto legend = [&](Ink ink, const char* glyph, const char* what) {
    text += Painted({glyph, ink}, screen.color) + " " + what + "   ";
  };
  legend(Ink::kDemand, "█", "demand, RU/s");
  legend(Ink::kCapacity, "─", "capacity");
  legend(Ink::kTarget, "╌", "planned share of it");
  legend(Ink::kMedian, "·", "forecast");
  legend(Ink::kBand, "░", "to 95 %");
  text += "\n\n";
  const auto line = [&](const char* heading, const std::string& what) {
    text += Cut(fmt::format("{:<9} {}", heading, what), width) + "\n";
  };
  line("now",
       fmt::format(
           "demand {} of {} RU/s{}", Short(frame.demand), Short(frame.capacity),
           frame.foreseen > 0 ? fmt::format(", next hour up to {}", Short(frame.foreseen)) : ""));
  line("action", frame.action.empty() ? "none" : frame.action);
  for (const auto& reason : frame.reasons) line("because", reason);
  for (const auto& problem : frame.problems) line("problem", problem);
  line("clients", Ending(frame));
  if (!frame.errors.empty()) line("", frame.errors);
  const std::size_t first = frame.events.size() - std::min(frame.events.size(), kEventsShown);
  for (std::size_t i = first; i < frame.events.size(); ++i) {
    line(i == first ? "events" : "", frame.events[i]);
  }
  return text;
}

std::string PlainLine(const Frame& frame) {
  return fmt::format(
      "{}  demand {:>6} of {:>6} RU/s{}  {} shards{}  {}\n", FormatTimeOfDay(frame.now),
      Short(frame.demand), Short(frame.capacity),
      frame.foreseen > 0 ? fmt::format(" (next hour to {})", Short(frame.foreseen)) : "",
      frame.shards, frame.action.empty() ? "" : "  " + frame.action, Ending(frame));
}

LiveView::~LiveView() {
  if (drawn_ > 0) std::fputs("\x1b[?25h", stdout);
  std::fflush(stdout);
}

void LiveView::Show(const Ledger& ledger, const Band& band, const Frame& frame) {
  if (!screen_.terminal) {
    std::fputs(PlainLine(frame).c_str(), stdout);
    std::fflush(stdout);
    return;
  }
  const std::string text = Render(ledger, band, frame, screen_);
  std::string out = drawn_ == 0 ? "\x1b[?25l" : fmt::format("\x1b[{}F", drawn_);
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";  // what was longer before
    out += c;
  }
  out += "\x1b[J";
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
  drawn_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace tidewright::demo
