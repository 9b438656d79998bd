#include "config/section.h"

#include <algorithm>

#include "config/values.h"

namespace tidewright::config {
namespace {

using Kind = YamlNode::Kind;

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a single value";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a section of keys";
  }
  return "something";
}

std::string Figure(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{}", static_cast<std::int64_t>(value))
             : fmt::format("{}", value);
}

}  // namespace

Section::Section(const YamlNode& root, Report& report)
    : Section(root.kind == Kind::kMap ? &root : nullptr, root.line, "", true, report) {
  if (root.kind == Kind::kScalar || root.kind == Kind::kList) {
    report_.Add(root.line, "",
                fmt::format("the file holds {}; write keys and values, such as 'cluster: cache'",
                            KindName(root.kind)));
  }
}

std::string Section::Path(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

const YamlEntry* Section::Find(const std::string& key) const {
  if (map_ == nullptr) return nullptr;
  const auto it = std::find_if(map_->entries.begin(), map_->entries.end(),
                               [&](const YamlEntry& e) { return e.key == key; });
  return it == map_->entries.end() ? nullptr : &*it;
}

int Section::LineOf(const std::string& key) const {
  const YamlEntry* entry = Find(key);
  return entry == nullptr ? line_ : entry->line;
}

void Section::Wrong(const std::string& key, const std::string& what) {
  report_.Add(LineOf(key), Path(key), what);
}

const YamlEntry* Section::Ask(const std::string& key, Need need, const std::string& right) {
  known_.push_back(key);
  const YamlEntry* entry = Find(key);
  if (entry == nullptr && need == Need::kRequired && present_) {
    report_.Add(line_, Path(key), fmt::format("is missing; write {}", right));
  }
  return entry;
}

const std::string* Section::Scalar(const std::string& key, Need need, const std::string& right) {
  report_.keys.push_back(Path(key));
  const YamlEntry* entry = Ask(key, need, right);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind != Kind::kScalar) {
    Wrong(key, fmt::format("holds {}; write {}", KindName(entry->value.kind), right));
    return nullptr;
  }
  return &entry->value.text;
}

Section Section::Sub(const std::string& key, Need need) {
  const YamlEntry* entry = Ask(key, need, "a section of keys");
  if (entry == nullptr) {
    // A required section that is absent has been told of; its keys need not be, one by one.
    return {nullptr, line_, Path(key), false, report_};
  }
  const bool usable = entry->value.kind == Kind::kMap || entry->value.kind == Kind::kNull;
  if (!usable) {
    Wrong(key, fmt::format("holds {}; write keys below it, indented", KindName(entry->value.kind)));
  }
  return {entry->value.kind == Kind::kMap ? &entry->value : nullptr, entry->line, Path(key), usable,
          report_};
}

void Section::Text(const std::string& key, std::string& target, Need need) {
  const std::string* text = Scalar(key, need, "a text");
  if (text == nullptr) return;
  if (text->empty() && need == Need::kRequired) return Wrong(key, "is empty; write a text");
  target = *text;
}

void Section::Whole(const std::string& key, int& target, int low, int high, Need need) {
  const std::string right = fmt::format("a whole number from {} to {}", low, high);
  const std::string* text = Scalar(key, need, right);
  if (text == nullptr) return;
  const auto value = ParseWhole(*text);
  if (!value) {
    return Wrong(key, fmt::format("{} is no whole number; write {}", Shown(*text), right));
  }
  if (*value < low || *value > high) {
    return Wrong(key, fmt::format("{} is out of range; write {}", *value, right));
  }
  target = static_cast<int>(*value);
}

void Section::Number(const std::string& key, double& target, double low, double high, Need need) {
  const std::string right = fmt::format("a number from {} to {}", Figure(low), Figure(high));
  const std::string* text = Scalar(key, need, right);
  if (text == nullptr) return;
  const auto value = ParseNumber(*text);
  if (!value) return Wrong(key, fmt::format("{} is no number; write {}", Shown(*text), right));
  if (*value < low || *value > high) {
    return Wrong(key, fmt::format("{} is out of range; write {}", Shown(*text), right));
  }
  target = *value;
}

void Section::Span(const std::string& key, Duration& target, Duration low, Duration high) {
  const std::string right = fmt::format("a duration from {} to {}, such as 90s, 5m or 1h30m",
                                        FormatDuration(low), FormatDuration(high));
  const std::string* text = Scalar(key, Need::kOptional, right);
  if (text == nullptr) return;
  const auto value = ParseDuration(*text);
  if (!value.ok()) {
    return Wrong(key, fmt::format("{} is no duration; write {}", Shown(*text), right));
  }
  if (*value < low || *value > high) {
    return Wrong(key, fmt::format("{} is out of range; write {}", Shown(*text), right));
  }
  target = *value;
}

void Section::Time(const std::string& key, WallTime& target, Need need) {
  const std::string right = "a time in UTC such as 2026-11-22T04:30:00Z";
  const std::string* text = Scalar(key, need, right);
  if (text == nullptr) return;
  const auto value = ParseTime(*text);
  if (!value.ok()) {
    return Wrong(key, fmt::format("{} is no time; write {}", Shown(*text), right));
  }
  target = *value;
}

