tidewright_room(io_durable_file SOURCES durable_file.cc DEPS tidewright::core)
