// `tidectl forecast`: what may be typed, in both of its forms.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/forecast_file.h"

namespace tidewright::cli {

/// Adds what the form with --input takes to the subcommand; `options` must outlive it.
void AddForecastFileOptions(CLI::App& forecast, ForecastFileOptions& options);

}  // namespace tidewright::cli