void Section::Flag(const std::string& key, bool& target) {
  const std::string* text = Scalar(key, Need::kOptional, "true or false");
  if (text == nullptr) return;
  if (*text != "true" && *text != "false") {
    return Wrong(key, fmt::format("{} is neither; write true or false", Shown(*text)));
  }
  target = *text == "true";
}

void Section::Size(const std::string& key, double& target, bool per_second) {
  const std::string right = per_second ? "bytes per second, such as 52428800 or 50MiB/s"
                                       : "bytes, such as 1073741824 or 1GiB";
  const std::string* text = Scalar(key, Need::kOptional, right);
  if (text == nullptr) return;
  const auto value = ParseSize(*text, per_second);
  if (!value) return Wrong(key, fmt::format("{} is no size; write {}", Shown(*text), right));
  if (*value < 1 || *value > 1e18) {
    return Wrong(key, fmt::format("{} is out of range; write {}", Shown(*text), right));
  }
  target = *value;
}

void Section::Address(const std::string& key, Endpoint& target) {
  const std::string right = "host:port, such as 127.0.0.1:7090";
  const std::string* text = Scalar(key, Need::kOptional, right);
  if (text == nullptr) return;
  const auto value = ParseEndpoint(*text);
  if (!value) return Wrong(key, fmt::format("{} is no address; write {}", Shown(*text), right));
  target = *value;
}

void Section::Addresses(const std::string& key, std::vector<Endpoint>& target, Need need) {
  const std::string right = "a list of addresses, such as ['10.0.0.1:6379', '10.0.0.2:6379']";
  std::vector<std::string> texts;
  const auto problems = report_.problems.size();
  if (Find(key) == nullptr) {
    report_.keys.push_back(Path(key));
    Ask(key, need, right);
    return;
  }
  Texts(key, texts);
  if (report_.problems.size() > problems) return;
  if (texts.empty()) return Wrong(key, "is empty; write " + right);
  std::vector<Endpoint> addresses;
  for (const std::string& text : texts) {
    const auto value = ParseEndpoint(text);
    if (!value) {
      Wrong(key, fmt::format("{} is no address; write {}", Shown(text), right));
      continue;
    }
    addresses.push_back(*value);
  }
  target = std::move(addresses);
}

void Section::Texts(const std::string& key, std::vector<std::string>& target) {
  report_.keys.push_back(Path(key));
  const YamlEntry* entry = Ask(key, Need::kOptional, "a list");
  if (entry == nullptr) return;
  const auto& items = entry->value.items;
  const bool fits = entry->value.kind == Kind::kList &&
                    std::all_of(items.begin(), items.end(),
                                [](const YamlNode& item) { return item.kind == Kind::kScalar; });
  if (!fits) {
    const char* what = entry->value.kind == Kind::kList ? "a list of something else than texts"
                                                        : KindName(entry->value.kind);
    return Wrong(key, fmt::format("holds {}; write a list of texts, such as ['a', 'b']", what));
  }
  target.clear();
  for (const YamlNode& item : items) target.push_back(item.text);
}

void Section::Pairs(const std::string& key,
                    std::vector<std::pair<std::string, std::string>>& target) {
  report_.keys.push_back(Path(key));
  const YamlEntry* entry = Ask(key, Need::kOptional, "a section of keys");
  if (entry == nullptr) return;
  if (entry->value.kind != YamlNode::Kind::kMap) {
    return Wrong(
        key, fmt::format("holds {}; write keys below it, indented", KindName(entry->value.kind)));
  }
  target.clear();
  for (const YamlEntry& pair : entry->value.entries) {
    if (pair.value.kind != YamlNode::Kind::kScalar) {
      report_.Add(pair.line, Path(key),
                  fmt::format("{} holds {}; write a single value", Shown(pair.key),
                              KindName(pair.value.kind)));
      continue;
    }
    target.emplace_back(pair.key, pair.value.text);
  }
}

void Section::OneOf(const std::string& key, std::string& target,
                    const std::vector<std::string>& choices) {
  const std::string right = fmt::format("one of {}", fmt::join(choices, ", "));
  const std::string* text = Scalar(key, Need::kOptional, right);
  if (text == nullptr) return;
  if (std::find(choices.begin(), choices.end(), *text) == choices.end()) {
    return Wrong(key, fmt::format("{} is not known; write {}", Shown(*text), right));
  }
  target = *text;
}

void Section::Finish() {
  if (map_ == nullptr) return;
  for (const YamlEntry& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    // The value is never shown: it may be a secret in the wrong place.
    const auto nearest = Nearest(entry.key, known_);
    report_.Add(entry.line, Path(Shown(entry.key)),
                nearest ? fmt::format("unknown key; did you mean '{}'?", *nearest)
                        : fmt::format("unknown key; known here are {}", fmt::join(known_, ", ")));
  }
}

}  // namespace tidewright::config
