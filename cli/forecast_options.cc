#include "cli/forecast_options.h"

namespace tidewright::cli {
namespace {

constexpr char kFooter[] =
    "Input: a long CSV of timestamp,value (ISO 8601, UTC or with an offset, or s, ms, us or ns\n"
    "since 1970), or with --panel one series a line, id,v1,v2,…  An empty value is a gap. What "
    "can\n"
    "be repaired (order, repeated and irregular times) is, and stderr says so; what cannot stops\n"
    "with file and line.\n"
    "Output: a picture or a table; with --output csv the columns id,step,timestamp,mean,q50,q80,…\n"
    "(step counts from 1, the timestamp is UTC and that of a step's beginning, empty for a panel\n"
    "without --start); with --output json an array with one object a series.\n"
    "\n"
    "Examples:\n"
    "  tidectl forecast                                      what the controller expects\n"
    "  tidectl forecast --input load.csv --horizon 24h       a picture of tomorrow\n"
    "  tidectl forecast --input load.csv --explain           and why it looks so\n"
    "  zcat load.csv.gz | tidectl forecast --input - --output csv > tomorrow.csv\n"
    "  tidectl forecast --input tenants.csv --panel --step 1h --horizon 48 \\\n"
    "      --quantiles 0.5,0.9,0.99 --output csv --output-file tomorrow.csv\n"
    "  tidectl forecast --input load.csv --paths 500 --paths-output scenarios.csv\n"
    "  tidectl forecast --input load.csv --horizon 24h --evaluate --origins 8\n"
    "\n"
    "Exit codes: 0 all series were forecast; 1 some were not (stderr names them), or the output\n"
    "could not be written; 2 wrong usage or unreadable input.\n";

}  // namespace

void AddForecastFileOptions(CLI::App& forecast, ForecastFileOptions& options) {
  forecast.footer(kFooter);
  constexpr char kGroup[] = "From a file, without a daemon";
  auto* input = forecast.add_option("--input", options.input, "The file, - for stdin");
  const auto add = [&](CLI::Option* option) { option->group(kGroup)->needs(input); };
  input->group(kGroup);
  add(forecast.add_flag("--panel", options.panel, "One series a line: id,v1,v2,…"));
  add(forecast.add_option("--step", options.step,
                          "Distance of a panel's values, such as 1h; of a long file's forecast "
                          "(default: found in the file)"));
  add(forecast.add_option("--start", options.start, "Time of a panel's first value"));
  add(forecast
          .add_option("--horizon", options.horizon,
                      "How far ahead: a number of steps, or a duration such as 24h")
          ->capture_default_str());
  add(forecast.add_option("--quantiles", options.quantiles,
                          "Levels between 0 and 1 (default: 0.5,0.8,0.9,0.95,0.99)"));
  add(forecast
          .add_option("--paths", options.paths, "How many scenarios the quantiles are read off")
          ->check(CLI::Range(1, 10000)));
  add(forecast.add_option("--paths-output", options.paths_output,
                          "Write the scenarios: id,path,step,timestamp,value"));
  add(forecast.add_option("--seed", options.seed, "Of the scenarios")->capture_default_str());
  add(forecast.add_option("--jobs", options.jobs, "Threads (default: one a core)")
          ->check(CLI::Range(1, 1024)));
  add(forecast.add_option("--output-file", options.output_file,
                          "Write there instead of stdout, at once when complete"));
  add(forecast.add_flag("--explain", options.explain,
                        "Season, members and weights, what was cleaned, how far to trust it"));
  auto* evaluate = forecast.add_flag(
      "--evaluate", options.evaluate,
      "Forecast what is already known, from several times in the past, beside seasonal naive");
  add(evaluate);
  for (const char* other : {"--explain", "--paths-output"}) evaluate->excludes(other);
  forecast
      .add_option("--origins", options.origins, "From how many times, equally spaced, to evaluate")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kGroup)
      ->needs(evaluate);
}

}  // namespace tidewright::cli
