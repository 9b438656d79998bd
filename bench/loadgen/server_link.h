// A connection to one server that is made again when it broke, and that knows what became of the
// commands that were under way.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadgen/slot_map.h"
#include "core/time.h"
#include "stores/redis/connection.h"

namespace tidewright::loadgen {

enum class Fate {
  kAnswered,
  kNotExecuted,  ///< it never left us
  kUnknown,      ///< executed once or not at all, but never after this was told
};

/// Not thread-safe: belongs to the event loop's thread.
///
/// A broken connection is not the end of it: the server may still hold commands in its buffer and
/// execute them later, after newer ones that came by another connection. So kUnknown is told only
/// when that can no more be: a new connection has had the old one killed (CLIENT KILL ID), or the
/// server's port refuses connections because its process is gone.
class ServerLink : public std::enable_shared_from_this<ServerLink> {
 public:
  /// `status` says why it was not answered. Never called from within Send.
  using Done = std::function<void(Fate fate, const Status& status, std::vector<redis::Reply>)>;

  ServerLink(boost::asio::io_context& context, Address address, redis::Credentials credentials,
             Duration timeout)
      : context_(context),
        address_(std::move(address)),
        credentials_(std::move(credentials)),
        timeout_(timeout),
        retry_(context) {}

  void Send(redis::Batch batch, Done done);
  /// Drops what is under way without a word.
  void Close();

 private:
  struct Waiting {
    redis::Batch batch;
    Done done;
  };
  enum class State { kIdle, kConnecting, kReady, kPausing };

  void Connect();
  void Connected(const StatusOr<std::vector<redis::Reply>>& replies);
  void Pause();
  void Transmit(const redis::Batch& batch, Done done);
  void Lost(const Status& why, Done done);
  void Settle();
  void FailQueue(const Status& why);

  boost::asio::io_context& context_;
  Address address_;
  redis::Credentials credentials_;
  Duration timeout_;
  boost::asio::steady_timer retry_;
  std::shared_ptr<redis::Connection> connection_;
  State state_ = State::kIdle;
  bool closed_ = false;
  std::string client_id_;  ///< of the newest connection, as the server calls it
  std::string local_address_;
  std::vector<Waiting> queue_;                 ///< not sent yet
  std::vector<std::pair<Status, Done>> lost_;  ///< sent on a connection that broke
};

}  // namespace tidewright::loadgen
