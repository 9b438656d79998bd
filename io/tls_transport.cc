#include "io/tls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

namespace tidewright::io {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Stream = ssl::stream<asio::ip::tcp::socket>;

Status ToStatus(const error_code& error) {
  if (!error) return OkStatus();
  // What OpenSSL itself refuses (certificates, versions, no TLS at all) does not mend by waiting.
  const bool refused = error.category() == asio::error::get_ssl_category();
  return Error(refused ? StatusCode::kFailedPrecondition : StatusCode::kUnavailable, "{}{}",
               refused ? "TLS: " : "", error.message());
}

Status FileError(const char* what, const std::string& path, const error_code& error) {
  if (!std::ifstream(path)) {
    return Error(StatusCode::kFailedPrecondition, "TLS: the {} {} cannot be read", what, path);
  }
  return Error(StatusCode::kFailedPrecondition, "TLS: the {} {} cannot be used: {}", what, path,
               error.message());
}

StatusOr<std::shared_ptr<ssl::context>> Load(const TlsOptions& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  // A key with a passphrase would be asked for on the terminal.
  error_code error;
  context->set_password_callback([](auto, auto) { return std::string(); }, error);
  context->load_verify_file(options.ca_file, error);
  if (error) return FileError("CA", options.ca_file, error);
  if (options.certificate_file.empty()) return context;
  context->use_certificate_chain_file(options.certificate_file, error);
  if (error) return FileError("certificate", options.certificate_file, error);
  context->use_private_key_file(options.key_file, ssl::context::pem, error);
  if (error) return FileError("key", options.key_file, error);
  return context;
}

/// The files as they were last read without an error. Thread-safe.
class Files {
 public:
  Files(TlsOptions options, std::shared_ptr<ssl::context> context)
      : options_(std::move(options)), context_(std::move(context)), seen_(Times()) {}

  [[nodiscard]] const TlsOptions& options() const { return options_; }

  std::shared_ptr<ssl::context> Context() {
    std::scoped_lock lock(mutex_);
    const auto now = Times();
    if (now != seen_) {
      // Half of a renewal may be there: the old ones serve until all fit together.
      if (auto fresh = Load(options_); fresh.ok()) {
        context_ = *std::move(fresh);
        seen_ = now;
      }
    }
    return context_;
  }

 private:
  using Time = std::filesystem::file_time_type;
  [[nodiscard]] std::array<Time, 3> Times() const {
    const auto time = [](const std::string& path) {
      std::error_code error;
      const Time at = std::filesystem::last_write_time(path, error);
      return error ? Time() : at;
    };
    return {time(options_.ca_file), time(options_.certificate_file), time(options_.key_file)};
  }

  const TlsOptions options_;
  std::mutex mutex_;
  std::shared_ptr<ssl::context> context_;
  std::array<Time, 3> seen_;
};

class TlsTransport : public Transport, public std::enable_shared_from_this<TlsTransport> {
 public:
  TlsTransport(asio::io_context& context, const TlsOptions& options,
               std::shared_ptr<ssl::context> files)
      : options_(options), files_(std::move(files)), resolver_(context), stream_(context, *files_) {}

  void Connect(const std::string& host, int port, Done done) override {
    if (const Status named = ExpectName(host); !named.ok()) return done(named);
    auto self = shared_from_this();
    resolver_.async_resolve(
        host, std::to_string(port),
        [self, done = std::move(done)](const error_code& error, const auto& endpoints) mutable {
          if (error) return done(ToStatus(error));
          asio::async_connect(self->stream_.lowest_layer(), endpoints,
                              [self, done = std::move(done)](const error_code& e, const auto&) {
                                if (e) return done(ToStatus(e));
                                self->Handshake(done);
                              });
        });
  }

  void Read(char* data, std::size_t size, ReadDone done) override {
    stream_.async_read_some(asio::buffer(data, size),
                            [self = shared_from_this(), done = std::move(done)](
                                const error_code& error, std::size_t count) {
                              if (error) return done(ToStatus(error));
                              done(count);
                            });
  }

  void Write(const char* data, std::size_t size, Done done) override {
    asio::async_write(stream_, asio::buffer(data, size),
                      [self = shared_from_this(), done = std::move(done)](
                          const error_code& error, std::size_t) { done(ToStatus(error)); });
  }

  [[nodiscard]] std::string Awaits() const override {
    return shaking_hands_ ? "the TLS handshake is not answered: does it speak TLS on this port?" : "";
  }

  /// Without a farewell: the protocols above know where their messages end.
  void Close() override {
    error_code ignored;
    resolver_.cancel();
    stream_.lowest_layer().close(ignored);
  }

 private:
  Status ExpectName(const std::string& host) {
    const std::string& name = options_.server_name.empty() ? host : options_.server_name;
    SSL* handle = stream_.native_handle();
    error_code no_address;
    asio::ip::make_address(name, no_address);
    bool ok = true;
    if (no_address) ok = SSL_set_tlsext_host_name(handle, name.c_str()) == 1;
    if (options_.verify_name) {
      ok = ok && (no_address ? SSL_set1_host(handle, name.c_str()) == 1
                             : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle),
                                                             name.c_str()) == 1);
    }
    if (ok) return OkStatus();
    return Error(StatusCode::kFailedPrecondition, "TLS: '{}' cannot be checked as a name", name);
  }

  void Handshake(const Done& done) {
    shaking_hands_ = true;
    error_code ignored;
    stream_.lowest_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
    stream_.async_handshake(ssl::stream_base::client,
                            [self = shared_from_this(), done](const error_code& error) {
                              self->shaking_hands_ = false;
                              done(self->Explain(error));
                            });
  }

  Status Explain(const error_code& error) {
    const long verified = SSL_get_verify_result(stream_.native_handle());
    if (!error || verified == X509_V_OK) return ToStatus(error);
    return Error(StatusCode::kFailedPrecondition, "TLS: its certificate is refused: {}",
                 X509_verify_cert_error_string(verified));
  }

  const TlsOptions options_;
  const std::shared_ptr<ssl::context> files_;
  asio::ip::tcp::resolver resolver_;
  Stream stream_;
  bool shaking_hands_ = false;
};

}  // namespace

StatusOr<TransportFactory> MakeTlsTransport(const TlsOptions& options) {
  if (options.ca_file.empty()) {
    return Error(StatusCode::kFailedPrecondition, "TLS: no CA file is named");
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Error(StatusCode::kFailedPrecondition,
                 "TLS: a certificate needs a key, and a key a certificate");
  }
  TW_ASSIGN_OR_RETURN(auto context, Load(options));
  auto files = std::make_shared<Files>(options, std::move(context));
  return TransportFactory([files](asio::io_context& loop) -> std::shared_ptr<Transport> {
    return std::make_shared<TlsTransport>(loop, files->options(), files->Context());
  });
}

}  // namespace tidewright::io
