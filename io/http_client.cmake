tidewright_room(
    io_http_client SOURCES http_client.cc DEPS tidewright::core PRIVATE_DEPS CURL::libcurl)
