#include "cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/render.h"
#include "core/time.h"

namespace tidewright::cli {
namespace {

using Lines = std::vector<std::string>;
struct Answer {
  std::string table;
  Lines lines;
};
using Reasons = google::protobuf::RepeatedPtrField<pb::Reason>;

WallTime ToWall(const google::protobuf::Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds())) +
         std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(time.nanos()));
}

std::string Shards(int count) { return fmt::format("{} shard{}", count, count == 1 ? "" : "s"); }

std::string Change(const std::string& kind, int from, int to) {
  if (kind == "rebalance") return fmt::format("rebalance of {}", Shards(from));
  return fmt::format("{} from {} to {}", kind, from, Shards(to));
}

std::string Percent(double share) {
  const double percent = 100 * share;
  return percent > 0 && percent < 1 ? "under 1%" : fmt::format("{:.0f}%", percent);
}

std::string Level(double level) { return fmt::format("p{:.4g}", 100 * level); }

// What everything that is said is said of.
struct Subject {
  const pb::Status& status;
  const pb::Plan& plan;
  const pb::Recommendation* recommendation;

  [[nodiscard]] bool acts() const { return plan.kind() != "none"; }
  [[nodiscard]] WallTime now() const { return ToWall(status.now()); }
  [[nodiscard]] const pb::PlanBasis& basis() const { return plan.basis(); }
  [[nodiscard]] std::string Amount(double value) const {
    return HumanResource(plan.binding(), value);
  }
  /// "09:31" today, else with the date; "(2h 5m ago)" is for the caller to add.
  [[nodiscard]] std::string When(WallTime time) const {
    const std::string text = FormatTime(time);
    const bool today = text.substr(0, 10) == FormatTime(now()).substr(0, 10);
    return today ? text.substr(11, 5) : text.substr(0, 10) + " " + text.substr(11, 5);
  }
};

const pb::SizeOption* Option(const pb::PlanBasis& basis, int shards) {
  for (const auto& option : basis.options()) {
    if (option.shards() == shards) return &option;
  }
  return nullptr;
}

double Cost(const pb::SizeOption& option) {
  return option.billed() + option.unserved() + option.violation();
}

std::string WithCode(const pb::Reason& reason) {
  return fmt::format("{} ({})", reason.text(), reason.code());
}

void AddReasons(const Reasons& reasons, Lines& lines) {
  for (const auto& reason : reasons) lines.push_back(WithCode(reason));
}

std::string HorizonText(const pb::PlanBasis& basis) {
  return FormatDuration(FromSeconds(basis.horizon_seconds()));
}

// --- why now ---------------------------------------------------------------------------------

// " (p95)", where it is known at which quantile demand is told.
std::string AtRisk(const Subject& s) {
  const double quantile = s.basis().risk_quantile();
  return quantile > 0 ? fmt::format(" ({})", Level(quantile)) : "";
}

// How much time there is until it must have begun.
void AddDeadline(const Subject& s, Lines& lines) {
  if (!s.plan.has_crossing() || s.plan.kind() == "scale-in") return;
  const WallTime crossing = ToWall(s.plan.crossing());
  const Duration lead = FromSeconds(s.plan.lead_time_seconds());
  const WallTime latest = crossing - lead;
  const WallTime made = ToWall(s.plan.created());
  std::string text;
  if (crossing <= made) {
    text = fmt::format("Demand is above what {} may bear already", Shards(s.plan.from_shards()));
  } else {
    text = fmt::format("Demand{} passes what {} may bear at {}", AtRisk(s),
                       Shards(s.plan.from_shards()), s.When(crossing));
  }
  text += fmt::format("; {} takes {}", s.acts() ? "this" : "another shard", FormatDuration(lead));
  if (crossing > made && latest >= made) {
    text += fmt::format(": begun after {} it comes too late", s.When(latest));
  } else if (crossing > made && !s.acts()) {
    // That is what the choice of size has weighed already: no cause for alarm by itself.
    text += fmt::format(": begun now it is complete {} after that", FormatDuration(made - latest));
  } else if (crossing > made) {
    text += fmt::format(": it is {} late even if it begins at once", FormatDuration(made - latest));
  }
  lines.push_back(text + ".");
}

