// Whether a server that stands by may become a node of a cluster.
#pragma once

#include <string>

#include "core/status.h"
#include "core/time.h"
#include "stores/redis/client.h"

namespace tidewright::redis {

/// OK when it serves, is in cluster mode, knows no other node, owns no slot and holds no key.
/// kUnavailable when it does not answer or loads its data, kFailedPrecondition with what it is not.
[[nodiscard]] Status CheckStandsBy(Client& client, const std::string& host, int port,
                                   Duration timeout);

}  // namespace tidewright::redis
