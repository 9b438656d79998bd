// Names the concrete types and puts them together: the only place that does.
#pragma once

#include <memory>
#include <stop_token>

#include "config/config.h"
#include "core/status.h"

namespace tidewright {

/// Builds everything that the configuration asks for and runs the controller until a stop is
/// requested. An error says what could not be started and how to mend it.
[[nodiscard]] Status RunController(const Config& config, std::stop_token stop);

}  // namespace tidewright
