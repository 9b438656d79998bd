// The live view of the demo: in place on a terminal, a line now and then elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/loadgen/demo_ledger.h"
#include "core/time.h"

namespace tidewright::demo {

/// The forecast as the daemon tells it: steps from `start` on.
struct Band {
  WallTime start;
  Duration step{0};
  std::vector<double> median;
  std::vector<double> high;  ///< the 95 % quantile
};

struct Frame {
  WallTime day_start;
  WallTime day_end;
  WallTime now;
  double speed = 1;
  double demand = 0;    ///< RU/s wanted now
  double foreseen = 0;  ///< 95 % quantile of the next hour's maximum; 0 = none
  double capacity = 0;  ///< RU/s that the shards bear as the slots lie
  int shards = 0;
  int nodes = 0;
  std::string mode;
  std::string action;                ///< what is being done, empty when nothing
  std::vector<std::string> reasons;  ///< of the newest plan
  std::vector<std::string> problems;
  std::vector<std::string> events;  ///< newest last
  double commands_per_second = 0;
  Duration p99{0};  ///< since the last frame
  std::int64_t writes = 0;
  std::int64_t lost = 0;
  std::int64_t undone = 0;
  std::string errors;
};

struct Screen {
  bool terminal = false;  ///< stdout is one
  bool color = false;
  int columns = 100;
  int rows = 40;

  [[nodiscard]] static Screen Detect();
};

/// A picture of the whole day: what was wanted, what the shards could bear, what is foreseen. The
/// last line is the axis.
[[nodiscard]] std::vector<std::string> Picture(const Ledger& ledger, const Band& band,
                                               const Frame& frame, const Screen& screen);
/// All of the view, lines ended by newlines.
[[nodiscard]] std::string Render(const Ledger& ledger, const Band& band, const Frame& frame,
                                 const Screen& screen);
/// One line for what is no terminal.
[[nodiscard]] std::string PlainLine(const Frame& frame);

/// 11234 → "11.2k".
[[nodiscard]] std::string Short(double value);

/// Draws over what it drew before. Restores the cursor at the end.
class LiveView {
 public:
  explicit LiveView(Screen screen) : screen_(screen) {}
  ~LiveView();
  void Show(const Ledger& ledger, const Band& band, const Frame& frame);
  [[nodiscard]] const Screen& screen() const { return screen_; }

 private:
  Screen screen_;
  int drawn_ = 0;  ///< lines of the last frame
};

}  // namespace tidewright::demo
