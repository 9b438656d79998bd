#include "server/grpc_server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/server/sample_view.h"
#include "tidewright/v1/controller.grpc.pb.h"

using namespace tidewright;
namespace pb = ::tidewright::v1;

namespace {

class FakeController : public ControllerApi {
 public:
  [[nodiscard]] ControllerView View() const override { return SampleView(); }
  [[nodiscard]] ControllerView ExplainedView() override {
    ControllerView view = SampleView();
    view.plan->basis->more = TurningPoint{.factor = 1.25, .shards = 4};
    return view;
  }
  StatusOr<PersonHold> AddHold(WallTime until, const std::string& who,
                               const std::string& why) override {
    return PersonHold{.id = "h-2", .who = who, .why = why, .since = View().now, .until = until};
  }
  Status ClearHold(const std::string& id, const std::string&, const std::string&) override {
    return id == "h-1" ? OkStatus() : Error(StatusCode::kNotFound, "no hold {}", id);
  }
  StatusOr<std::vector<Recommendation>> Recommendations(int) const override {
    return std::vector<Recommendation>{*FindRecommendation("")};
  }
  StatusOr<Recommendation> FindRecommendation(const std::string& prefix) const override {
    if (prefix == "gone") return Error(StatusCode::kNotFound, "no recommendation begins with gone");
    Recommendation found;
    found.hash = "abcdef";
    found.plan = *SampleView().plan;
    return found;
  }
  StatusOr<Recommendation> Approve(const std::string& prefix, const std::string& who,
                                   const std::string& comment) override {
    if (prefix == "old") return Error(StatusCode::kFailedPrecondition, "it expired");
    auto found = *FindRecommendation(prefix);
    found.state = RecommendationState::kApproved;
    found.decided_by = who;
    found.comment = comment;
    return found;
  }
  StatusOr<Recommendation> Reject(const std::string& prefix, const std::string&,
                                  const std::string&) override {
    return FindRecommendation(prefix);
  }
  StatusOr<Recommendation> PlanRevert(const std::string&, bool) override {
    return Error(StatusCode::kFailedPrecondition, "nobody else moved any");
  }
  StatusOr<Recommendation> PlanRebalance(const std::string& who, bool plan_only) override {
    if (!plan_only) return Error(StatusCode::kFailedPrecondition, "it is even, {}", who);
    return FindRecommendation("abcd");
  }
  StatusOr<std::vector<ActionRecord>> Actions(int) const override {
    return std::vector<ActionRecord>{};
  }
  Status PauseAction(const std::string&) override { return OkStatus(); }
  Status ResumeAction(const std::string&) override { return OkStatus(); }
  StatusOr<ActionRecord> CancelAction(const std::string& id, const std::string& who,
                                      const std::string& why, bool roll_back) override {
    if (id != "a-0001") return Error(StatusCode::kFailedPrecondition, "not open");
    ActionRecord record;
    record.id = id;
    record.state = roll_back ? ActionState::kRollingBack : ActionState::kCancelled;
    record.cancelled_by = who;
    record.error = why;
    return record;
  }
  StatusOr<std::string> Stop(const std::string&, const std::string&) override { return "/d/stop"; }
  StatusOr<std::string> ClearStop(const std::string&, const std::string&) override {
    return Error(StatusCode::kNotFound, "not thrown");
  }
  StatusOr<Forecast> ForecastPart(Resource, const ClusterPart& part) const override {
    if (!part.partition) return Error(StatusCode::kNotFound, "no shard '{}'", part.shard);
    Forecast forecast;
    forecast.mean = {1.0 * *part.partition};
    return forecast;
  }
  Status SetAutoLock(bool, const std::string&, const std::string&) override { return OkStatus(); }
  Status ResetBreaker(const std::string&, const std::string&) override { return OkStatus(); }
  StatusOr<std::vector<AuditRecord>> AuditLog(WallTime, int) const override {
    AuditRecord record = {.sequence = 7,
                          .at = WallTime(std::chrono::seconds(1772366400)),
                          .actor = "ann",
                          .what = "approved",
                          .detail = {},
                          .previous_hash = "ab",
                          .hash = "cd"};
    record.detail = AuditDetail(
        {.about = {{"hash", "3fa9"}}, .why = "needed", .before = "open", .after = "approved"});
    return std::vector<AuditRecord>{record};
  }
  StatusOr<Series> ReadHistory(const SeriesKey&, WallTime, WallTime) const override {
    return Series{};
  }
};

struct Served {
  Served() {
    auto started = GrpcServer::Start("127.0.0.1", 0, controller);
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    server = std::move(*started);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
    stub = pb::Controller::NewStub(channel);
  }
  FakeController controller;
  std::unique_ptr<GrpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::Controller::Stub> stub;
};

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string text;
  for (const auto& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

/// One message there and one back, in bytes: for services whose messages are not at hand.
std::string Exchange(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto next = [&] { return queue.Next(&tag, &ok) && ok; };
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  if (!next()) return "no call";
  call->Write(Bytes(request), nullptr);
  if (!next()) return "not sent";
  grpc::ByteBuffer reply;
  call->Read(&reply, nullptr);
  const std::string text = next() ? Text(reply) : "no answer";
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  return text;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_server, Served)

BOOST_AUTO_TEST_CASE(status_carries_the_whole_view) {
  grpc::ClientContext context;
  pb::Status status;
  BOOST_REQUIRE(stub->GetStatus(&context, {}, &status).ok());
  BOOST_TEST(status.cluster() == "cache");
  BOOST_TEST(status.shards() == 2);
  BOOST_TEST(status.recommended_shards() == 3);
  BOOST_TEST(status.demand().at("requests") == 2400);
  BOOST_TEST(status.demand().count("cpu") == 0u);  // missing is absent, not zero
  BOOST_TEST(status.usable_capacity().at("requests") == 4200);
  BOOST_TEST(status.forecast().at("requests").max_1h_q95() == 3100);
  BOOST_TEST(status.plan().reasons(0).code() == "forecast_exceeds_capacity");
}

BOOST_AUTO_TEST_CASE(a_plan_carries_its_hash_and_what_it_rests_on) {
  grpc::ClientContext context;
  pb::Status status;
  BOOST_REQUIRE(stub->GetStatus(&context, {}, &status).ok());
  const auto& plan = status.plan();
  BOOST_TEST(plan.hash() == PlanHash(*SampleView().plan));
  BOOST_REQUIRE(plan.basis().options_size() == 2);
  BOOST_TEST(plan.basis().options(0).unserved() == 40);
  BOOST_TEST(plan.basis().less().shards() == 2);
  BOOST_TEST(!plan.basis().has_more());
  grpc::ClientContext again;
  pb::GetStatusRequest explain;
  explain.set_explain(true);
  pb::Status explained;
  BOOST_REQUIRE(stub->GetStatus(&again, explain, &explained).ok());
  BOOST_TEST(explained.plan().basis().more().shards() == 4);
  BOOST_TEST(plan.basis().observed() == 2400);
  BOOST_TEST(!plan.basis().has_reactive_at());
  BOOST_TEST(plan.basis().forecasts(0).held(0).share() == 0.94);
  BOOST_TEST(plan.basis().moves(0).to() == 3);
}

BOOST_AUTO_TEST_CASE(errors_keep_their_code_and_words) {
  grpc::ClientContext first, second, third;
  pb::DecisionRequest request;
  pb::Recommendation answer;
  request.set_hash("old");
  auto status = stub->Approve(&first, request, &answer);
  BOOST_TEST(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);  // nobody said who
  request.set_who("ada");
  status = stub->Approve(&second, request, &answer);
  BOOST_TEST(status.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  BOOST_TEST(status.error_message() == "it expired");
  request.set_hash("abc");
  BOOST_REQUIRE(stub->Approve(&third, request, &answer).ok());
  BOOST_TEST(answer.decided_by() == "ada");
  BOOST_TEST(answer.state() == "approved");
}

BOOST_AUTO_TEST_CASE(what_holds_the_controller_back_is_asked_for_by_name_and_reason) {
  grpc::ClientContext c1, c2, c3, c4, c5, c6, c7;
  pb::StopRequest stop;
  pb::StopResponse stopped;
  BOOST_TEST(stub->Stop(&c1, stop, &stopped).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  stop.set_who("ann");
  BOOST_REQUIRE(stub->Stop(&c2, stop, &stopped).ok());
  BOOST_TEST(stopped.path() == "/d/stop");
  BOOST_TEST(stub->ClearStop(&c3, stop, &stopped).error_code() == grpc::StatusCode::NOT_FOUND);
  pb::UnlockRequest unlock;
  pb::UnlockResponse unlocked;
  unlock.set_who("ann");
  BOOST_TEST(stub->Unlock(&c4, unlock, &unlocked).error_code() ==
             grpc::StatusCode::INVALID_ARGUMENT);  // not without a reason
  unlock.set_why("tested for a week");
  BOOST_TEST(stub->Unlock(&c5, unlock, &unlocked).ok());
  pb::CancelActionRequest cancel;
  pb::CancelActionResponse cancelled;
  cancel.set_id("a-0001");
  cancel.set_who("ann");
  BOOST_REQUIRE(stub->CancelAction(&c6, cancel, &cancelled).ok());
  BOOST_TEST(cancelled.action().state() == "cancelled");
  BOOST_TEST(cancelled.action().cancelled_by() == "ann");
  pb::ListAuditRequest list;
  pb::ListAuditResponse audit;
  BOOST_REQUIRE(stub->ListAudit(&c7, list, &audit).ok());
  BOOST_REQUIRE(audit.entries_size() == 1);
  BOOST_TEST(audit.entries(0).why() == "needed");
  BOOST_TEST(audit.entries(0).before() == "open");
  BOOST_TEST(audit.entries(0).about().at("hash") == "3fa9");
}

BOOST_AUTO_TEST_CASE(savings_say_what_is_estimated_and_what_is_not_known) {
  grpc::ClientContext context;
  pb::Status status;
  BOOST_REQUIRE(stub->GetStatus(&context, {}, &status).ok());
  BOOST_TEST(status.node_hours() == 12.5);
  BOOST_TEST(status.static_peak_node_hours() == 20);
  BOOST_TEST(status.savings().missing_seconds() == 600);
  BOOST_REQUIRE(status.savings().against_size() == 2);
  BOOST_TEST(!status.savings().against(0).estimated());
  BOOST_TEST(status.savings().against(0).saved_cost() == 0.75);
  BOOST_TEST(status.savings().against(1).estimated());
  BOOST_TEST(std::abs(status.savings().against(1).saved_cost() + 0.1) < 1e-9);
  BOOST_REQUIRE(status.policies_size() == 1);
  BOOST_TEST(status.policies(0).moves_to() == 4);
  BOOST_TEST(status.policies(0).dark_seconds() == 600);
  BOOST_TEST(status.policies(0).episodes() == 2);
}

BOOST_AUTO_TEST_CASE(a_hold_has_an_end_a_name_and_a_reason) {
  grpc::ClientContext c0, c1, c2, c3, c4, c5, c6;
  pb::Status status;
  BOOST_REQUIRE(stub->GetStatus(&c0, {}, &status).ok());
  BOOST_REQUIRE(status.person_holds_size() == 1);
  BOOST_TEST(status.person_holds(0).why() == "index rebuild");
  pb::AddHoldRequest add;
  pb::PersonHold hold;
  add.set_who("ann");
  BOOST_TEST(stub->AddHold(&c1, add, &hold).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  add.set_why("holidays");
  BOOST_TEST(stub->AddHold(&c2, add, &hold).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  add.set_for_seconds(3600);
  BOOST_REQUIRE(stub->AddHold(&c3, add, &hold).ok());
  BOOST_TEST(hold.until().seconds() == 1'800'003'600);
  add.mutable_until()->set_seconds(1'800'007'200);
  BOOST_TEST(stub->AddHold(&c4, add, &hold).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  pb::ClearHoldRequest clear;
  pb::ClearHoldResponse cleared;
  clear.set_id("h-1");
  BOOST_TEST(stub->ClearHold(&c5, clear, &cleared).error_code() ==
             grpc::StatusCode::INVALID_ARGUMENT);
  clear.set_who("ann");
  BOOST_TEST(stub->ClearHold(&c6, clear, &cleared).ok());
}

BOOST_AUTO_TEST_CASE(an_unknown_resource_is_refused_with_the_known_ones) {
  grpc::ClientContext context;
  pb::GetForecastRequest request;
  request.set_resource("disk");
  pb::Forecast forecast;
  const auto status = stub->GetForecast(&context, request, &forecast);
  BOOST_TEST(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  BOOST_TEST(status.error_message().find("memory") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_part_has_its_own_forecast_and_not_the_clusters_capacity) {
  grpc::ClientContext c1, c2;
  pb::GetForecastRequest request;
  request.set_partition(0);
  pb::Forecast forecast;
  BOOST_REQUIRE(stub->GetForecast(&c1, request, &forecast).ok());
  BOOST_REQUIRE(forecast.mean_size() == 1);
  BOOST_TEST(forecast.mean(0) == 0);
  BOOST_TEST(forecast.capacity() == 0);
  request.clear_partition();
  request.set_shard("nobody");
  BOOST_TEST(stub->GetForecast(&c2, request, &forecast).error_code() ==
             grpc::StatusCode::NOT_FOUND);
}

BOOST_AUTO_TEST_CASE(health_and_reflection_answer) {
  // HealthCheckRequest{} and HealthCheckResponse{status: SERVING}; ListServices and a name in it.
  BOOST_TEST(Exchange(channel, "/grpc.health.v1.Health/Check", "") == "\x08\x01");
  const auto services = Exchange(
      channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {'\x3a', '\0'});
  BOOST_TEST(services.find("tidewright.v1.Controller") != std::string::npos, services);
}

BOOST_AUTO_TEST_CASE(a_second_controller_cannot_take_the_same_port) {
  FakeController other;
  const auto second = GrpcServer::Start("127.0.0.1", server->port(), other);
  BOOST_TEST((second.status().code() == StatusCode::kUnavailable), second.status());
}

BOOST_AUTO_TEST_SUITE_END()
