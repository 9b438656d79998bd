#include "server/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <utility>

#include "server/proto_values.h"
#include "tidewright/v1/controller.grpc.pb.h"

namespace tidewright {
namespace {

constexpr int kDefaultLimit = 20;
constexpr int kMaxLimit = 1000;

/// Arithmetic on times stays safe; who wants more wants the kill switch.
constexpr Duration kLongestHold = std::chrono::days(3650);

int Limit(int asked) { return asked <= 0 ? kDefaultLimit : std::min(asked, kMaxLimit); }

grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), Message(status)};
}

grpc::Status NotYet() {
  return {grpc::StatusCode::UNAVAILABLE, "the first control cycle has not ended yet; try again"};
}

class Service final : public pb::Controller::Service {
 public:
  explicit Service(ControllerApi& api) : api_(api) {}

 private:
  using Context = grpc::ServerContext;

  grpc::Status GetStatus(Context*, const pb::GetStatusRequest* in, pb::Status* out) override {
    *out = StatusToProto(in->explain() ? api_.ExplainedView() : api_.View());
    return grpc::Status::OK;
  }

  grpc::Status GetTopology(Context*, const pb::GetTopologyRequest*, pb::Topology* out) override {
    const auto view = api_.View();
    if (!view.topology) return NotYet();
    *out = TopologyToProto(*view.topology);
    return grpc::Status::OK;
  }

  grpc::Status GetLoad(Context*, const pb::GetLoadRequest*, pb::Load* out) override {
    const auto view = api_.View();
    if (view.cycles == 0) return NotYet();
    *out = LoadToProto(view);
    return grpc::Status::OK;
  }

