// Values to proto. One way: what comes in over the API is text and numbers, checked where it is
// used.
#pragma once

#include "server/controller_api.h"
#include "tidewright/v1/controller.pb.h"

namespace tidewright {

namespace pb = ::tidewright::v1;

[[nodiscard]] pb::Status StatusToProto(const ControllerView& view);
[[nodiscard]] pb::Topology TopologyToProto(const Topology& topology);
[[nodiscard]] pb::Load LoadToProto(const ControllerView& view);
/// `observed` may be empty.
[[nodiscard]] pb::Forecast ForecastToProto(const ControllerView& view, Resource resource,
                                           const Series& observed);
[[nodiscard]] pb::Plan PlanToProto(const Plan& plan, const std::string& currency);
[[nodiscard]] pb::Recommendation RecommendationToProto(const Recommendation& recommendation,
                                                       const std::string& currency);
[[nodiscard]] pb::Action ActionToProto(const ActionRecord& action, bool with_steps);
[[nodiscard]] pb::PersonHold PersonHoldToProto(const PersonHold& hold);
[[nodiscard]] pb::AuditEntry AuditToProto(const AuditRecord& record);

}  // namespace tidewright
