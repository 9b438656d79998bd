tidewright_room(io_subprocess SOURCES subprocess.cc DEPS tidewright::core)
