#include "cli/render.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace tidewright::cli {
namespace {

const char* Code(Color color) {
  switch (color) {
    case Color::kRed:
      return "\033[31m";
    case Color::kGreen:
      return "\033[32m";
    case Color::kYellow:
      return "\033[33m";
    case Color::kBlue:
      return "\033[36m";
    case Color::kDim:
      return "\033[2m";
    case Color::kBold:
      return "\033[1m";
    case Color::kNone:
      return "";
  }
  return "";
}

bool IsNumber(const std::string& cell) {
  return !cell.empty() && ((cell[0] >= '0' && cell[0] <= '9') || cell[0] == '-');
}

/// Values squeezed or stretched to `width` columns; a column is the mean of what falls into it.
std::vector<double> Resample(const std::vector<double>& values, int width) {
  std::vector<double> out(static_cast<std::size_t>(std::max(width, 0)), std::nan(""));
  const double per = static_cast<double>(values.size()) / std::max(width, 1);
  for (std::size_t c = 0; c < out.size() && !values.empty(); ++c) {
    const auto from = static_cast<std::size_t>(static_cast<double>(c) * per);
    const auto to = std::max(from + 1, static_cast<std::size_t>(static_cast<double>(c + 1) * per));
    double sum = 0;
    int count = 0;
    for (std::size_t i = from; i < std::min(to, values.size()); ++i) {
      if (std::isnan(values[i])) continue;
      sum += values[i];
      ++count;
    }
    if (count > 0) out[c] = sum / count;
  }
  return out;
}

struct Cell {
  const char* glyph = " ";
  Color color = Color::kNone;
};

/// Rows of cells, the top one first.
class Canvas {
 public:
  Canvas(int columns, int rows, double top) : columns_(columns), rows_(rows), top_(top) {
    cells_.resize(static_cast<std::size_t>(columns * rows));
  }
  [[nodiscard]] int RowOf(double value) const {
    const double share = std::clamp(value / top_, 0.0, 1.0);
    return rows_ - 1 - static_cast<int>(std::lround(share * (rows_ - 1)));
  }
  void Put(int column, int row, const char* glyph, Color color) {
    if (column < 0 || column >= columns_ || row < 0 || row >= rows_) return;
    cells_[static_cast<std::size_t>(row * columns_ + column)] = {glyph, color};
  }
  void Line(double value, const char* glyph, Color color) {
    for (int c = 0; c < columns_; ++c) Put(c, RowOf(value), glyph, color);
  }
  [[nodiscard]] std::string Row(const Terminal& terminal, int row) const {
    std::string text;
    for (int c = 0; c < columns_; ++c) {
      const Cell& cell = cells_[static_cast<std::size_t>(row * columns_ + c)];
      text += Paint(terminal, cell.color, cell.glyph);
    }
    return text;
  }

 private:
  int columns_;
  int rows_;
  double top_;
  std::vector<Cell> cells_;
};

double Highest(const ChartInput& input) {
  double top = input.capacity.value_or(input.usable.value_or(0));
  for (const auto* values : {&input.history, &input.high, &input.median}) {
    for (double v : *values) {
      if (!std::isnan(v)) top = std::max(top, v);
    }
  }
  return top > 0 ? top * 1.05 : 1;
}

}  // namespace

Terminal Terminal::Detect(bool no_color) {
  Terminal terminal;
  terminal.is_terminal = isatty(STDOUT_FILENO) != 0;
  winsize size{};
  if (terminal.is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.columns = size.ws_col;
    terminal.rows = size.ws_row;
  }
  const char* term = std::getenv("TERM");
  const char* plain = std::getenv("NO_COLOR");
  terminal.color = terminal.is_terminal && !no_color && (plain == nullptr || *plain == '\0') &&
                   (term == nullptr || std::string(term) != "dumb");
  return terminal;
}

