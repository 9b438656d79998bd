// A plan as one canonical text, and back.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "planner/plan.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;  // an ordered map of keys: sorted by construction

// Rises when a reader of the old text would misread the new one; old versions stay readable.
constexpr int kVersion = 1;
// Of the basis: a later one is skipped, since nothing is executed by it.
constexpr int kBasisVersion = 1;

std::int64_t ToMicros(WallTime time) { return time.time_since_epoch().count(); }

// Bytes that are no UTF-8 are replaced rather than refused: the text must exist for every plan.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ToJson(const std::vector<Reason>& reasons) {
  Json list = Json::array();
  for (const Reason& reason : reasons) {
    list.push_back({{"code", ReasonName(reason.code)}, {"text", reason.text}});
  }
  return list;
}

Json ToJson(const std::vector<PartitionMove>& moves) {
  Json list = Json::array();
  for (const PartitionMove& move : moves) {
    list.push_back(
        {{"from", move.from}, {"partitions", ToString(move.partitions)}, {"to", move.to}});
  }
  return list;
}

Json ToJson(const Outlook& outlook) {
  return {{"cost_per_hour_micros", outlook.cost_per_hour.micros},
          {"peak_demand", outlook.peak_demand},
          {"shortfall_probability", outlook.shortfall_probability},
          {"usable_capacity", outlook.usable_capacity}};
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json ToJson(const ForecastBasis& forecast) {
  Json held = Json::array();
  for (const auto& one : forecast.held) {
    held.push_back(
        {{"ahead_micros", one.ahead.count()}, {"level", one.level}, {"share", one.share}});
  }
  return {{"held", held},
          {"made_from_micros", ToMicros(forecast.made_from)},
          {"notes", forecast.notes},
          {"recent_error", forecast.recent_error},
          {"resource", ResourceName(forecast.resource)},
          {"trust", forecast.trust}};
}

Json ToJson(const std::optional<TurningPoint>& point) {
  if (!point) return nullptr;
  return {{"factor", point->factor}, {"shards", point->shards}};
}

Json ToJson(const PlanBasis& basis) {
  Json options = Json::array();
  for (const SizeOption& option : basis.options) {
    options.push_back({{"billed", option.billed},
                       {"shards", option.shards},
                       {"unserved", option.unserved},
                       {"violation", option.violation}});
  }
  Json moves = Json::array();
  for (const LaterMove& move : basis.moves) {
    moves.push_back({{"at_micros", ToMicros(move.at)}, {"from", move.from}, {"to", move.to}});
  }
  Json forecasts = Json::array();
  for (const ForecastBasis& forecast : basis.forecasts) forecasts.push_back(ToJson(forecast));
  return {{"analogues", basis.analogues},
          {"cheapest", basis.cheapest},
          {"forecast_share", basis.forecast_share},
          {"forecasts", forecasts},
          {"horizon_micros", basis.horizon.count()},
          {"less", ToJson(basis.less)},
          {"more", ToJson(basis.more)},
          {"moves", moves},
          {"observed", OrNull(basis.observed)},
          {"options", options},
          {"reactive_at", OrNull(basis.reactive_at)},
          {"risk_quantile", basis.risk_quantile},
          {"seen_micros", basis.seen.count()},
          {"version", kBasisVersion},
          {"wanted", basis.wanted}};
}

// What would be executed, and on what.
Json Essence(const Plan& plan) {
  return {{"cluster", plan.cluster},
          {"from_shards", plan.from_shards},
          {"kind", PlanKindName(plan.kind)},
          {"moves", ToJson(plan.moves)},
          {"replicas_per_shard", plan.replicas_per_shard},
          {"retire", plan.retire},
          {"to_shards", plan.to_shards},
          {"topology_fingerprint", plan.topology_fingerprint}};
}

// Reads the fields of one object and remembers the first thing that is wrong.
class Reader {
 public:
  Reader(const Json& object, Status& status) : object_(object), status_(status) {
    if (!object.is_object()) Fail("an object is expected");
  }

  const Json* Find(const char* key) {
    if (!status_.ok()) return nullptr;
    const auto it = object_.find(key);
    if (it == object_.end()) {
      Fail(fmt::format("'{}' is missing", key));
      return nullptr;
    }
    return &*it;
  }

  std::string Text(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return Fail(fmt::format("'{}' is no text", key)), std::string();
    return *value->get_ptr<const std::string*>();
  }

  std::int64_t Whole(const char* key, std::int64_t low, std::int64_t high) {
    const Json* value = Find(key);
    if (value == nullptr) return 0;
    const bool fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() ||
                       value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (!fits || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
      return Fail(fmt::format("'{}' is no whole number from {} to {}", key, low, high)), 0;
    }
    return value->get<std::int64_t>();
  }

  std::int64_t Micros(const char* key) { return Whole(key, INT64_MIN, INT64_MAX); }
  int Small(const char* key) { return static_cast<int>(Whole(key, 0, INT32_MAX)); }

  /// Null where nothing is known.
  std::optional<double> NumberIfKnown(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return Number(key);
  }

  double Number(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return 0;
    if (!value->is_number()) return Fail(fmt::format("'{}' is no number", key)), 0;
    return value->get<double>();
  }

  bool Flag(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean())
      return Fail(fmt::format("'{}' is neither true nor false", key)), false;
    return value->get<bool>();
  }

  const Json& List(const char* key) {
    static const Json kEmpty = Json::array();
    const Json* value = Find(key);
    if (value == nullptr) return kEmpty;
    if (!value->is_array()) return Fail(fmt::format("'{}' is no list", key)), kEmpty;
    return *value;
  }

  void Fail(const std::string& what) {
    if (status_.ok()) status_ = Error(StatusCode::kInvalidArgument, "a plan's text: {}", what);
  }

 private:
  const Json& object_;
  Status& status_;
};

