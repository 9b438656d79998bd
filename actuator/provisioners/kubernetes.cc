#include "actuator/provisioners/kubernetes.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/durable_file.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr Duration kLook = std::chrono::milliseconds(500);  // between two looks at a pod
constexpr Duration kOneCall = std::chrono::seconds(5);
constexpr char kMergePatch[] = "application/merge-patch+json";

std::string At(const Json& json, const char* pointer) {
  const auto* found =
      json.contains(Json::json_pointer(pointer)) ? &json.at(Json::json_pointer(pointer)) : nullptr;
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

/// "Operation cannot be fulfilled on statefulsets…": what the server's Status says.
std::string Reason(const io::HttpReply& reply) {
  const Json json = Json::parse(reply.body, nullptr, false);
  const std::string message = json.is_object() ? At(json, "/message") : "";
  return message.empty() ? fmt::format("HTTP {}", reply.status)
                         : fmt::format("HTTP {}: {}", reply.status, message);
}

StatusCode CodeOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    case 409:
      return StatusCode::kAborted;
    default:
      return status == 429 || status >= 500 ? StatusCode::kUnavailable
                                            : StatusCode::kFailedPrecondition;
  }
}

}  // namespace

std::string KubernetesProvisioner::PodName(int ordinal) const {
  return options_.stateful_set + "-" + std::to_string(ordinal);
}

std::string KubernetesProvisioner::HostName(int ordinal) const {
  return PodName(ordinal) + "." + options_.service + "." + options_.kube_namespace + ".svc";
}

StatusOr<KubernetesProvisioner::State> KubernetesProvisioner::Load() const {
  State state;
  std::error_code error;
  if (!std::filesystem::exists(options_.state_file, error) && !error) return state;
  std::ifstream file(options_.state_file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != kVersion) {
      return Error(StatusCode::kDataLoss, "{}: of an unknown version", options_.state_file);
    }
    if (json.at("stateful_set") != options_.kube_namespace + "/" + options_.stateful_set) {
      return Error(StatusCode::kDataLoss, "{} is about the StatefulSet {}", options_.state_file,
                   json.at("stateful_set").dump());
    }
    state.given = json.at("given").get<std::map<std::string, int>>();
    state.free = json.at("free").get<std::map<int, std::string>>();
  } catch (const Json::exception& wrong) {
    // Never taken for "nothing is given away": a pod would be given to two.
    return Error(StatusCode::kDataLoss, "{}: {}", options_.state_file, wrong.what());
  }
  return state;
}

Status KubernetesProvisioner::Save(const State& state) const {
  const Json json{{"version", kVersion},
                  {"stateful_set", options_.kube_namespace + "/" + options_.stateful_set},
                  {"given", state.given},
                  {"free", state.free}};
  return io::ReplaceFileDurably(options_.state_file, json.dump(2) + "\n");
}

/// The whole answer of a call that was understood; else its error with the server's reason.
StatusOr<io::HttpReply> KubernetesProvisioner::Call(const std::string& method,
                                                    const std::string& path,
                                                    const std::string& body,
                                                    MonoTime deadline) const {
  std::ifstream file(options_.token_file);
  std::string token;
  if (!std::getline(file, token) || token.empty()) {
    return Error(StatusCode::kFailedPrecondition,
                 "provisioner.kubernetes.token_file: {} cannot be read or its first line is empty",
                 options_.token_file);
  }
  const Duration left = deadline - clock_.Monotonic();
  if (left <= Duration(0)) {
    return Error(StatusCode::kDeadlineExceeded, "{} {}: no time is left", method, path);
  }
  io::HttpCall call;
  call.url = options_.server + path;
  call.method = method;
  call.body = body;
  if (!body.empty()) call.content_type = kMergePatch;
  call.headers = {"Authorization: Bearer " + token, "Accept: application/json"};
  call.tls.ca_file = options_.ca_file;
  call.timeout = std::min(left, kOneCall);
  TW_ASSIGN_OR_RETURN(io::HttpReply reply, io::CallHttp(call));
  if (reply.ok()) return reply;
  return Error(CodeOf(reply.status), "{} {}: {}", method, path, Reason(reply));
}

StatusOr<KubernetesProvisioner::Scale> KubernetesProvisioner::ReadScale(MonoTime deadline) const {
  const std::string path = "/apis/apps/v1/namespaces/" + options_.kube_namespace +
                           "/statefulsets/" + options_.stateful_set + "/scale";
  const auto reply = Call("GET", path, "", deadline);
  if (reply.status().code() == StatusCode::kNotFound) {
    return Error(StatusCode::kFailedPrecondition, "{}", Message(reply.status()));
  }
  TW_RETURN_IF_ERROR(reply.status());
  const Json json = Json::parse(reply->body, nullptr, false);
  Scale scale;
  if (json.is_object()) scale.version = At(json, "/metadata/resourceVersion");
  if (scale.version.empty() || !json.contains("spec")) {
    return Error(StatusCode::kFailedPrecondition, "GET {}: the answer is no Scale", path);
  }
  // A number of zero is left out.
  scale.replicas = json["spec"].value("replicas", 0);
  return scale;
}

