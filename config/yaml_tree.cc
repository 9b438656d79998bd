#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <sstream>
#include <unordered_map>

namespace tidewright::config {
namespace {

int LineOf(const YAML::Mark& mark) { return std::max(0, mark.line) + 1; }

// Leaves yaml-cpp's parser from within an event; caught in ParseYaml.
struct Refused {
  int line;
  std::string what;
};

// yaml-cpp's own node graph keeps duplicate keys, and walks alias bombs and cycles: this tree is
// built from events, in which an alias is seen before it is followed.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused{LineOf(mark), "a second document; write one only"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Open(mark, "", anchor, YamlNode::Kind::kNull);
    Close();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{LineOf(mark), "aliases (*name) are not allowed; write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool is_key = ExpectsKey();
    Open(mark, tag, anchor, YamlNode::Kind::kScalar).text = value;
    if (is_key) {
      TurnIntoKey();
    } else {
      Close();
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A node under construction; in a map, the key that waits for its value.
  struct Frame {
    YamlNode node;
    bool has_key = false;
    std::string key;
    int key_line = 0;
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };

  [[nodiscard]] bool ExpectsKey() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap &&
           !open_.back().has_key;
  }

  YamlNode& Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                 YamlNode::Kind kind) {
    const int line = LineOf(mark);
    if (anchor != YAML::NullAnchor) {
      throw Refused{line, "anchors (&name) are not allowed; write the value out where it is used"};
    }
    // The parser's own words for "plain" and "quoted".
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{line, "tags (!name) are not allowed; leave it out"};
    }
    if (ExpectsKey() && kind != YamlNode::Kind::kScalar) {
      throw Refused{line, "a key must be a plain word"};
    }
    if (open_.size() >= kMostDepth) {
      throw Refused{line,
                    fmt::format("more than {} levels; nothing here is that deep", kMostDepth)};
    }
    if (++values_ > kMostValues) {
      throw Refused{line,
                    fmt::format("more than {} values; nothing here needs so many", kMostValues)};
    }
    open_.emplace_back();
    open_.back().node.kind = kind;
    open_.back().node.line = line;
    return open_.back().node;
  }

  void TurnIntoKey() {
    YamlNode word = std::move(open_.back().node);
    open_.pop_back();
    Frame& map = open_.back();
    const auto [first, is_new] = map.lines.emplace(word.text, word.line);
    if (!is_new) {
      throw Refused{word.line, fmt::format("'{}' stands here twice, first in line {}; keep one",
                                           word.text.substr(0, 60), first->second)};
    }
    map.has_key = true;
    map.key = std::move(word.text);
    map.key_line = word.line;
  }

  void Close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(done);
      return;
    }
    Frame& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.items.push_back(std::move(done));
    } else {
      parent.node.entries.push_back({std::move(parent.key), parent.key_line, std::move(done)});
      parent.has_key = false;
    }
  }

  int documents_ = 0;
  std::size_t values_ = 0;
  std::vector<Frame> open_;
  YamlNode root_;
};

// The offset of the first byte that is no text in UTF-8, or npos.
std::size_t FirstBadByte(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = c < 0x80                ? 1
                               : c >= 0xC2 && c < 0xE0 ? 2
                               : c >= 0xE0 && c < 0xF0 ? 3
                               : c >= 0xF0 && c < 0xF5 ? 4
                                                       : 0;
    if (length == 0 || i + length > text.size()) return i;
    if (c < 0x20 && c != '\n' && c != '\t' && c != '\r') return i;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    i += length;
  }
  return std::string::npos;
}

Status Refuse(const std::string& file, int line, const std::string& what) {
  return Error(StatusCode::kInvalidArgument, "{}:{}: {}", file, line, what);
}

}  // namespace

StatusOr<YamlNode> ParseYaml(const std::string& text, const std::string& file_name) {
  if (text.size() > kMostBytes) {
    return Refuse(file_name, 1, fmt::format("the file is larger than {} KiB", kMostBytes / 1024));
  }
  if (const std::size_t bad = FirstBadByte(text); bad != std::string::npos) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(bad);
    const int line = 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
    return Refuse(file_name, line, "this is no UTF-8 text; write a YAML file");
  }
  const auto brackets =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  if (static_cast<std::size_t>(brackets) > kMostBrackets) {
    return Refuse(file_name, 1,
                  fmt::format("more than {} brackets; nothing here needs so many", kMostBrackets));
  }
  TreeBuilder builder;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return Refuse(file_name, refused.line, refused.what);
  } catch (const YAML::Exception& error) {
    return Refuse(file_name, LineOf(error.mark), "this is no YAML: " + error.msg);
  } catch (const std::exception& error) {
    return Refuse(file_name, 1, std::string("cannot be read as YAML: ") + error.what());
  }
  return builder.Take();
}

}  // namespace tidewright::config