std::vector<Reason> ReadReasons(Reader& reader, const char* key, Status& status) {
  std::vector<Reason> reasons;
  for (const Json& item : reader.List(key)) {
    Reader fields(item, status);
    const auto code = ParseReason(fields.Text("code"));
    if (!code) fields.Fail("a reason's code is unknown");
    reasons.push_back({code.value_or(ReasonCode::kCapacityIsRight), fields.Text("text")});
  }
  return reasons;
}

std::vector<PartitionMove> ReadMoves(Reader& reader, Status& status) {
  std::vector<PartitionMove> moves;
  for (const Json& item : reader.List("moves")) {
    Reader fields(item, status);
    auto partitions = ParsePartitionSet(fields.Text("partitions"));
    if (!partitions.ok()) {
      fields.Fail(Message(partitions.status()));
      break;
    }
    moves.push_back({*std::move(partitions), fields.Text("from"), fields.Text("to")});
  }
  return moves;
}

Outlook ReadOutlook(Reader& reader, const char* key, Status& status) {
  const Json* value = reader.Find(key);
  if (value == nullptr) return {};
  Reader fields(*value, status);
  Outlook outlook;
  outlook.peak_demand = fields.Number("peak_demand");
  outlook.usable_capacity = fields.Number("usable_capacity");
  outlook.shortfall_probability = fields.Number("shortfall_probability");
  outlook.cost_per_hour.micros = fields.Micros("cost_per_hour_micros");
  return outlook;
}

Resource ReadResource(Reader& reader, const char* key) {
  const auto resource = ParseResource(reader.Text(key));
  if (!resource) reader.Fail(fmt::format("'{}' is no resource", key));
  return resource.value_or(Resource::kRequests);
}

WallTime ReadTime(Reader& reader, const char* key) {
  return WallTime(Duration(reader.Micros(key)));
}

ForecastBasis ReadForecast(const Json& item, Status& status) {
  Reader fields(item, status);
  ForecastBasis forecast;
  forecast.resource = ReadResource(fields, "resource");
  forecast.trust = fields.Text("trust");
  forecast.recent_error = fields.Number("recent_error");
  forecast.made_from = ReadTime(fields, "made_from_micros");
  for (const Json& one : fields.List("held")) {
    Reader held(one, status);
    forecast.held.push_back(
        {held.Number("level"), Duration(held.Micros("ahead_micros")), held.Number("share")});
  }
  for (const Json& note : fields.List("notes")) {
    if (!note.is_string()) return fields.Fail("'notes' holds something that is no text"), forecast;
    forecast.notes.push_back(note.get<std::string>());
  }
  return forecast;
}

std::optional<TurningPoint> ReadTurningPoint(Reader& reader, const char* key, Status& status) {
  const Json* value = reader.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  Reader point(*value, status);
  return TurningPoint{point.Number("factor"), point.Small("shards")};
}

PlanBasis ReadBasis(Reader& fields, Status& status) {
  PlanBasis basis;
  for (const Json& item : fields.List("options")) {
    Reader option(item, status);
    basis.options.push_back({option.Small("shards"), option.Number("billed"),
                             option.Number("unserved"), option.Number("violation")});
  }
  basis.cheapest = fields.Small("cheapest");
  basis.wanted = fields.Small("wanted");
  basis.more = ReadTurningPoint(fields, "more", status);
  basis.less = ReadTurningPoint(fields, "less", status);
  for (const Json& item : fields.List("moves")) {
    Reader move(item, status);
    basis.moves.push_back({ReadTime(move, "at_micros"), move.Small("from"), move.Small("to")});
  }
  basis.horizon = Duration(fields.Micros("horizon_micros"));
  basis.forecast_share = fields.Number("forecast_share");
  basis.analogues = fields.Small("analogues");
  basis.seen = Duration(fields.Micros("seen_micros"));
  basis.risk_quantile = fields.Number("risk_quantile");
  for (const Json& item : fields.List("forecasts")) {
    basis.forecasts.push_back(ReadForecast(item, status));
  }
  basis.observed = fields.NumberIfKnown("observed");
  basis.reactive_at = fields.NumberIfKnown("reactive_at");
  return basis;
}

