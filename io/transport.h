// A byte stream to a peer. Protocols are written against this, so that TLS is another factory.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/status.h"

namespace tidewright::io {

/// Not thread-safe: calls and callbacks run on the event loop's thread. A callback is called
/// exactly once unless the loop is destroyed first. Buffers must live until their callback.
class Transport {
 public:
  using Done = std::function<void(Status)>;
  using ReadDone = std::function<void(StatusOr<std::size_t>)>;

  virtual ~Transport() = default;
  virtual void Connect(const std::string& host, int port, Done done) = 0;
  /// Reads what is there, at most `size` bytes. kUnavailable when the peer closed.
  virtual void Read(char* data, std::size_t size, ReadDone done) = 0;
  /// Writes all of it.
  virtual void Write(const char* data, std::size_t size, Done done) = 0;
  /// What it waits for while it is not connected, where that helps a person; else empty.
  [[nodiscard]] virtual std::string Awaits() const { return ""; }
  /// Fails what is under way.
  virtual void Close() = 0;
};

using TransportFactory = std::function<std::shared_ptr<Transport>(boost::asio::io_context&)>;

[[nodiscard]] std::shared_ptr<Transport> MakeTcpTransport(boost::asio::io_context& context);

}  // namespace tidewright::io
