#include "stores/redis/sole_controller.h"

#include <sstream>
#include <utility>

namespace tidewright::redis {
namespace {

/// "… name=NAME …" of a line of CLIENT LIST.
std::string NameIn(const std::string& line) {
  const std::string key = " name=";
  const auto at = line.find(key);
  if (at == std::string::npos) return "";
  const auto begin = at + key.size();
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace

std::string ControllerName(const std::string& cluster, const std::string& instance) {
  return "tidewright:" + cluster + ":" + instance;
}

SoleController::SoleController(Client& client, RedisActuatorOptions options, Clock& clock,
                               std::string cluster, std::string instance)
    : options_(std::move(options)),
      link_(client, options_, clock),
      prefix_(ControllerName(cluster, "")),
      name_(ControllerName(cluster, instance)) {}

Status SoleController::LookAtMasters(std::string& other) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  std::vector<ClusterLink::Request> requests;
  for (const auto& line : view.nodes.nodes) {
    if (!line.master || line.slots.empty()) continue;
    if (view.Told(line.id) == nullptr) {
      return Error(StatusCode::kUnavailable, "{} does not answer", view.Name(line.id));
    }
    requests.push_back({ServerOf(line), {{"CLIENT", "SETNAME", name_}, {"CLIENT", "LIST"}}});
  }
  const auto masters = requests;
  const auto answers = link_.CallAll(std::move(requests));
  Status problem;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string where = masters[i].to.Address();
    if (!answers[i].ok()) {
      problem = Annotate(answers[i].status(), where);
      continue;
    }
    for (const auto& reply : *answers[i]) {
      if (reply.IsError()) problem = Annotate(Checked(reply).status(), where);
    }
    std::istringstream lines(answers[i]->back().text);
    for (std::string line; std::getline(lines, line);) {
      const std::string name = NameIn(line);
      if (name.starts_with(prefix_) && name != name_) other = name + " at " + where;
    }
  }
  return problem;
}

std::optional<Reason> SoleController::Look() {
  std::string other;
  const Status looked = LookAtMasters(other);
  std::scoped_lock lock(mutex_);
  // One that was seen a moment ago is not gone because nobody answers now.
  if (looked.ok() || !other.empty()) other_ = other;
  if (!other_.empty()) {
    return Reason{ReasonCode::kOtherController,
                  fmt::format("another controller of this cluster is connected: {}; stop one of "
                              "them, or let etcd decide (leader.by: etcd)",
                              other_)};
  }
  if (looked.ok()) return std::nullopt;
  return Reason{ReasonCode::kOtherController,
                "nobody can tell whether another controller lives: " + Message(looked)};
}

StatusOr<std::string> SoleController::Begin(const std::string&) {
  if (const auto reason = Look()) return Error(StatusCode::kFailedPrecondition, "{}", reason->text);
  return std::string("clients");
}

Status SoleController::MayWrite() const {
  std::scoped_lock lock(mutex_);
  if (other_.empty()) return OkStatus();
  return Error(StatusCode::kCancelled, "{}{} is connected", kLeadLost, other_);
}

}  // namespace tidewright::redis
