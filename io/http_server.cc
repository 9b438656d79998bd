#include "io/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

#include "io/io_thread.h"

namespace tidewright::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr std::size_t kMaxBody = 64 * 1024;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const HttpServer::Handler& handler)
      : stream_(std::move(socket)), handler_(handler) {}

  void Read() {
    parser_.emplace();
    parser_->body_limit(kMaxBody);
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (!error) self->Answer();
                     });
  }

 private:
  void Answer() {
    const auto& request = parser_->get();
    const auto method = request.method_string();
    const auto target = request.target();
    const HttpResponse answer = handler_(
        {std::string(method.data(), method.size()), std::string(target.data(), target.size())});
    response_ = {};
    response_.result(static_cast<unsigned>(answer.status));
    response_.version(request.version());
    response_.keep_alive(request.keep_alive());
    response_.set(http::field::content_type, answer.content_type);
    response_.body() = answer.body;
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (!error && self->response_.keep_alive()) self->Read();
                      });
  }

  beast::tcp_stream stream_;
  const HttpServer::Handler& handler_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

class BeastServer : public HttpServer {
 public:
  explicit BeastServer(Handler handler)
      : handler_(std::move(handler)), acceptor_(thread_.context()) {}

  Status Listen(const std::string& host, int port) {
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return Error(StatusCode::kInvalidArgument, "'{}' is no IP address", host);
    const tcp::endpoint endpoint(address, static_cast<unsigned short>(port));
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error(StatusCode::kUnavailable, "listen on {}:{}: {}", host, port, error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    Accept();
    return OkStatus();
  }

  [[nodiscard]] int port() const override { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) std::make_shared<Session>(std::move(socket), handler_)->Read();
      Accept();
    });
  }

  Handler handler_;
  IoThread thread_;  // destroyed after the acceptor that it runs
  tcp::acceptor acceptor_;
  int port_ = 0;
};

}  // namespace

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& host, int port,
                                                        Handler handler) {
  auto server = std::make_unique<BeastServer>(std::move(handler));
  TW_RETURN_IF_ERROR(server->Listen(host, port));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tidewright::io
