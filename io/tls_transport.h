// A TLS byte stream to a peer whose certificate is checked, for protocols written against
// io/transport.h.
#pragma once

#include <string>

#include "core/status.h"
#include "io/transport.h"

namespace tidewright::io {

/// Files in PEM. They are read again once they have changed, for connections that are made then:
/// certificates are renewed without a restart.
struct TlsOptions {
  std::string ca_file;           ///< whoever signed the peers' certificates; nobody else is trusted
  std::string certificate_file;  ///< what we show, with its chain; empty: nothing is shown
  std::string key_file;          ///< of that certificate
  std::string server_name;       ///< whom the peers' certificates must name, also sent as SNI;
                                 ///< empty: the host or address that was connected to
  bool verify_name = true;       ///< false: any certificate that the CA signed will do
};

/// TLS 1.2 or newer. Connect gives kFailedPrecondition when the peer is not who it should be, will
/// not have us, or speaks no TLS, with the reason; kUnavailable for what may pass. Errors here:
/// kFailedPrecondition with the file that cannot be used.
[[nodiscard]] StatusOr<TransportFactory> MakeTlsTransport(const TlsOptions& options);

}  // namespace tidewright::io
