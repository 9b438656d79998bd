tidewright_room(io_etcd_client SOURCES etcd_client.cc
  DEPS tidewright::core tidewright::io_http_client
  PRIVATE_DEPS OpenSSL::Crypto nlohmann_json::nlohmann_json)
