// What is used of etcd's API version 3: leases, and transactions on single keys, by its JSON gateway.
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

/// Thread-safe; calls block, for `timeout` for each endpoint at the most. kUnavailable or
/// kDeadlineExceeded when no endpoint answers: what was asked for may have been done.
class EtcdClient {
 public:
  explicit EtcdClient(EtcdOptions options) : options_(std::move(options)) {}

  struct Lease {
    std::int64_t id = 0;
    Duration ttl{0};  ///< as granted, which may be longer than asked for
  };
  StatusOr<Lease> Grant(Duration ttl);
  /// The time that it has from now on; kNotFound when it has ended.
  StatusOr<Duration> KeepAlive(std::int64_t lease);
  Status Revoke(std::int64_t lease);

  /// Puts the key under the lease if nobody has it. Returns who has it afterwards; `made` tells
  /// whether that is us.
  struct Claim {
    bool made = false;
    EtcdEntry holder;
  };
  StatusOr<Claim> PutIfAbsent(const std::string& key, const std::string& value, std::int64_t lease);
  /// Puts `key` if `guard` is the one that was created at that revision; false when it is not.
  StatusOr<bool> PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                           const std::string& key, const std::string& value);
  /// Deletes the key if it has this value.
  Status Delete(const std::string& key, const std::string& value);
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
