#include <cstdio>

#include "cli/commands.h"
#include "cli/savings_text.h"

namespace tidewright::cli {

int ShowSavings(Session& session) {
  pb::Status status;
  const auto asked = session.Ask(&pb::Controller::Stub::GetStatus, pb::GetStatusRequest(), &status);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    // The part of the status that this is about.
    pb::Status part;
    part.set_cluster(status.cluster());
    *part.mutable_now() = status.now();
    *part.mutable_savings() = status.savings();
    *part.mutable_policies() = status.policies();
    part.set_price_per_node_hour(status.price_per_node_hour());
    part.set_currency(status.currency());
    PrintJson(part);
  } else {
    std::fputs(SavingsText(status).c_str(), stdout);
  }
  return kExitOk;
}

}  // namespace tidewright::cli
