#include <cstdio>
#include <optional>

#include "cli/commands.h"
#include "cli/explanation.h"

namespace tidewright::cli {
namespace {

StatusOr<pb::Recommendation> Find(Session& session, const std::string& hash) {
  pb::GetRecommendationRequest request;
  request.set_hash(hash);
  pb::Recommendation answer;
  TW_RETURN_IF_ERROR(session.Ask(&pb::Controller::Stub::GetRecommendation, request, &answer));
  return answer;
}

StatusOr<pb::Recommendation> Newest(Session& session) {
  pb::ListRecommendationsRequest request;
  request.set_limit(1);
  pb::ListRecommendationsResponse answer;
  TW_RETURN_IF_ERROR(session.Ask(&pb::Controller::Stub::ListRecommendations, request, &answer));
  if (answer.recommendations().empty()) {
    return Error(StatusCode::kNotFound,
                 "there is no recommendation so far: `tidectl explain now` says why");
  }
  return answer.recommendations(0);
}

/// Nothing when what is planned now is to do nothing.
StatusOr<std::optional<pb::Recommendation>> About(Session& session, const std::string& subject,
                                                  const pb::Status& status) {
  if (subject == "now") {
    if (!status.has_plan()) {
      return Error(StatusCode::kUnavailable,
                   "the first control cycle has not ended yet; try again");
    }
    if (status.plan().hash().empty()) return std::optional<pb::Recommendation>();
    // Not kept where the journal could not be written: the plan is explained all the same.
    auto found = Find(session, status.plan().hash());
    if (!found.ok()) return std::optional<pb::Recommendation>();
    return std::optional<pb::Recommendation>(*std::move(found));
  }
  TW_ASSIGN_OR_RETURN(auto found, subject == "latest" ? Newest(session) : Find(session, subject));
  return std::optional<pb::Recommendation>(std::move(found));
}

}  // namespace

int ShowExplanation(Session& session, const std::string& subject) {
  pb::Status status;
  pb::GetStatusRequest request;
  request.set_explain(subject == "now");
  const auto asked = session.Ask(&pb::Controller::Stub::GetStatus, request, &status);
  if (!asked.ok()) return Fail(asked);
  const auto about = About(session, subject, status);
  if (!about.ok()) return Fail(about.status());
  const auto explanation = Explain(status, about->has_value() ? &**about : nullptr);
  if (session.options().json) {
    PrintJson(explanation);
  } else {
    std::fputs(ExplanationText(explanation).c_str(), stdout);
  }
  return kExitOk;
}

}  // namespace tidewright::cli
