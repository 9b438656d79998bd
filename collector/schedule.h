// When each of many things is due. Pure: no clock, no thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/time.h"

namespace tidewright {

/// Every id has a rhythm of its own: its interval varies by up to `jitter` of itself, decided by
/// the id, so that ids neither come in step nor fall into it. An id that is under way is not due.
class Schedule {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(10);
    double jitter = 0.1;                        ///< 0…1
    Duration first = Duration(0);               ///< until the first one, at least
    Duration spread = std::chrono::seconds(1);  ///< of the first ones
  };
  explicit Schedule(Options options) : options_(options) {}

  /// Exactly these ids from now on: new ones begin, known ones keep their rhythm.
  void Keep(const std::vector<std::string>& ids, MonoTime now);
  /// The longest overdue first.
  [[nodiscard]] std::vector<std::string> Due(MonoTime now) const;
  /// When the next id falls due after `now`; MonoTime::max() when none does.
  [[nodiscard]] MonoTime NextAfter(MonoTime now) const;

  void Started(const std::string& id, MonoTime now);
  void Finished(const std::string& id);
  /// Due at `when` instead.
  void Postpone(const std::string& id, MonoTime when);

 private:
  struct Entry {
    MonoTime due;
    bool under_way = false;
    Random random;
  };

  Options options_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tidewright
