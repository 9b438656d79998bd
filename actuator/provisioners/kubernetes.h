// Nodes that are pods of a StatefulSet: docs/provisioners.md says what it must look like.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "core/clock.h"
#include "io/http_client.h"

namespace tidewright {

struct KubernetesProvisionerOptions {
  std::string server;      ///< "https://10.96.0.1:443"
  std::string token_file;  ///< read with each call: such tokens are replaced every hour
  std::string ca_file;
  std::string kube_namespace;
  std::string stateful_set;
  int port = 6379;  ///< of the server in each pod
  /// Not empty: pods are told by their names in this headless service ("redis-3.SERVICE.NAMESPACE.
  /// svc"), else by their addresses.
  std::string service;
  std::string state_file;  ///< who has which pod
};

/// A StatefulSet has the pods NAME-0 … NAME-(replicas-1). More of them are had by raising its
/// number of replicas (its scale subresource, under the version that was read: whoever else changes
/// it is noticed, and the change is thought over again), fewer by lowering it, which stops exactly
/// the highest one. What is wanted is a number, written down before it is asked for: asked again,
/// it is the same number.
///
/// Thread-safe; calls wait for each other. One object for a state file at a time.
class KubernetesProvisioner : public Provisioner {
 public:
  KubernetesProvisioner(KubernetesProvisionerOptions options, Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  /// A pod that was given back while higher ones stayed, else a further one, once it is ready and
  /// has an address. kDeadlineExceeded: it is asked for, and not ready in time. kPermissionDenied:
  /// the token may not. kDataLoss: the state file cannot be read.
  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  /// Lowers the number of replicas by the highest pod and those below it that were given back
  /// before, and returns when they are gone. One with higher ones in use is kept running, empty,
  /// until those go. kNotFound for an address of no pod of this StatefulSet.
  Status Release(const std::string& host, int port, Duration timeout) override;
  /// kFailedPrecondition unless these are the highest pods: names the one that goes next.
  Status MayRelease(const std::vector<NodeAddress>& nodes, Duration timeout) override;

 private:
  struct Scale {
    int replicas = 0;
    std::string version;
  };
  struct Pod {
    bool ready = false;
    bool going = false;
    std::string uid;
    std::string ip;
    std::string node;  ///< the machine, for messages
  };
  struct State {
    std::map<std::string, int> given;  ///< ordinals by token
    /// Given back, with higher ones in use: ordinals, and which pod had that number then. Another
    /// one of the same number is somebody's.
    std::map<int, std::string> free;
  };

  StatusOr<State> Load() const;
  Status Save(const State& state) const;
  StatusOr<io::HttpReply> Call(const std::string& method, const std::string& path,
                               const std::string& body, MonoTime deadline) const;
  StatusOr<Scale> ReadScale(MonoTime deadline) const;
  /// Until the number of replicas is at least (or, lowering, at most) `wanted`. `still` is asked
  /// after each look, before the change.
  Status SetReplicas(int wanted, bool raise, MonoTime deadline,
                     const std::function<Status(const Scale&)>& still);
  /// kNotFound: there is none of that number.
  StatusOr<Pod> ReadPod(int ordinal, MonoTime deadline) const;
  StatusOr<int> OrdinalOf(const NodeAddress& node, int replicas, MonoTime deadline) const;
  StatusOr<ProvisionedNode> AwaitReady(int ordinal, MonoTime deadline) const;
  Status AwaitGone(int ordinal, const std::string& uid, MonoTime deadline) const;
  StatusOr<bool> IsStill(int ordinal, const std::string& uid, MonoTime deadline) const;
  /// Forgets free ones that are gone, or another pod by now.
  Status Sift(State& state, int replicas, MonoTime deadline) const;
  [[nodiscard]] std::string PodName(int ordinal) const;
  [[nodiscard]] std::string HostName(int ordinal) const;

  const KubernetesProvisionerOptions options_;
  Clock& clock_;
  std::mutex mutex_;
};

}  // namespace tidewright
