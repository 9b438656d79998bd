// Which zone a host lies in, as a person has listed it: the stores that we know do not tell.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/networks.h"
#include "core/status.h"
#include "core/topology.h"

namespace tidewright {

class Zones {
 public:
  /// What is listed, and its zone.
  using Entry = std::pair<std::string, std::string>;

  /// Listed are addresses and networks as in Networks, names ("redis-1.example"), and one server of
  /// a host ("10.0.0.7:6379", "[fd00::7]:6379"). A zone is up to 64 letters, digits, '-', '_', '.'.
  /// kInvalidArgument names the entry that is wrong.
  [[nodiscard]] static StatusOr<Zones> Parse(const std::vector<Entry>& entries);

  [[nodiscard]] bool empty() const { return listed_.empty(); }
  /// Of the entry that says most: one with the port before one without, a name or an address before
  /// a network, a longer network before a shorter one. Empty where none holds the host: unknown.
  [[nodiscard]] std::string Of(const std::string& host, int port) const;
  /// Sets the zone of every node that is listed.
  void Name(Topology& topology) const;

 private:
  struct Listed {
    std::string name;  ///< of a host; empty for an address or a network
    Networks network;  ///< one
    int port = 0;      ///< 0: any
    std::string zone;
  };
  [[nodiscard]] static StatusOr<Listed> Read(const Entry& entry);

  std::vector<Listed> listed_;
};

}  // namespace tidewright