void AddCostOfWaiting(const Subject& s, Lines& lines) {
  const auto* stay = Option(s.basis(), s.plan.from_shards());
  const auto* best = Option(s.basis(), s.basis().cheapest());
  if (stay == nullptr || best == nullptr || stay == best) return;
  lines.push_back(
      fmt::format("Waiting, and doing the best after that, is expected to cost {:.3g} shard-hours "
                  "more over the next {}.",
                  Cost(*stay) - Cost(*best), HorizonText(s.basis())));
}

Lines WhyNow(const Subject& s) {
  Lines lines;
  AddReasons(s.plan.reasons(), lines);
  AddDeadline(s, lines);
  if (s.plan.to_shards() == s.basis().cheapest()) AddCostOfWaiting(s, lines);
  return lines;
}

// A decrease that was vetoed: the rejections are the vetoes.
bool WantsLess(const Subject& s) {
  return !s.acts() && s.plan.has_basis() && s.basis().wanted() < s.plan.from_shards();
}

Lines WhyNotScaled(const Subject& s) {
  Lines lines;
  const pb::PlanBasis& basis = s.basis();
  const bool wanted = s.plan.has_basis() && basis.wanted() != s.plan.from_shards();
  const std::string against = fmt::format(
      "Demand asks for {}, and there are {}; what stands against that:", Shards(basis.wanted()),
      s.plan.from_shards());
  if (wanted && !WantsLess(s)) lines.push_back(against);
  AddReasons(s.plan.reasons(), lines);
  if (WantsLess(s)) {
    lines.push_back(against);
    AddReasons(s.plan.rejections(), lines);
  }
  AddDeadline(s, lines);
  return lines;
}

// --- why this much ---------------------------------------------------------------------------

bool IsNear(const Subject& s, int shards) {
  return std::abs(shards - s.basis().cheapest()) <= 2 || shards == s.plan.from_shards() ||
         shards == s.plan.to_shards();
}

Answer WhyThisMuch(const Subject& s) {
  Answer answer;
  Lines& lines = answer.lines;
  const pb::PlanBasis& basis = s.basis();
  const auto* best = Option(basis, basis.cheapest());
  if (best == nullptr) {
    lines.emplace_back(s.plan.has_basis()
                           ? "No size could be weighed against another: there is neither a "
                             "forecast nor enough recent demand."
                           : "This plan was made before its alternatives were kept.");
    return answer;
  }
  std::vector<std::vector<std::string>> rows = {
      {"  SHARDS", "BILLED", "UNSERVED", "TOO FULL", "TOTAL", "MORE THAN BEST"}};
  for (const auto& option : basis.options()) {
    if (!IsNear(s, option.shards())) continue;
    const bool chosen = option.shards() == s.plan.to_shards();
    rows.push_back({fmt::format("{} {}", chosen ? ">" : " ", option.shards()),
                    fmt::format("{:.1f}", option.billed()),
                    fmt::format("{:.1f}", option.unserved()),
                    fmt::format("{:.1f}", option.violation()), fmt::format("{:.1f}", Cost(option)),
                    &option == best ? "-" : fmt::format("{:.1f}", Cost(option) - Cost(*best))});
  }
  answer.table = Table(rows);
  lines.push_back(
      fmt::format("In shard-hours over the next {}, if that size is begun now and the best is done "
                  "after. 'Unserved' and 'too full' are the policy's penalties for demand that is "
                  "expected to go unserved, and for time with demand above what the shards may "
                  "bear.",
                  HorizonText(basis)));
  if (s.acts() && basis.wanted() != s.plan.to_shards()) {
    lines.push_back(fmt::format("Demand asks for {}; limits and placement leave {} for now.",
                                Shards(basis.wanted()), s.plan.to_shards()));
  }
  return answer;
}

// --- what would change it --------------------------------------------------------------------