std::string Paint(const Terminal& terminal, Color color, const std::string& text) {
  if (!terminal.color || color == Color::kNone) return text;
  return Code(color) + text + "\033[0m";
}

std::size_t DisplayWidth(const std::string& text) {
  std::size_t width = 0;
  bool escape = false;
  for (unsigned char c : text) {
    if (c == 0x1b) escape = true;
    if (!escape && (c & 0xc0) != 0x80) ++width;
    if (escape && c == 'm') escape = false;
  }
  return width;
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], DisplayWidth(row[c]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const std::string pad(widths[c] - DisplayWidth(rows[r][c]), ' ');
      const bool right = r > 0 && IsNumber(rows[r][c]);
      if (c > 0) line += "  ";
      line += right ? pad + rows[r][c] : rows[r][c] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string Human(double value) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:.1f}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:.1f}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.1f}k", value / 1e3);
  if (size >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string HumanBytes(double bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (std::abs(bytes) >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}B", bytes) : fmt::format("{:.1f}{}", bytes, kUnits[unit]);
}

std::string HumanResource(const std::string& resource, double value) {
  if (resource == "cpu") return fmt::format("{:.3g} cores", value);
  if (resource == "memory") return HumanBytes(value);
  if (resource == "network") return HumanBytes(value) + "/s";
  return Human(value) + " RU/s";
}

std::string Bar(double share, int width) {
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string Chart(const Terminal& terminal, const ChartInput& input, int columns, int rows) {
  constexpr int kScale = 9;
  const int width = std::max(columns - kScale, 10);
  const std::size_t total = input.history.size() + input.median.size();
  if (total == 0) return "  (nothing to draw)\n";
  const double split = static_cast<double>(input.history.size()) / static_cast<double>(total);
  const int past = static_cast<int>(std::lround(split * width));
  const auto history = Resample(input.history, past);
  const auto median = Resample(input.median, width - past);
  const auto low = Resample(input.low, width - past);
  const auto high = Resample(input.high, width - past);
  const double top = Highest(input);
  Canvas canvas(width, rows, top);
  if (input.capacity) canvas.Line(*input.capacity, "═", Color::kRed);
  if (input.usable) canvas.Line(*input.usable, "─", Color::kYellow);
  for (int c = past; c < width; ++c) {
    const auto i = static_cast<std::size_t>(c - past);
    if (std::isnan(high[i]) || std::isnan(low[i])) continue;
    for (int row = canvas.RowOf(high[i]); row <= canvas.RowOf(low[i]); ++row) {
      canvas.Put(c, row, "░", Color::kBlue);
    }
    if (!std::isnan(median[i])) canvas.Put(c, canvas.RowOf(median[i]), "·", Color::kBold);
  }
  for (int c = 0; c < past; ++c) {
    const double v = history[static_cast<std::size_t>(c)];
    if (!std::isnan(v)) canvas.Put(c, canvas.RowOf(v), "•", Color::kGreen);
  }
  std::string text;
  for (int row = 0; row < rows; ++row) {
    const bool labelled = row == 0 || row == rows - 1 || row == rows / 2;
    const double value = top * (rows - 1 - row) / std::max(rows - 1, 1);
    text += fmt::format("{:>7} ┤", labelled ? Human(value) : "");
    text += canvas.Row(terminal, row) + "\n";
  }
  std::string axis(static_cast<std::size_t>(kScale + width), ' ');
  const auto place = [&](int column, const std::string& label) {
    const int limit = static_cast<int>(axis.size()) - static_cast<int>(label.size());
    const int at = std::clamp(column, 0, std::max(limit, 0));
    axis.replace(static_cast<std::size_t>(at), label.size(), label);
  };
  place(kScale, input.left_label);
  place(kScale + width, input.right_label);
  place(kScale + past - static_cast<int>(input.now_label.size()) / 2, input.now_label);
  return text + axis + "\n";
}

}  // namespace tidewright::cli