Status KubernetesProvisioner::SetReplicas(int wanted, bool raise, MonoTime deadline,
                                          const std::function<Status(const Scale&)>& still) {
  while (true) {
    TW_ASSIGN_OR_RETURN(const Scale scale, ReadScale(deadline));
    if (raise ? scale.replicas >= wanted : scale.replicas <= wanted) return OkStatus();
    TW_RETURN_IF_ERROR(still(scale));
    const Json patch{{"metadata", {{"resourceVersion", scale.version}}},
                     {"spec", {{"replicas", wanted}}}};
    const auto reply = Call("PATCH",
                            "/apis/apps/v1/namespaces/" + options_.kube_namespace +
                                "/statefulsets/" + options_.stateful_set + "/scale",
                            patch.dump(), deadline);
    if (reply.ok()) return OkStatus();
    // Somebody else has changed it since it was read.
    if (reply.status().code() != StatusCode::kAborted) return reply.status();
    clock_.WaitFor(kLook / 10, {});
  }
}

StatusOr<KubernetesProvisioner::Pod> KubernetesProvisioner::ReadPod(int ordinal,
                                                                    MonoTime deadline) const {
  TW_ASSIGN_OR_RETURN(
      const auto reply,
      Call("GET", "/api/v1/namespaces/" + options_.kube_namespace + "/pods/" + PodName(ordinal), "",
           deadline));
  const Json json = Json::parse(reply.body, nullptr, false);
  if (!json.is_object()) {
    return Error(StatusCode::kFailedPrecondition, "the answer about {} is no Pod",
                 PodName(ordinal));
  }
  Pod pod;
  pod.uid = At(json, "/metadata/uid");
  pod.ip = At(json, "/status/podIP");
  pod.node = At(json, "/spec/nodeName");
  pod.going = !At(json, "/metadata/deletionTimestamp").empty();
  const auto conditions = Json::json_pointer("/status/conditions");
  if (json.contains(conditions) && json.at(conditions).is_array()) {
    for (const auto& condition : json.at(conditions)) {
      pod.ready =
          pod.ready || (At(condition, "/type") == "Ready" && At(condition, "/status") == "True");
    }
  }
  return pod;
}

StatusOr<ProvisionedNode> KubernetesProvisioner::AwaitReady(int ordinal, MonoTime deadline) const {
  std::string why = "does not exist yet";
  while (true) {
    const auto pod = ReadPod(ordinal, deadline);
    if (pod.ok()) {
      if (pod->ready && !pod->going && !pod->ip.empty()) {
        return ProvisionedNode{options_.service.empty() ? pod->ip : HostName(ordinal),
                               options_.port, ""};
      }
      why = pod->going ? "is still being stopped" : "is not ready";
      if (pod->node.empty() && !pod->going) why = "waits for a machine that has room for it";
    } else if (pod.status().code() == StatusCode::kPermissionDenied) {
      return pod.status();
    } else if (pod.status().code() != StatusCode::kNotFound) {
      why = Message(pod.status());
    }
    if (clock_.Monotonic() + kLook >= deadline) {
      return Error(StatusCode::kDeadlineExceeded, "{} {}", PodName(ordinal), why);
    }
    clock_.WaitFor(kLook, {});
  }
}

StatusOr<bool> KubernetesProvisioner::IsStill(int ordinal, const std::string& uid,
                                              MonoTime deadline) const {
  const auto pod = ReadPod(ordinal, deadline);
  if (pod.status().code() == StatusCode::kNotFound) return false;
  TW_RETURN_IF_ERROR(pod.status());
  return pod->uid == uid;
}

Status KubernetesProvisioner::AwaitGone(int ordinal, const std::string& uid,
                                        MonoTime deadline) const {
  while (true) {
    const auto still = IsStill(ordinal, uid, deadline);
    if (still.ok() && !*still) return OkStatus();
    if (still.status().code() == StatusCode::kPermissionDenied) return still.status();
    if (clock_.Monotonic() + kLook >= deadline) {
      return Error(StatusCode::kDeadlineExceeded, "{} is still being stopped", PodName(ordinal));
    }
    clock_.WaitFor(kLook, {});
  }
}

Status KubernetesProvisioner::Sift(State& state, int replicas, MonoTime deadline) const {
  for (auto it = state.free.begin(); it != state.free.end();) {
    bool still = it->first < replicas;
    if (still) {
      TW_ASSIGN_OR_RETURN(still, IsStill(it->first, it->second, deadline));
    }
    it = still ? std::next(it) : state.free.erase(it);
  }
  return OkStatus();
}

/// kNotFound: of no pod of ours.
StatusOr<int> KubernetesProvisioner::OrdinalOf(const NodeAddress& node, int replicas,
                                               MonoTime deadline) const {
  for (int ordinal = replicas - 1; ordinal >= 0 && node.port == options_.port; --ordinal) {
    if (!options_.service.empty() && node.host == HostName(ordinal)) return ordinal;
    const auto pod = ReadPod(ordinal, deadline);
    if (pod.status().code() == StatusCode::kNotFound) continue;
    TW_RETURN_IF_ERROR(pod.status());
    if (pod->ip == node.host) return ordinal;
  }
  return Error(StatusCode::kNotFound, "{}:{} is no pod of the StatefulSet {}", node.host, node.port,
               options_.stateful_set);
}