void AddTurningPoint(const pb::TurningPoint& point, Lines& lines) {
  const double change = point.factor() - 1;
  lines.push_back(fmt::format("Demand to come {} {} than expected: {}.", Percent(std::abs(change)),
                              change > 0 ? "higher" : "lower", Shards(point.shards())));
}

// What comes next if all goes as expected.
Lines Later(const Subject& s) {
  Lines lines;
  for (const auto& move : s.basis().moves()) {
    const WallTime at = ToWall(move.at());
    if (at <= ToWall(s.plan.created())) continue;
    lines.push_back(fmt::format("{} from {} to {} at {}",
                                move.to() > move.from() ? "scale-out" : "scale-in", move.from(),
                                Shards(move.to()), s.When(at)));
  }
  return lines;
}

Lines WhatWouldChangeIt(const Subject& s) {
  Lines lines;
  const pb::PlanBasis& basis = s.basis();
  if (basis.has_more()) AddTurningPoint(basis.more(), lines);
  if (basis.has_less()) AddTurningPoint(basis.less(), lines);
  if (basis.options_size() > 0 && !basis.has_more() && !basis.has_less()) {
    lines.emplace_back("Neither twice nor half of the demand to come would change the size.");
  }
  if (basis.has_reactive_at()) {
    lines.push_back(fmt::format(
        "Observed demand above {} adds shards at once, whatever is "
        "forecast; {} now.",
        s.Amount(basis.reactive_at()),
        basis.has_observed() ? "it is " + s.Amount(basis.observed()) : "it is not known"));
  }
  const Lines later = Later(s);
  for (std::size_t i = 0; i < later.size() && i < 4; ++i) {
    lines.push_back((i == 0 ? "Time: if all goes as expected, " : "then ") + later[i] +
                    (i == 3 && later.size() > 4 ? ", and so on" : "") + ".");
  }
  return lines;
}

// --- the forecast ----------------------------------------------------------------------------

void AddForecast(const Subject& s, const pb::ForecastBasis& forecast, Lines& lines) {
  lines.push_back(fmt::format(
      "Forecast of {}: trust {}; it erred by {} of demand lately; made from what was observed "
      "until {}.",
      forecast.resource(), forecast.trust(), Percent(forecast.recent_error()),
      s.When(ToWall(forecast.made_from()))));
  for (const auto& held : forecast.held()) {
    if (held.level() < 0.94 || held.level() > 0.96) continue;
    lines.push_back(
        fmt::format("Its {} up to {} ahead held {:.0f}% of the time lately.", Level(held.level()),
                    FormatDuration(FromSeconds(held.ahead_seconds())), 100 * held.share()));
  }
  if (forecast.held().empty()) {
    lines.emplace_back(
        "How well its quantiles hold is not known yet: less than a day of them "
        "has come due.");
  }
  for (const auto& note : forecast.notes()) lines.push_back("Note: " + note + ".");
}

void AddShare(const pb::PlanBasis& basis, Lines& lines) {
  const std::string seen = FormatDuration(FromSeconds(basis.seen_seconds()));
  if (basis.forecast_share() >= 1) {
    lines.push_back(
        fmt::format("It is planned for alone: no similar times were found in {} of "
                    "observed demand.",
                    seen));
    return;
  }
  lines.push_back(
      fmt::format("It counts for {} in the demand planned for; the rest is what "
                  "followed on similar times ({} found in {} of observed demand). Who "
                  "foretold the last days better counts for more.",
                  Percent(basis.forecast_share()), basis.analogues(), seen));
}

Lines WhyNoForecast(const Subject& s) {
  Lines lines;
  if (!s.plan.has_basis()) return lines;
  for (const auto& problem : s.status.problems()) {
    if (problem.starts_with("no forecast")) lines.push_back(problem);
  }
  if (lines.empty()) {
    lines.emplace_back("There is none of a resource that binds, or none that may be trusted.");
  }
  lines.emplace_back(s.basis().options().empty()
                         ? "Only what is observed can add shards; none are removed."
                         : "What followed on similar times is planned for instead.");
  return lines;
}

