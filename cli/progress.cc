#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tidewright::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kQuietOnTerminal = 1s;
constexpr Duration kQuiet = 5s;
constexpr Duration kRefresh = 200ms;

}  // namespace

Progress::Progress(Clock& clock, std::size_t total, std::string what)
    : clock_(clock),
      total_(total),
      what_(std::move(what)),
      began_(clock.Monotonic()),
      terminal_(isatty(STDERR_FILENO) != 0) {
  next_ = began_ + (terminal_ ? kQuietOnTerminal : kQuiet);
}

Progress::~Progress() { Clear(); }

void Progress::Done(std::size_t done) {
  const MonoTime now = clock_.Monotonic();
  if (now < next_ || done >= total_) return;
  next_ = now + (terminal_ ? kRefresh : kQuiet);
  const double elapsed = Seconds(now - began_);
  const double left = elapsed * static_cast<double>(total_ - done) /
                      static_cast<double>(std::max<std::size_t>(done, 1));
  const std::string text =
      fmt::format("{} of {} {}, {} left", done, total_, what_,
                  FormatDuration(std::chrono::seconds(std::int64_t(left + 1))));
  if (terminal_) {
    std::fprintf(stderr, "\r%s\033[K", text.c_str());
    shown_ = true;
  } else {
    std::fprintf(stderr, "tidectl: %s\n", text.c_str());
  }
  std::fflush(stderr);
}

void Progress::Clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace tidewright::cli
