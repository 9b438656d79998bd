// What an account of the store must be allowed so that the controller can do what it is there for:
// one list of least rights for each capability. tidectl prints them as ACL SETUSER lines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/status.h"

namespace tidewright::redis {

struct Capability {
  std::string name;                   ///< "act"
  std::string what_for;               ///< in a few words
  std::vector<std::string> includes;  ///< others whose rules it has too
  std::vector<std::string> rules;     ///< its own, as ACL SETUSER takes them: "+cluster|setslot"
};

/// The least first: observe, plan, act, then the extras and what MIGRATE's account needs.
[[nodiscard]] const std::vector<Capability>& Capabilities();

/// All rules of these capabilities, without repetition; kInvalidArgument names one that is none.
[[nodiscard]] StatusOr<std::vector<std::string>> RulesOf(const std::vector<std::string>& names);

/// "ACL SETUSER NAME reset on #HASH …". `password_hash` is SHA-256 in hex, so that the line holds no
/// secret. kInvalidArgument for a name with blanks, or an unknown capability.
[[nodiscard]] StatusOr<std::string> AclLine(const std::string& user,
                                            const std::string& password_hash,
                                            const std::vector<std::string>& capabilities);

/// The least capability with a rule for this command, "cluster|setslot"; absent when none has one.
[[nodiscard]] std::optional<std::string> CapabilityFor(const std::string& command);

/// What a server says when it refuses for lack of a right, with what would mend it appended: which
/// capability the command belongs to and what to run. Other texts come back as they are. `user` may
/// be empty: not known.
[[nodiscard]] std::string ExplainRefusal(const std::string& text, const std::string& user);

}  // namespace tidewright::redis