Lines WhatTheForecastSays(const Subject& s) {
  const pb::PlanBasis& basis = s.basis();
  if (basis.forecasts().empty()) return WhyNoForecast(s);
  Lines lines = {fmt::format("Demand for {} is expected to reach {}{}; {} are usable.",
                             s.plan.binding(), s.Amount(s.plan.without().peak_demand()), AtRisk(s),
                             s.Amount(s.plan.without().usable_capacity()))};
  if (basis.options_size() > 0) AddShare(basis, lines);
  for (const auto& forecast : basis.forecasts()) AddForecast(s, forecast, lines);
  return lines;
}

// --- with and without ------------------------------------------------------------------------

std::vector<std::string> OutlookRow(const Subject& s, const char* name, const pb::Outlook& o) {
  return {name, s.Amount(o.peak_demand()), s.Amount(o.usable_capacity()),
          Percent(o.shortfall_probability()),
          fmt::format("{:.2f} {}", o.cost_per_hour(), s.plan.currency())};
}

Answer WithAndWithout(const Subject& s) {
  std::vector<std::vector<std::string>> rows = {
      {"", "PEAK", "USABLE", "SHORTFALL", "COST AN HOUR"},
      OutlookRow(s, s.acts() ? "without it" : "as it is", s.plan.without())};
  if (s.acts()) rows.push_back(OutlookRow(s, "with it", s.plan.with()));
  return {Table(rows), {"'Shortfall' is the probability that demand passes full capacity."}};
}

// --- the whole -------------------------------------------------------------------------------

void Add(pb::Explanation& out, const std::string& question, const Answer& answer) {
  if (answer.lines.empty()) return;
  auto* to = out.add_answers();
  to->set_question(question);
  to->set_table(answer.table);
  for (const auto& line : answer.lines) to->add_lines(line);
}

void Add(pb::Explanation& out, const std::string& question, const Lines& lines) {
  Add(out, question, Answer{"", lines});
}

std::string TimeLeft(const Subject& s) {
  const WallTime expires = ToWall(s.plan.expires());
  const Duration left = expires - s.now();
  if (left <= Duration(0)) {
    return fmt::format("expired at {}", s.When(expires));
  }
  return fmt::format("expires at {} (in {})", s.When(expires), FormatDuration(left));
}

// How it is carried out, and the command that does it where one does.
Lines HowItIsDone(const Subject& s, pb::Explanation& out) {
  if (!s.acts()) return {};
  const std::string hash = s.plan.hash().substr(0, 10);
  const std::string state = s.recommendation != nullptr ? s.recommendation->state() : "open";
  const std::string approve = "tidectl recommendations approve " + hash;
  Lines lines;
  if (state == "executed") {
    out.set_command("tidectl actions");
    return {"It was carried out; `tidectl actions` shows how far it is."};
  }
  if (state == "rejected") {
    return {fmt::format("It was rejected by {}: it is not carried out.",
                        s.recommendation->decided_by())};
  }
  const bool over =
      state == "expired" || state == "superseded" || ToWall(s.plan.expires()) <= s.now();
  if (over) {
    return {
        fmt::format("It is {} and cannot be carried out; `tidectl explain` says what is "
                    "planned now.",
                    state == "superseded" ? "superseded by a newer one" : "expired")};
  }
  if (state == "approved") {
    return {
        fmt::format("It was approved by {}: it starts with the next control cycle that finds "
                    "the cluster as it was planned for.",
                    s.recommendation->decided_by())};
  }
  if (s.status.mode() == "auto") {
    if (s.status.holds().empty()) {
      return {"Mode auto: it starts by itself with the next control cycle.",
              "To keep it from that: tidectl recommendations reject " + hash};
    }
    lines.emplace_back("Mode auto, and nothing starts by itself:");
    AddReasons(s.status.holds(), lines);
    return lines;
  }
  out.set_command(approve);
  if (s.status.mode() == "observe") {
    return {
        "Mode observe: nothing is carried out. With `mode: approve` in the configuration, "
        "this would do it: " +
        approve};
  }
  return {"Carry it out: " + approve, "Turn it down: tidectl recommendations reject " + hash};
}