  grpc::Status GetForecast(Context*, const pb::GetForecastRequest* in, pb::Forecast* out) override {
    const auto resource = ParseResource(in->resource().empty() ? "requests" : in->resource());
    if (!resource) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              "unknown resource '" + in->resource() + "': requests, cpu, memory or network"};
    }
    auto view = api_.View();
    const bool part = in->has_partition() || !in->shard().empty();
    if (part) {
      ClusterPart which{.partition = {}, .shard = in->shard()};
      if (in->has_partition()) which.partition = in->partition();
      auto forecast = api_.ForecastPart(*resource, which);
      if (!forecast.ok()) return ToGrpc(forecast.status());
      view.demand[*resource] = *std::move(forecast);
      view.topology.reset();  // the cluster's capacity is not the part's
    }
    Series observed;
    if (in->history_seconds() > 0 && !part) {
      const SeriesKey key{view.cluster, Scope::kCluster, "", *resource};
      const double seconds = std::min(in->history_seconds(), 28.0 * 86400);
      auto read = api_.ReadHistory(key, view.now - FromSeconds(seconds), view.now);
      if (!read.ok()) return ToGrpc(read.status());
      observed = *std::move(read);
    }
    *out = ForecastToProto(view, *resource, observed);
    return grpc::Status::OK;
  }

  grpc::Status ListRecommendations(Context*, const pb::ListRecommendationsRequest* in,
                                   pb::ListRecommendationsResponse* out) override {
    const auto all = api_.Recommendations(Limit(in->limit()));
    if (!all.ok()) return ToGrpc(all.status());
    const auto currency = api_.View().policy.currency;
    for (const auto& one : *all) {
      *out->add_recommendations() = RecommendationToProto(one, currency);
    }
    return grpc::Status::OK;
  }

  grpc::Status Answer(const StatusOr<Recommendation>& found, pb::Recommendation* out) {
    if (!found.ok()) return ToGrpc(found.status());
    *out = RecommendationToProto(*found, api_.View().policy.currency);
    return grpc::Status::OK;
  }

  grpc::Status GetRecommendation(Context*, const pb::GetRecommendationRequest* in,
                                 pb::Recommendation* out) override {
    return Answer(api_.FindRecommendation(in->hash()), out);
  }

  grpc::Status Approve(Context*, const pb::DecisionRequest* in, pb::Recommendation* out) override {
    if (in->who().empty()) return NoName();
    return Answer(api_.Approve(in->hash(), in->who(), in->comment()), out);
  }

  grpc::Status Reject(Context*, const pb::DecisionRequest* in, pb::Recommendation* out) override {
    if (in->who().empty()) return NoName();
    return Answer(api_.Reject(in->hash(), in->who(), in->comment()), out);
  }

  grpc::Status Rebalance(Context*, const pb::RebalanceRequest* in,
                         pb::Recommendation* out) override {
    if (in->who().empty()) return NoName();
    return Answer(in->revert() ? api_.PlanRevert(in->who(), in->plan_only())
                               : api_.PlanRebalance(in->who(), in->plan_only()),
                  out);
  }

  grpc::Status ListActions(Context*, const pb::ListActionsRequest* in,
                           pb::ListActionsResponse* out) override {
    const auto all = api_.Actions(Limit(in->limit()));
    if (!all.ok()) return ToGrpc(all.status());
    for (const auto& one : *all) *out->add_actions() = ActionToProto(one, true);
    // What the journal does not have yet of the one under way.
    const pb::Status now = StatusToProto(api_.View());
    for (auto& action : *out->mutable_actions()) {
      if (action.id() != now.action().id() || action.has_ended()) continue;
      action.set_partitions_moved(now.action().partitions_moved());
      action.set_keys_moved(now.action().keys_moved());
      action.set_bytes_moved(now.action().bytes_moved());
      if (now.action().has_estimated_end()) {
        *action.mutable_estimated_end() = now.action().estimated_end();
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status PauseAction(Context*, const pb::PauseActionRequest* in,
                           pb::PauseActionResponse*) override {
    return in->who().empty() ? NoName() : ToGrpc(api_.PauseAction(in->who()));
  }

  grpc::Status ResumeAction(Context*, const pb::ResumeActionRequest* in,
                            pb::ResumeActionResponse*) override {
    return in->who().empty() ? NoName() : ToGrpc(api_.ResumeAction(in->who()));
  }

  grpc::Status CancelAction(Context*, const pb::CancelActionRequest* in,
                            pb::CancelActionResponse* out) override {
    if (in->who().empty()) return NoName();
    const auto action = api_.CancelAction(in->id(), in->who(), in->why(), in->roll_back());
    if (!action.ok()) return ToGrpc(action.status());
    *out->mutable_action() = ActionToProto(*action, true);
    return grpc::Status::OK;
  }

  grpc::Status Stop(Context*, const pb::StopRequest* in, pb::StopResponse* out) override {
    return in->who().empty() ? NoName() : AnswerPath(api_.Stop(in->who(), in->why()), out);
  }

  grpc::Status ClearStop(Context*, const pb::StopRequest* in, pb::StopResponse* out) override {
    return in->who().empty() ? NoName() : AnswerPath(api_.ClearStop(in->who(), in->why()), out);
  }

  static grpc::Status AnswerPath(const StatusOr<std::string>& path, pb::StopResponse* out) {
    if (path.ok()) out->set_path(*path);
    return path.ok() ? grpc::Status::OK : ToGrpc(path.status());
  }

  grpc::Status Unlock(Context*, const pb::UnlockRequest* in, pb::UnlockResponse*) override {
    if (in->who().empty() || in->why().empty()) return NoReason();
    return ToGrpc(api_.SetAutoLock(in->lock(), in->who(), in->why()));
  }

  grpc::Status ResetBreaker(Context*, const pb::ResetBreakerRequest* in,
                            pb::ResetBreakerResponse*) override {
    if (in->who().empty() || in->why().empty()) return NoReason();
    return ToGrpc(api_.ResetBreaker(in->who(), in->why()));
  }

  grpc::Status AddHold(Context*, const pb::AddHoldRequest* in, pb::PersonHold* out) override {
    if (in->who().empty() || in->why().empty()) return NoReason();
    if (in->has_until() == (in->for_seconds() > 0)) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "say until when, or for how long"};
    }
    const double longest = Seconds(kLongestHold);
    const WallTime until =
        in->has_until() ? WallTime(std::chrono::seconds(in->until().seconds()))
                        : api_.View().now + FromSeconds(std::min(in->for_seconds(), longest));
    const auto hold = api_.AddHold(until, in->who(), in->why());
    if (!hold.ok()) return ToGrpc(hold.status());
    *out = PersonHoldToProto(*hold);
    return grpc::Status::OK;
  }

  grpc::Status ClearHold(Context*, const pb::ClearHoldRequest* in,
                         pb::ClearHoldResponse*) override {
    return in->who().empty() ? NoName() : ToGrpc(api_.ClearHold(in->id(), in->who(), in->why()));
  }

  static grpc::Status NoReason() {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "say who decides and why: the audit log keeps both"};
  }

  grpc::Status ListAudit(Context*, const pb::ListAuditRequest* in,
                         pb::ListAuditResponse* out) override {
    const WallTime since{std::chrono::seconds(in->has_since() ? in->since().seconds() : 0)};
    const auto all = api_.AuditLog(since, Limit(in->limit()));
    if (!all.ok()) return ToGrpc(all.status());
    for (const auto& one : *all) *out->add_entries() = AuditToProto(one);
    return grpc::Status::OK;
  }

  static grpc::Status NoName() {
    return {grpc::StatusCode::INVALID_ARGUMENT, "say who decides: the audit log keeps the name"};
  }

  ControllerApi& api_;
};

class Server final : public GrpcServer {
 public:
  explicit Server(ControllerApi& api) : service_(api) {}
  ~Server() override {
    // A deadline in the past cancels calls that are under way.
    if (server_) server_->Shutdown(gpr_time_0(GPR_CLOCK_REALTIME));
  }

  Status Listen(const std::string& host, int port) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    // Two controllers on one port would each get some of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
    const std::string address = host + ":" + std::to_string(port);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) {
      return Error(StatusCode::kUnavailable,
                   "cannot listen on {} for gRPC: is another controller running there?", address);
    }
    server_->GetHealthCheckService()->SetServingStatus("tidewright.v1.Controller", true);
    return OkStatus();
  }

  [[nodiscard]] int port() const override { return port_; }

 private:
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace

StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& host, int port,
                                                        ControllerApi& api) {
  auto server = std::make_unique<Server>(api);
  TW_RETURN_IF_ERROR(server->Listen(host, port));
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace tidewright
