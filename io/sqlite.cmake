tidewright_room(io_sqlite SOURCES sqlite.cc DEPS tidewright::core PRIVATE_DEPS SQLite::SQLite3)
