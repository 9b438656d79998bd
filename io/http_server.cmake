tidewright_room(io_http_server SOURCES http_server.cc
  DEPS tidewright::core PRIVATE_DEPS Boost::headers Threads::Threads)
