// Moves the keys of open slots from their source to their target, and decides what becomes of keys
// that are found on both sides.
//
// MIGRATE deletes a key at the source when the target has acknowledged it. When the source does not
// learn what became of a key it keeps it: then both have it, while clients still change the
// source's copy alone. So the source is authoritative, at once and by REPLACE, as long as it is the
// same process as when the slot was opened, owns the slot and is migrating it. Keys that were to be
// moved, are absent at the source and present at the target have been moved, or were deleted since
// their copy was made: nobody can tell, so they are left alone and reported by name.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/status.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/move_speed.h"

namespace tidewright::redis {

struct SlotKey {
  int slot = 0;
  std::string name;
  std::int64_t bytes = 0;  ///< MEMORY USAGE
};

/// What is durable about slots before they are opened and before each MIGRATE.
struct BatchNote {
  std::string source;          ///< node id
  std::string run_id;          ///< of the source's process when the slots were opened
  std::int64_t io_errors = 0;  ///< IOERR replies that the source had given by then
  std::map<int, std::vector<std::string>> keys;  ///< by slot, those about to be sent; every slot
                                                 ///< that is to be opened is here

  /// Key names are bytes: all but printable ASCII and '%' is escaped.
  [[nodiscard]] std::string Encode() const;
  [[nodiscard]] static StatusOr<BatchNote> Parse(const std::string& text);
};

/// What a server says about itself that matters to a move.
struct ServerState {
  std::string run_id;
  std::int64_t io_errors = 0;
};

/// For slots between one source and one target. One operation at a time.
class KeyMover {
 public:
  KeyMover(ClusterLink& link, StepContext& context, Server source, Server target,
           Duration node_timeout, MoveSpeed& speed, std::string note_key)
      : link_(link),
        context_(context),
        source_(std::move(source)),
        target_(std::move(target)),
        node_timeout_(node_timeout),
        speed_(speed),
        note_key_(std::move(note_key)) {}

  /// The keys that the source holds in these slots, at most `limit` of each, with their sizes.
  StatusOr<std::vector<SlotKey>> List(const std::vector<int>& slots, std::int64_t limit);
  /// Begins with slots that are about to be opened: makes source, slots and keys durable.
  Status Begin(const std::vector<int>& slots, const std::vector<SlotKey>& keys);
  /// Goes on with slots that were found open: settles keys that an interrupted MIGRATE left on both
  /// sides. kDataLoss when the source failed over in between and keys are on both sides.
  Status Resume(const std::vector<int>& slots);
  /// Until the source holds no key in these slots; `keys` have been listed and made durable by
  /// Begin.
  Status Drain(const std::vector<int>& slots, std::vector<SlotKey> keys);

 private:
  Status Journal(const std::vector<SlotKey>& keys);
  Status Send(const std::vector<SlotKey>& keys);
  /// One MIGRATE.
  struct Parcel {
    Command command;
    std::size_t end = 0;  ///< the index behind its last key
    double bytes = 0;
  };
  Parcel NextParcel(const std::vector<SlotKey>& keys, std::size_t first, bool replace) const;
  /// Its reply, after the wait that the speed asks for.
  StatusOr<Reply> Run(Parcel parcel, int keys);

  /// Keys by slot.
  using Suspects = std::map<int, std::set<std::string>>;
  /// Looks at both sides of these slots, reports those suspects that are ambiguous when `certain`
  /// (a MIGRATE did end without the source learning what came of it) or when keys on both sides
  /// show as much, and replaces the target's copies of the latter.
  Status SettleDoubt(const Suspects& suspects, bool certain);
  Status ReplaceWhatBothHave(const Suspects& suspects, bool certain, Suspects& ambiguous);
  struct BothSides;
  StatusOr<BothSides> LookAtBothSides(const Suspects& suspects);
  /// What could not be replaced stays in `open`; what was deleted at the source meanwhile goes to
  /// `ambiguous`.
  Status Replace(const std::vector<SlotKey>& keys, Suspects& open, Suspects& ambiguous);
  Status CheckAuthority(const BothSides& sides) const;
  Status ReportAmbiguous(int slot, const std::set<std::string>& keys);
  StatusOr<ServerState> SourceState();
  [[nodiscard]] Duration MigrateTimeout() const;

  ClusterLink& link_;
  StepContext& context_;
  const Server source_;
  const Server target_;
  const Duration node_timeout_;  ///< zero: not known
  MoveSpeed& speed_;
  const std::string note_key_;
  BatchNote note_;
};

}  // namespace tidewright::redis
