// Says on stderr how far long work has come.
#pragma once

#include <cstddef>
#include <string>

#include "core/clock.h"

namespace tidewright::cli {

/// Quiet for the first seconds. On a terminal then one line that is written again and again; else
/// a line every few seconds. Not thread-safe.
class Progress {
 public:
  /// `what` is the plural: "series". `clock` must outlive it.
  Progress(Clock& clock, std::size_t total, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Done(std::size_t done);
  /// Removes the line, so that something else can be written.
  void Clear();

 private:
  Clock& clock_;
  std::size_t total_;
  std::string what_;
  MonoTime began_;
  MonoTime next_;
  bool terminal_;
  bool shown_ = false;
};

}  // namespace tidewright::cli
