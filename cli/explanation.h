// A plan explained to a person: why now, why this much, what would change it. Pure.
#pragma once

#include <string>

#include "tidewright/v1/controller.pb.h"

namespace tidewright::cli {

namespace pb = ::tidewright::v1;

/// Of a recommendation, or of what the controller does now where there is none (null): then the
/// plan is the status'. The recommendation may be an old one: the status says what is true today.
[[nodiscard]] pb::Explanation Explain(const pb::Status& status,
                                      const pb::Recommendation* recommendation);

/// For terminals: a heading for each question, lines of at most `columns`.
[[nodiscard]] std::string ExplanationText(const pb::Explanation& explanation, int columns = 80);

/// Lines of at most `columns`, broken at spaces; the first begins with `first`, the others with as
/// many spaces. A word that is longer stays whole.
[[nodiscard]] std::string Wrap(const std::string& text, const std::string& first, int columns);

}  // namespace tidewright::cli
