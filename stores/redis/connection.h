// One pipelined connection to one server: hiredis' codec on our own transport.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"
#include "io/transport.h"
#include "stores/redis/reply.h"

namespace tidewright::redis {

using Command = std::vector<std::string>;
using Batch = std::vector<Command>;

struct Credentials {
  std::string username;
  std::string password;  ///< empty: no AUTH is sent
};

/// Who we say we are.
struct Identity {
  Credentials credentials = {};
  std::string client_name = {};  ///< as CLIENT LIST shows it, where the server lets us say so; empty:
                                 ///< none
  std::vector<std::string> secrets = {};  ///< further ones that no error may repeat
};

/// Not thread-safe: belongs to the event loop's thread. Connects (and authenticates) with the first
/// batch; broken by the first error or timeout, since replies could no longer be told apart: then
/// everything pending fails and broken() stays true.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Done = std::function<void(StatusOr<std::vector<Reply>>)>;

  static std::shared_ptr<Connection> Make(boost::asio::io_context& context,
                                          const io::TransportFactory& transport, std::string host,
                                          int port, Identity identity);
  virtual ~Connection() = default;

  /// One reply for each command, in order; error replies are replies, without our secrets where a
  /// server repeats them, and with what would mend a lack of rights. Batches may overlap.
  virtual void Send(const Batch& batch, Duration timeout, Done done) = 0;
  virtual void Close() = 0;
  [[nodiscard]] virtual bool broken() const = 0;
};

}  // namespace tidewright::redis
