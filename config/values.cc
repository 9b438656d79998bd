#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace tidewright::config {
namespace {

template <typename T>
std::optional<T> Whole(const std::string& text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::string Trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Levenshtein's distance.
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

}  // namespace

std::optional<double> ParseNumber(const std::string& text) {
  const auto value = Whole<double>(text);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ParseWhole(const std::string& text) {
  return Whole<std::int64_t>(text);
}

std::optional<double> ParseSize(const std::string& text, bool per_second) {
  static constexpr std::array<std::pair<const char*, double>, 10> kUnits = {
      {{"", 1.0},
       {"B", 1.0},
       {"KiB", 1024.0},
       {"MiB", 1024.0 * 1024},
       {"GiB", 1024.0 * 1024 * 1024},
       {"TiB", 1024.0 * 1024 * 1024 * 1024},
       {"kB", 1e3},
       {"MB", 1e6},
       {"GB", 1e9},
       {"TB", 1e12}}};
  std::string number = text;
  if (per_second && number.ends_with("/s")) number.resize(number.size() - 2);
  const auto digits_end = number.find_last_of("0123456789.");
  if (digits_end == std::string::npos) return std::nullopt;
  const std::string unit = Trimmed(number.substr(digits_end + 1));
  number.resize(digits_end + 1);
  const auto value = ParseNumber(Trimmed(number));
  if (!value) return std::nullopt;
  for (const auto& [name, factor] : kUnits) {
    if (unit == name) return *value * factor;
  }
  return std::nullopt;
}

std::optional<Endpoint> ParseEndpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto port = Whole<int>(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool plain = std::all_of(host.begin(), host.end(), [&](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' ||
           (bracketed && (c == ':' || c == '%'));
  });
  if (!plain || host.empty()) return std::nullopt;
  return Endpoint{std::move(host), *port};
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "::1") return true;
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return numeric && host.starts_with("127.");
}

std::optional<std::string> Nearest(const std::string& word, const std::vector<std::string>& known) {
  std::optional<std::string> nearest;
  if (word.size() > 60) return nearest;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    // "password" means password_file, far apart as they are.
    const bool part =
        word.size() >= 4 && (candidate.starts_with(word) || word.starts_with(candidate));
    const std::size_t distance = part ? 1 : Distance(word, candidate);
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string Shown(const std::string& value) {
  constexpr std::size_t kLongest = 60;
  if (value.find('@') != std::string::npos) return "the value";
  std::string shown;
  for (const char c : value.substr(0, kLongest)) shown += c == '\n' || c == '\r' ? ' ' : c;
  return value.size() > kLongest ? shown + "…" : shown;
}

}  // namespace tidewright::config
