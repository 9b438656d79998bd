#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "journal/audit.h"
#include "journal/encoding.h"

namespace tidewright {

std::string AuditHash(const AuditRecord& record) {
  std::string text;
  for (const std::string& field :
       {std::to_string(record.sequence), std::to_string(ToMicros(record.at)), record.actor,
        record.what, record.detail, record.previous_hash}) {
    text += std::to_string(field.size()) + ":" + field + ",";
  }
  return Sha256Hex(text);
}

std::string AuditDetail(const AuditChange& change) {
  nlohmann::json json = nlohmann::json::object();
  const auto put = [&json](const std::string& key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  for (const auto& [key, value] : change.about) put(key, value);
  put("why", change.why);
  put("before", change.before);
  put("after", change.after);
  // Names and comments come from outside: bytes that are no UTF-8 must not keep an entry away.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

AuditChange ParseAuditDetail(const std::string& detail) {
  AuditChange change;
  const auto json = nlohmann::json::parse(detail, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    change.about["detail"] = detail;
    return change;
  }
  for (const auto& [key, value] : json.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (key == "why" || key == "comment") {
      change.why = std::move(text);
    } else if (key == "before") {
      change.before = std::move(text);
    } else if (key == "after") {
      change.after = std::move(text);
    } else {
      change.about[key] = std::move(text);
    }
  }
  return change;
}

}  // namespace tidewright