PlanKind ReadKind(Reader& reader) {
  const std::string name = reader.Text("kind");
  for (PlanKind kind :
       {PlanKind::kNone, PlanKind::kScaleOut, PlanKind::kScaleIn, PlanKind::kRebalance}) {
    if (name == PlanKindName(kind)) return kind;
  }
  reader.Fail(fmt::format("'{}' is no kind of plan", name));
  return PlanKind::kNone;
}

void ReadEssence(Reader& reader, Plan& plan, Status& status) {
  plan.cluster = reader.Text("cluster");
  plan.kind = ReadKind(reader);
  plan.topology_fingerprint = reader.Text("topology_fingerprint");
  plan.from_shards = reader.Small("from_shards");
  plan.to_shards = reader.Small("to_shards");
  plan.replicas_per_shard = reader.Small("replicas_per_shard");
  for (const Json& shard : reader.List("retire")) {
    if (!shard.is_string()) return reader.Fail("'retire' holds something that is no shard's id");
    plan.retire.push_back(shard.get<std::string>());
  }
  plan.moves = ReadMoves(reader, status);
}

}  // namespace

const SizeOption* PlanBasis::Option(int shards) const {
  const auto it = std::find_if(options.begin(), options.end(),
                               [&](const SizeOption& option) { return option.shards == shards; });
  return it == options.end() ? nullptr : &*it;
}

const char* PlanKindName(PlanKind kind) {
  switch (kind) {
    case PlanKind::kNone:
      return "none";
    case PlanKind::kScaleOut:
      return "scale-out";
    case PlanKind::kScaleIn:
      return "scale-in";
    case PlanKind::kRebalance:
      return "rebalance";
  }
  return "unknown";
}

std::string CanonicalJson(const Plan& plan) {
  Json json = Essence(plan);
  json["version"] = kVersion;
  json["created_micros"] = ToMicros(plan.created);
  json["expires_micros"] = ToMicros(plan.expires);
  json["binding"] = ResourceName(plan.binding);
  json["emergency"] = plan.emergency;
  json["reasons"] = ToJson(plan.reasons);
  json["rejections"] = ToJson(plan.rejections);
  json["lead_time_micros"] = plan.lead_time.count();
  json["crossing_micros"] = plan.crossing ? Json(ToMicros(*plan.crossing)) : Json(nullptr);
  json["without"] = ToJson(plan.without);
  json["with"] = ToJson(plan.with);
  if (plan.basis) json["basis"] = ToJson(*plan.basis);
  return Dump(json);
}

StatusOr<Plan> ParsePlan(const std::string& canonical_json) {
  const Json json = Json::parse(canonical_json, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return Error(StatusCode::kInvalidArgument, "a plan's text: this is not JSON");
  }
  Status status;
  Reader reader(json, status);
  reader.Whole("version", kVersion, kVersion);
  Plan plan;
  ReadEssence(reader, plan, status);
  plan.created = ReadTime(reader, "created_micros");
  plan.expires = ReadTime(reader, "expires_micros");
  plan.binding = ReadResource(reader, "binding");
  plan.emergency = reader.Flag("emergency");
  plan.reasons = ReadReasons(reader, "reasons", status);
  plan.rejections = ReadReasons(reader, "rejections", status);
  plan.lead_time = Duration(reader.Micros("lead_time_micros"));
  if (const Json* crossing = reader.Find("crossing_micros"); crossing && !crossing->is_null()) {
    plan.crossing = ReadTime(reader, "crossing_micros");
  }
  plan.without = ReadOutlook(reader, "without", status);
  plan.with = ReadOutlook(reader, "with", status);
  if (status.ok() && json.contains("basis")) {
    Reader fields(json["basis"], status);
    if (fields.Whole("version", 1, INT32_MAX) == kBasisVersion) {
      plan.basis = ReadBasis(fields, status);
    }
  }
  TW_RETURN_IF_ERROR(status);
  return plan;
}

std::string PlanHash(const Plan& plan) { return Sha256Hex(Dump(Essence(plan))); }

std::string ShortHash(const std::string& hash) { return hash.substr(0, 10); }

}  // namespace tidewright
