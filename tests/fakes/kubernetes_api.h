// The part of the Kubernetes API that a StatefulSet's scale is changed by, over HTTPS: what the API
// reference (apps/v1, autoscaling/v1, core/v1) says of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/certificates.h"

namespace tidewright::fakes {

/// One StatefulSet, "redis" in the namespace "cache", and its pods. Thread-safe.
class KubernetesApi {
 public:
  using Json = nlohmann::json;
  struct Pod {
    std::string uid;
    std::string ip;
    bool ready = true;
    bool going = false;
  };

  KubernetesApi(const Pem& pem, int replicas)
      : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    tls_.use_certificate_chain_file(pem.certificate);
    tls_.use_private_key_file(pem.key, boost::asio::ssl::context::pem);
    Set(replicas);
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~KubernetesApi() {
    context_.stop();
    thread_.join();
  }
  KubernetesApi(const KubernetesApi&) = delete;
  KubernetesApi& operator=(const KubernetesApi&) = delete;

  [[nodiscard]] std::string Url() const {
    return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  /// As `kubectl scale` by somebody else.
  void Set(int replicas) {
    const std::scoped_lock lock(mutex_);
    SetLocked(replicas);
  }
  [[nodiscard]] int replicas() const {
    const std::scoped_lock lock(mutex_);
    return replicas_;
  }
  [[nodiscard]] std::map<int, Pod> pods() const {
    const std::scoped_lock lock(mutex_);
    return pods_;
  }
  void With(const std::function<void(std::map<int, Pod>&)>& change) {
    const std::scoped_lock lock(mutex_);
    change(pods_);
  }
  [[nodiscard]] std::vector<std::string> changes() const {
    const std::scoped_lock lock(mutex_);
    return changes_;
  }

  std::string token = "s3cret";
  /// Called before each PATCH is looked at, without the lock.
  std::function<void()> before_patch;
  bool new_pods_are_ready = true;
  bool stopped_pods_linger = false;
  bool may_patch = true;

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void SetLocked(int replicas) {
    for (int i = replicas_; i < replicas; ++i) {
      pods_[i] = {"uid-" + std::to_string(++uids_), "10.1.0." + std::to_string(10 + i),
                  new_pods_are_ready, false};
    }
    for (int i = replicas; i < replicas_; ++i) {
      if (stopped_pods_linger) {
        pods_[i].going = true;
      } else {
        pods_.erase(i);
      }
    }
    replicas_ = replicas;
    ++version_;
  }

  void Accept() {
    acceptor_.async_accept([this](const auto& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      Serve(std::move(socket));
      Accept();
    });
  }
  void Serve(boost::asio::ip::tcp::socket socket) {
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(std::move(socket), tls_);
    boost::system::error_code error;
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    boost::beast::flat_buffer buffer;
    Request request;
    if (!error) boost::beast::http::read(stream, buffer, request, error);
    if (error) return;
    const auto [status, body] = Answer(request);
    Response response{static_cast<boost::beast::http::status>(status), 11};
    response.set("Content-Type", "application/json");
    response.keep_alive(false);
    response.body() = body.dump();
    response.prepare_payload();
    boost::beast::http::write(stream, response, error);
    stream.shutdown(error);
  }

  static std::pair<int, Json> Failure(int code, const std::string& reason,
                                      const std::string& message) {
    return {code, Json{{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"status", "Failure"},
                       {"message", message},
                       {"reason", reason},
                       {"code", code}}};
  }
  [[nodiscard]] Json ScaleJson() const {
    Json spec = Json::object();
    if (replicas_ != 0) spec["replicas"] = replicas_;  // omitempty
    return {{"kind", "Scale"},
            {"apiVersion", "autoscaling/v1"},
            {"metadata",
             {{"name", "redis"},
              {"namespace", "cache"},
              {"uid", "e5f1"},
              {"resourceVersion", std::to_string(version_)}}},
            {"spec", spec},
            {"status", {{"replicas", replicas_}, {"selector", "app=redis"}}}};
  }
  std::pair<int, Json> Answer(const Request& request) {
    const std::string target(request.target());
    const std::string bearer(request[boost::beast::http::field::authorization]);
    if (bearer != "Bearer " + token) return Failure(401, "Unauthorized", "Unauthorized");
    if (target == "/apis/apps/v1/namespaces/cache/statefulsets/redis/scale") {
      const bool patches = request.method() == boost::beast::http::verb::patch;
      if (patches && before_patch) before_patch();
      const std::scoped_lock lock(mutex_);
      return patches ? Patch(request) : std::pair(200, ScaleJson());
    }
    const std::string pod = "/api/v1/namespaces/cache/pods/redis-";
    const std::scoped_lock lock(mutex_);
    if (target.rfind(pod, 0) == 0) return PodAnswer(target.substr(pod.size()));
    return Failure(404, "NotFound", "statefulsets.apps \"" + target + "\" not found");
  }
  std::pair<int, Json> Patch(const Request& request) {
    if (!may_patch) {
      return Failure(403, "Forbidden",
                     "statefulsets.apps \"redis\" is forbidden: User \"system:serviceaccount:cache:"
                     "tidewright\" cannot patch resource \"statefulsets/scale\"");
    }
    if (request[boost::beast::http::field::content_type] != "application/merge-patch+json") {
      return Failure(415, "UnsupportedMediaType",
                     "the body of the request was in an unknown format");
    }
    const Json patch = Json::parse(request.body());
    if (patch["metadata"].value("resourceVersion", "") != std::to_string(version_)) {
      return Failure(
          409, "Conflict",
          "Operation cannot be fulfilled on statefulsets.apps \"redis\": the object has "
          "been modified; please apply your changes to the latest version and try again");
    }
    const int wanted = patch["spec"]["replicas"];
    changes_.push_back(std::to_string(replicas_) + ">" + std::to_string(wanted));
    SetLocked(wanted);
    return {200, ScaleJson()};
  }
  std::pair<int, Json> PodAnswer(const std::string& ordinal) const {
    const auto it = pods_.find(std::stoi(ordinal));
    if (it == pods_.end()) {
      return Failure(404, "NotFound", "pods \"redis-" + ordinal + "\" not found");
    }
    const Pod& pod = it->second;
    Json metadata{{"name", "redis-" + ordinal}, {"namespace", "cache"}, {"uid", pod.uid}};
    if (pod.going) metadata["deletionTimestamp"] = "2026-11-30T08:00:00Z";
    Json status{{"phase", pod.ready ? "Running" : "Pending"},
                {"conditions",
                 {{{"type", "PodScheduled"}, {"status", "True"}},
                  {{"type", "Ready"}, {"status", pod.ready ? "True" : "False"}}}}};
    if (!pod.ip.empty()) status["podIP"] = pod.ip;
    return {200, Json{{"kind", "Pod"},
                      {"apiVersion", "v1"},
                      {"metadata", metadata},
                      {"spec", {{"nodeName", "worker-1"}}},
                      {"status", status}}};
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
  mutable std::mutex mutex_;
  int replicas_ = 0;
  std::int64_t version_ = 100;
  int uids_ = 0;
  std::map<int, Pod> pods_;
  std::vector<std::string> changes_;
  std::thread thread_;
};

}  // namespace tidewright::fakes
