// HTTP requests to other programs: bounded in time and size, errors as values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright::io {

/// Files in PEM, read with each call. Empty ones: the system's store, nothing shown.
struct HttpTls {
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};
};

struct HttpCall {
  std::string url = {};           ///< http:// or https://, nothing else; may carry user:password@
  std::string method = "GET";     ///< GET, POST, PUT, DELETE, …
  std::string body = {};          ///< sent with every method but GET and HEAD
  std::string content_type = {};  ///< of `body`; empty: not sent
  std::vector<std::string> headers = {};  ///< further ones, "Name: value"
  HttpTls tls = {};
  Duration connect_timeout = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(5);  ///< of the whole call: look-up, connect, answer
  std::size_t max_body = 16 * 1024 * 1024;     ///< bytes of the answer, once decompressed
};

struct HttpReply {
  int status = 0;  ///< any: 404 and 500 are answers, not errors of the call
  std::string content_type;
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// One call over one connection, blocking for `timeout` at the most. Thread-safe. Up to three
/// redirects are followed, with the method kept, and never to another scheme. The environment's
/// proxy is used (http_proxy, https_proxy, no_proxy), but never for the loopback interface.
/// Certificates are verified against `tls.ca_file`, else the system's store.
///
/// kInvalidArgument     the URL is none, or of another scheme
/// kUnavailable         no connection, or it broke
/// kDeadlineExceeded    no whole answer within `timeout`
/// kFailedPrecondition  TLS: the other side is not who it should be; or it redirects elsewhere
/// kResourceExhausted   the answer is larger than `max_body`
///
/// Messages name the URL without its user and password.
[[nodiscard]] StatusOr<HttpReply> CallHttp(const HttpCall& call);

/// The URL without user and password, for messages and logs; "(not a URL)" for what is none.
[[nodiscard]] std::string WithoutSecrets(const std::string& url);

/// Percent-encodes all but letters, digits and -._~ for use in a query.
[[nodiscard]] std::string UrlEncode(const std::string& text);

}  // namespace tidewright::io
