#include "stores/redis/info.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace tidewright::redis {
namespace {

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

double ParseNumber(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return whole ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

InfoText::InfoText(std::string text) : text_(std::move(text)) {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.size() > 2 && line.front() == '#') {
      sections_.push_back(line.substr(2));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields_.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  std::stable_sort(fields_.begin(), fields_.end(),
                   [](const Field& a, const Field& b) { return a.first < b.first; });
}

bool InfoText::HasSection(std::string_view title) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [&](std::string_view section) { return SameWord(section, title); });
}

std::optional<std::string_view> InfoText::Find(std::string_view name) const {
  const auto it =
      std::lower_bound(fields_.begin(), fields_.end(), name,
                       [](const Field& field, std::string_view key) { return field.first < key; });
  if (it == fields_.end() || it->first != name) return std::nullopt;
  return it->second;
}

std::optional<double> InfoText::Number(std::string_view name) const {
  const auto text = Find(name);
  if (!text) return std::nullopt;
  return ParseNumber(*text);
}

std::vector<InfoText::Field> InfoText::WithPrefix(std::string_view prefix) const {
  auto it =
      std::lower_bound(fields_.begin(), fields_.end(), prefix,
                       [](const Field& field, std::string_view key) { return field.first < key; });
  std::vector<Field> found;
  for (; it != fields_.end() && it->first.starts_with(prefix); ++it) found.push_back(*it);
  return found;
}

std::optional<std::string_view> TextIn(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const std::string_view pair = value.substr(0, comma);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
  return std::nullopt;
}

std::optional<double> NumberIn(std::string_view value, std::string_view name) {
  const auto text = TextIn(value, name);
  if (!text) return std::nullopt;
  return ParseNumber(*text);
}

}  // namespace tidewright::redis
