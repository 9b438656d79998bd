#include "collector/load_snapshot.h"

#include <algorithm>

namespace tidewright {

const char* QualityName(Quality quality) {
  switch (quality) {
    case Quality::kFresh:
      return "fresh";
    case Quality::kMissing:
      return "missing";
    case Quality::kStale:
      return "stale";
    case Quality::kImplausible:
      return "implausible";
  }
  return "unknown";
}

const NodeLoad* LoadSnapshot::Find(const std::string& node_id) const {
  const auto it = std::find_if(nodes.begin(), nodes.end(),
                               [&](const NodeLoad& node) { return node.node_id == node_id; });
  return it == nodes.end() ? nullptr : &*it;
}

}  // namespace tidewright
