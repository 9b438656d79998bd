// The text of INFO, read without copying it apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidewright::redis {

/// Keeps the text; neither copied nor moved, since the fields point into it.
class InfoText {
 public:
  using Field = std::pair<std::string_view, std::string_view>;  ///< name, value

  explicit InfoText(std::string text);
  InfoText(const InfoText&) = delete;
  InfoText& operator=(const InfoText&) = delete;

  /// Whether there is a "# Title" line, in any case of letters: an empty section is no missing one.
  [[nodiscard]] bool HasSection(std::string_view title) const;
  /// Of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> Find(std::string_view name) const;
  /// Absent when the field is; NaN when it is there but no number.
  [[nodiscard]] std::optional<double> Number(std::string_view name) const;
  /// All fields whose names begin so, by name.
  [[nodiscard]] std::vector<Field> WithPrefix(std::string_view prefix) const;

 private:
  const std::string text_;
  std::vector<Field> fields_;  // by name
  std::vector<std::string_view> sections_;
};

/// The number behind "name=" in a value like "calls=5,usec=9"; rules as InfoText::Number.
[[nodiscard]] std::optional<double> NumberIn(std::string_view value, std::string_view name);
/// Its text.
[[nodiscard]] std::optional<std::string_view> TextIn(std::string_view value, std::string_view name);

}  // namespace tidewright::redis
