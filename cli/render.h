// Text for terminals: tables, bars and charts. Pure, but for what Terminal finds out.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tidewright::cli {

/// What stdout is.
struct Terminal {
  bool is_terminal = false;
  bool color = false;  ///< a terminal, and neither NO_COLOR nor --no-color nor TERM=dumb
  int columns = 100;
  int rows = 40;

  static Terminal Detect(bool no_color);
};

enum class Color { kNone, kRed, kGreen, kYellow, kBlue, kDim, kBold };
[[nodiscard]] std::string Paint(const Terminal& terminal, Color color, const std::string& text);

/// Width on screen: UTF-8 code points, escape sequences left out.
[[nodiscard]] std::size_t DisplayWidth(const std::string& text);
/// Columns aligned; the first row is the header. Numbers (cells that begin with a digit) to the
/// right.
[[nodiscard]] std::string Table(const std::vector<std::vector<std::string>>& rows);

/// 11234 → "11.2k", 0.0123 → "0.0123".
[[nodiscard]] std::string Human(double value);
/// 1536 → "1.5KiB".
[[nodiscard]] std::string HumanBytes(double bytes);
/// A figure of a resource with its unit: "11.2k RU/s", "0.42 cores", "1.5GiB", "3.1MiB/s".
[[nodiscard]] std::string HumanResource(const std::string& resource, double value);
/// "████░░░░" of `width` cells.
[[nodiscard]] std::string Bar(double share, int width);

struct ChartInput {
  std::vector<double> history;  ///< NaN is a gap
  std::vector<double> median;   ///< the forecast goes on where the history ends
  std::vector<double> low;      ///< band; as long as median
  std::vector<double> high;
  std::optional<double> usable;
  std::optional<double> capacity;
  std::string left_label;  ///< under the axis
  std::string now_label;
  std::string right_label;
};
/// A picture of `columns` × `rows` characters, with its scale on the left.
[[nodiscard]] std::string Chart(const Terminal& terminal, const ChartInput& input, int columns,
                                int rows);

}  // namespace tidewright::cli
