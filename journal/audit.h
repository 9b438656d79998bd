// The audit log: who changed what, why, from what to what. A chain of hashes: whoever changes,
// removes or inserts an entry later is found out.
//
// What a chain alone cannot show is somebody who can write to the file and computes the whole rest
// of it anew. Keep the number and hash that `tidectl audit verify` prints somewhere else, and give
// them to a later run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// One entry. Each carries the hash of the one before it.
struct AuditRecord {
  std::int64_t sequence = 0;  ///< 1, 2, 3, …
  WallTime at;
  std::string actor;  ///< "tidewright", "auto", or a person
  std::string what;  ///< "recommend", "approved", "rejected", "action", "pause", "stop", "prune", …
  std::string detail;         ///< JSON, see AuditDetail
  std::string previous_hash;  ///< empty for the first
  std::string hash;           ///< AuditHash of this record
};

/// The entry about a pruning.
inline constexpr char kAuditPrune[] = "prune";

/// SHA-256 over sequence, time (microseconds since 1970), actor, what, detail and previous hash,
/// each written as its length in bytes, a colon, the bytes and a comma: anybody can recompute it.
[[nodiscard]] std::string AuditHash(const AuditRecord& record);

/// What a change was about. Texts; what is empty is left out.
struct AuditChange {
  std::map<std::string, std::string> about;  ///< "action" → "a-0007", "hash" → …
  std::string why;
  std::string before;
  std::string after;
};
/// {"action": "a-0007", "why": …, "before": …, "after": …}
[[nodiscard]] std::string AuditDetail(const AuditChange& change);
/// Reads any detail: keys that a change does not have are in `about`, what is no text as JSON.
[[nodiscard]] AuditChange ParseAuditDetail(const std::string& detail);

/// What a whole chain says.
struct AuditSummary {
  std::int64_t entries = 0;
  std::int64_t first = 1;  ///< number of the oldest one; those before it were pruned
  std::int64_t last = 0;   ///< 0: there is none
  std::string last_hash;
};

/// Number and hash of an entry as somebody noted them earlier.
struct AuditMark {
  std::int64_t sequence = 0;
  std::string hash;  ///< or the beginning of it
};

/// The log in a journal's file, read without the daemon and beside it. Changes nothing.
class AuditFile {
 public:
  /// kNotFound when there is no such file; otherwise as io/sqlite.h.
  static StatusOr<std::unique_ptr<AuditFile>> Open(const std::string& journal_path);
  virtual ~AuditFile() = default;

  /// The newest ones not before `from`, in their order.
  virtual StatusOr<std::vector<AuditRecord>> Newest(WallTime from, int limit) const = 0;
  /// kDataLoss names the first entry that was changed, removed or inserted, and says which of it.
  /// Entries pruned at their end of life are no loss: the hash of the last of them stands in an
  /// anchor, and the anchor in an entry of the chain. A mark that does not fit is kDataLoss too.
  virtual StatusOr<AuditSummary> Verify(const std::optional<AuditMark>& mark) const = 0;
};

}  // namespace tidewright