StatusOr<ProvisionedNode> KubernetesProvisioner::Acquire(const NodeRequest& request,
                                                         Duration timeout) {
  if (request.token.empty()) {
    return Error(StatusCode::kInvalidArgument, "a node is asked for without a token");
  }
  std::scoped_lock lock(mutex_);
  const MonoTime deadline = clock_.Monotonic() + timeout;
  TW_ASSIGN_OR_RETURN(State state, Load());
  auto given = state.given.find(request.token);
  if (given == state.given.end()) {
    TW_ASSIGN_OR_RETURN(const Scale scale, ReadScale(deadline));
    TW_RETURN_IF_ERROR(Sift(state, scale.replicas, deadline));
    int ordinal = scale.replicas;
    const auto held = [&](int number) {
      return std::any_of(state.given.begin(), state.given.end(),
                         [&](const auto& one) { return one.second == number; });
    };
    while (held(ordinal)) ++ordinal;  // written down by a request that did not get further yet
    if (!state.free.empty()) ordinal = state.free.begin()->first;
    state.free.erase(ordinal);
    given = state.given.emplace(request.token, ordinal).first;
    // Before it is asked for: after a crash the same token asks for the same number.
    TW_RETURN_IF_ERROR(Save(state));
  }
  const int ordinal = given->second;
  TW_RETURN_IF_ERROR(Annotate(
      SetReplicas(ordinal + 1, /*raise=*/true, deadline, [](const Scale&) { return OkStatus(); }),
      "raise the number of replicas"));
  return AwaitReady(ordinal, deadline);
}

Status KubernetesProvisioner::Release(const std::string& host, int port, Duration timeout) {
  std::scoped_lock lock(mutex_);
  const MonoTime deadline = clock_.Monotonic() + timeout;
  TW_ASSIGN_OR_RETURN(State state, Load());
  TW_ASSIGN_OR_RETURN(const Scale scale, ReadScale(deadline));
  TW_ASSIGN_OR_RETURN(const int ordinal, OrdinalOf({host, port}, scale.replicas, deadline));
  TW_RETURN_IF_ERROR(Sift(state, scale.replicas, deadline));
  TW_ASSIGN_OR_RETURN(const Pod pod, ReadPod(ordinal, deadline));
  state.free[ordinal] = pod.uid;
  std::erase_if(state.given, [&](const auto& one) { return one.second == ordinal; });
  int wanted = scale.replicas;
  while (state.free.count(wanted - 1) != 0) --wanted;
  TW_RETURN_IF_ERROR(Save(state));
  if (wanted == scale.replicas) return OkStatus();  // it goes when the ones above it do
  TW_RETURN_IF_ERROR(Annotate(
      SetReplicas(wanted, /*raise=*/false, deadline,
                  [&](const Scale& now) {
                    if (now.replicas == scale.replicas) return OkStatus();
                    return Error(
                        StatusCode::kAborted,
                        "there are {} replicas now and not {}: which pod is the highest is "
                        "to be seen again",
                        now.replicas, scale.replicas);
                  }),
      "lower the number of replicas"));
  for (int gone = scale.replicas - 1; gone >= wanted; --gone) {
    TW_RETURN_IF_ERROR(AwaitGone(gone, state.free[gone], deadline));
    state.free.erase(gone);
  }
  return Save(state);
}

Status KubernetesProvisioner::MayRelease(const std::vector<NodeAddress>& nodes, Duration timeout) {
  std::scoped_lock lock(mutex_);
  const MonoTime deadline = clock_.Monotonic() + timeout;
  TW_ASSIGN_OR_RETURN(State state, Load());
  TW_ASSIGN_OR_RETURN(const Scale scale, ReadScale(deadline));
  TW_RETURN_IF_ERROR(Sift(state, scale.replicas, deadline));
  std::map<int, std::string> asked;
  for (const auto& node : nodes) {
    const auto ordinal = OrdinalOf(node, scale.replicas, deadline);
    if (ordinal.status().code() == StatusCode::kNotFound) continue;  // is left running, empty
    TW_RETURN_IF_ERROR(ordinal.status());
    asked[*ordinal] = fmt::format("{}:{}", node.host, node.port);
  }
  for (int next = scale.replicas - 1; next >= 0 && !asked.empty(); --next) {
    if (asked.erase(next) != 0 || state.free.count(next) != 0) continue;
    const auto pod = ReadPod(next, deadline);
    const auto& [ordinal, address] = *asked.rbegin();
    return Error(
        StatusCode::kFailedPrecondition,
        "{} is {}, but the StatefulSet {} gives up its highest pod first, which is {} ({}): "
        "plan to retire that one",
        address, PodName(ordinal), options_.stateful_set, PodName(next),
        pod.ok() ? fmt::format("{}:{}", pod->ip, options_.port) : Message(pod.status()));
  }
  return OkStatus();
}

}  // namespace tidewright
