// A small HTTP/1.1 server for metrics and health checks: short requests, short answers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/status.h"

namespace tidewright::io {

struct HttpRequest {
  std::string method;
  std::string target;  ///< path with its query
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Serves from a thread of its own until destroyed. The handler runs on that thread. A connection
/// is closed after 30 s without a whole request; bodies of requests are refused above 64 KiB.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  virtual ~HttpServer() = default;
  /// Port 0 takes a free one. kUnavailable when the address cannot be bound.
  [[nodiscard]] static StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& host,
                                                                   int port, Handler handler);
  [[nodiscard]] virtual int port() const = 0;
};

}  // namespace tidewright::io
