// What is used of etcd's API version 3: leases, and transactions on single keys, by its JSON
// gateway.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"
#include "io/http_client.h"

namespace tidewright::io {

struct EtcdOptions {
  std::vector<std::string> endpoints;  ///< "https://10.0.0.7:2379"; the first that answers is asked
  std::string username;                ///< empty: none is needed
  std::string password;
  HttpTls tls;
  Duration timeout = std::chrono::seconds(2);  ///< of one call to one endpoint
};

struct EtcdEntry {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;  ///< grows with every change of anything: a fencing token
  std::int64_t lease = 0;            ///< 0: none
};

/// What is used of etcd, whoever answers. Thread-safe; calls block, for a bounded time.
/// kUnavailable or kDeadlineExceeded when nobody answers: what was asked for may have been done.
class Etcd {
 public:
  virtual ~Etcd() = default;

  struct Lease {
    std::int64_t id = 0;
    Duration ttl{0};  ///< as granted, which may be longer than asked for
  };
  virtual StatusOr<Lease> Grant(Duration ttl) = 0;
  /// The time that it has from now on; kNotFound when it has ended.
  virtual StatusOr<Duration> KeepAlive(std::int64_t lease) = 0;
  virtual Status Revoke(std::int64_t lease) = 0;

  /// Puts the key under the lease if nobody has it. Returns who has it afterwards; `made` tells
  /// whether that is us.
  struct Claim {
    bool made = false;
    EtcdEntry holder;
  };
  virtual StatusOr<Claim> PutIfAbsent(const std::string& key, const std::string& value,
                                      std::int64_t lease) = 0;
  /// Puts `key` if `guard` is the one that was created at that revision; false when it is not.
  virtual StatusOr<bool> PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                                   const std::string& key, const std::string& value) = 0;
  /// Deletes the key if it has this value.
  virtual Status Delete(const std::string& key, const std::string& value) = 0;
};

/// By the network, for `timeout` for each endpoint at the most.
class EtcdClient : public Etcd {
 public:
  explicit EtcdClient(EtcdOptions options) : options_(std::move(options)) {}

  StatusOr<Lease> Grant(Duration ttl) override;
  StatusOr<Duration> KeepAlive(std::int64_t lease) override;
  Status Revoke(std::int64_t lease) override;
  StatusOr<Claim> PutIfAbsent(const std::string& key, const std::string& value,
                              std::int64_t lease) override;
  StatusOr<bool> PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                           const std::string& key, const std::string& value) override;
  Status Delete(const std::string& key, const std::string& value) override;
  /// In the order of their keys.
  StatusOr<std::vector<EtcdEntry>> List(const std::string& prefix);

 private:
  StatusOr<std::string> Post(const std::string& path, const std::string& body);
  StatusOr<HttpReply> Send(const std::string& path, const std::string& body, bool authenticated);
  Status Authenticate();

  const EtcdOptions options_;
  std::mutex mutex_;
  std::size_t preferred_ = 0;  ///< endpoint that answered last
  std::string token_;
};

}  // namespace tidewright::io