std::string Title(const Subject& s) {
  const std::string cluster = s.status.cluster() + ": ";
  if (!s.acts()) return cluster + fmt::format("keep {}", Shards(s.plan.from_shards()));
  return cluster + (s.plan.emergency() ? "EMERGENCY " : "") +
         Change(s.plan.kind(), s.plan.from_shards(), s.plan.to_shards());
}

Lines Head(const Subject& s) {
  Lines lines = {fmt::format("mode {}, {} UTC", s.status.mode(), [&] {
    const std::string text = FormatTime(s.now());
    return text.substr(0, 10) + " " + text.substr(11, 5);
  }())};
  if (s.recommendation != nullptr) {
    lines.push_back(fmt::format("recommendation {} is {}; made at {}, {}",
                                s.plan.hash().substr(0, 10), s.recommendation->state(),
                                s.When(ToWall(s.plan.created())), TimeLeft(s)));
  }
  for (const auto& problem : s.status.problems()) lines.push_back("problem: " + problem);
  const auto& action = s.status.action();
  if (s.status.has_action() && !action.has_ended()) {
    lines.push_back(fmt::format("action {} is {}: {}, {} of {} steps", action.id(), action.state(),
                                Change(action.kind(), action.from_shards(), action.to_shards()),
                                action.steps_done(), action.steps()));
  }
  return lines;
}

}  // namespace

pb::Explanation Explain(const pb::Status& status, const pb::Recommendation* recommendation) {
  const Subject s{status, recommendation != nullptr ? recommendation->plan() : status.plan(),
                  recommendation};
  pb::Explanation out;
  out.set_cluster(status.cluster());
  out.set_mode(status.mode());
  *out.mutable_now() = status.now();
  out.set_hash(s.plan.hash());
  if (recommendation != nullptr) out.set_state(recommendation->state());
  Add(out, Title(s), Head(s));
  Add(out, "How it is carried out", HowItIsDone(s, out));
  Add(out, s.acts() ? "Why now" : "Why nothing is done", s.acts() ? WhyNow(s) : WhyNotScaled(s));
  if (s.plan.kind() != "rebalance") {
    Add(out, fmt::format("Why {}, not fewer, not more", Shards(s.plan.to_shards())),
        WhyThisMuch(s));
  }
  Add(out, "What would change its mind", WhatWouldChangeIt(s));
  Lines rejections;
  if (!WantsLess(s)) AddReasons(s.plan.rejections(), rejections);
  Add(out, "Considered and not done", rejections);
  Add(out, s.basis().forecasts().empty() ? "Why there is no forecast" : "What the forecast says",
      WhatTheForecastSays(s));
  Add(out, s.acts() ? "Without it, and with it" : "If it stays so", WithAndWithout(s));
  *out.mutable_plan() = s.plan;
  return out;
}

std::string Wrap(const std::string& text, const std::string& first, int columns) {
  const std::size_t indent = DisplayWidth(first);
  std::string out = first;
  std::size_t width = indent;
  bool fresh = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const std::size_t length = DisplayWidth(word);
    if (!fresh && width + 1 + length > static_cast<std::size_t>(columns)) {
      out += "\n" + std::string(indent, ' ');
      width = indent;
      fresh = true;
    }
    if (!fresh) {
      out += ' ';
      ++width;
    }
    out += word;
    width += length;
    fresh = false;
  }
  return out + "\n";
}

std::string ExplanationText(const pb::Explanation& explanation, int columns) {
  std::string out;
  bool title = true;
  for (const auto& answer : explanation.answers()) {
    if (!out.empty()) out += "\n";
    out += answer.question() + "\n";
    const std::string& table = answer.table();
    for (std::size_t at = 0; at < table.size();) {
      const std::size_t end = std::min(table.find('\n', at), table.size());
      out += "    " + table.substr(at, end - at) + "\n";
      at = end + 1;
    }
    for (const auto& line : answer.lines()) out += Wrap(line, title ? "  " : "  - ", columns);
    title = false;
  }
  return out;
}

}  // namespace tidewright::cli
