#include "cli/forecast_options.h"

namespace tidewright::cli {
namespace {

constexpr char kGroup[] = "From a file, without a daemon (also --output table, csv or json)";
constexpr char kFooter[] =
    "Input: a long CSV of timestamp,value (ISO 8601, UTC or with an offset, or s, ms, us or ns\n"
    "since 1970), or with --panel one series a line, id,v1,v2,…  An empty value is a gap. What "
    "can\n"
    "be repaired (order, repeated and irregular times) is, and stderr says so; what cannot stops\n"
    "with file and line.\n"
    "Events: lines of name,start,end,effect,recurrence. Times are UTC, the end may be a length.\n"
    "The effect 1.8 multiplies, =5000 is a level, 'like sunday' another day of the week; without\n"
    "one it is learned from past times. Recurrence: once (or nothing), daily, weekly, yearly, or\n"
    "days such as 14d. Lines of one name are one event: what it did before is taken out of "
    "history\n"
    "and teaches what it will do. For example:\n"
    "  sale,2026-11-27 20:00,2h,1.8\n"
    "  christmas,2026-12-25,1d,like sunday,yearly\n"
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
    "  tidectl forecast --input load.csv --horizon 24h --events calendar.csv --explain\n"
    "  tidectl forecast --input load.csv --horizon 24h --evaluate --origins 8\n"
    "\n"
    "Exit codes: 0 all series were forecast; 1 some were not (stderr names them), or the output\n"
    "could not be written; 2 wrong usage or unreadable input.\n";

}  // namespace

void AddForecastFileOptions(CLI::App& forecast, ForecastFileOptions& options) {
  forecast.footer(kFooter);
  const auto add = [&](const char* name, auto& value, const char* type, const char* what) {
    return forecast.add_option(name, value, what)->group(kGroup)->type_name(type);
  };
  const auto flag = [&](const char* name, bool& value, const char* what) {
    return forecast.add_flag(name, value, what)->group(kGroup);
  };
  add("--input", options.input, "FILE", "A CSV file, - for stdin");
  flag("--panel", options.panel, "One series a line: id,v1,v2,…");
  add("--step", options.step, "DURATION",
      "Distance of a panel's values, such as 1h; of a long file's forecast (default: found there)");
  add("--start", options.start, "TIME", "Time of a panel's first value");
  add("--horizon", options.horizon, "N|DURATION",
      "How far ahead: a number of steps, or such as 24h (default: 48)");
  add("--quantiles", options.quantiles, "LEVELS",
      "Between 0 and 1 (default: 0.5,0.8,0.9,0.95,0.99)");
  add("--paths", options.paths, "N", "How many scenarios the quantiles are read off, up to 10000")
      ->check(CLI::Range(1, 10000));
  add("--paths-output", options.paths_output, "FILE",
      "Write the scenarios too: id,path,step,timestamp,value");
  add("--events", options.events, "FILE", "A calendar of planned events and special days");
  add("--seed", options.seed, "N", "Of the scenarios (default: 1)");
  add("--jobs", options.jobs, "N", "Threads (default: one a core)")->check(CLI::Range(1, 1024));
  add("--output-file", options.output_file, "FILE",
      "Write there instead of stdout; it appears when it is complete");
  flag("--explain", options.explain,
       "Season, members and weights, what was cleaned, how far to trust it");
  flag("--evaluate", options.evaluate,
       "Forecast what is already known, from several times in the past, beside seasonal naive");
  add("--origins", options.origins, "N",
      "From how many times, equally spaced, to evaluate (default: 8)")
      ->check(CLI::Range(1, 1000));
}

void CheckForecastOptions(const CLI::App& forecast) {
  const auto refuse_both = [&](const char* one, const char* other) {
    if (forecast.count(one) > 0 && forecast.count(other) > 0) {
      throw CLI::ExcludesError(one, other);
    }
  };
  for (const char* daemon : {"--resource", "--history", "--partition", "--shard"})
    refuse_both(daemon, "--input");
  for (const char* other : {"--explain", "--paths-output"}) refuse_both(other, "--evaluate");
  for (const CLI::Option* option : forecast.get_options()) {
    if (option->get_group() != kGroup || option->count() == 0) continue;
    if (forecast.count("--input") == 0) throw CLI::RequiresError(option->get_name(), "--input");
  }
  if (forecast.count("--origins") > 0 && forecast.count("--evaluate") == 0) {
    throw CLI::RequiresError("--origins", "--evaluate");
  }
}

}  // namespace tidewright::cli
