// `tidectl forecast`: what may be typed, in both of its forms.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/forecast_file.h"

namespace tidewright::cli {

/// Adds what the form with --input takes to the subcommand; `options` must outlive it.
void AddForecastFileOptions(CLI::App& forecast, ForecastFileOptions& options);
/// Of the parsed subcommand: throws CLI::ParseError where options are not for each other.
void CheckForecastOptions(const CLI::App& forecast);

}  // namespace tidewright::cli
