tidewright_room(io_tls_transport SOURCES tls_transport.cc
  DEPS tidewright::core tidewright::io_transport PRIVATE_DEPS OpenSSL::SSL)
