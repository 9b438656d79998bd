#include "config/yaml_tree.h"

#include <boost/test/unit_test.hpp>

#include "core/random.h"

using namespace tidewright;
using namespace tidewright::config;

namespace {

std::string Refusal(const std::string& text) {
  const auto tree = ParseYaml(text, "f.yaml");
  return tree.ok() ? "accepted" : Message(tree.status());
}

bool Mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_tree)

BOOST_AUTO_TEST_CASE(a_document_becomes_a_tree_with_lines) {
  const auto tree = ParseYaml("# first\na: 1\nb:\n  c: ['x', \"y z\"]\n  d:\n", "f.yaml");
  BOOST_REQUIRE(tree.ok());
  BOOST_REQUIRE(tree->entries.size() == 2u);
  BOOST_TEST(tree->entries[0].key == "a");
  BOOST_TEST(tree->entries[0].line == 2);
  BOOST_TEST(tree->entries[0].value.text == "1");
  const YamlNode& b = tree->entries[1].value;
  BOOST_TEST(b.entries.at(0).line == 4);
  BOOST_TEST(b.entries.at(0).value.items.at(1).text == "y z");
  BOOST_TEST((b.entries.at(1).value.kind == YamlNode::Kind::kNull));
  BOOST_TEST((ParseYaml("", "f")->kind == YamlNode::Kind::kNull));
  BOOST_TEST((ParseYaml("# only words\n---\n", "f")->kind == YamlNode::Kind::kNull));
}

BOOST_AUTO_TEST_CASE(bombs_and_cycles_are_refused_before_they_grow) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string("*") + static_cast<char>(c - 1) + ",";
    bomb += "]\n";
  }
  BOOST_TEST(Mentions(Refusal(bomb), "f.yaml:1: anchors"));
  BOOST_TEST(Mentions(Refusal("&x [*x]"), "anchors"));
  BOOST_TEST(Mentions(Refusal("a: 1\nb: *a"), "f.yaml:2:"));
  BOOST_TEST(Mentions(Refusal("a: 1\n<<: *a"), "f.yaml:2:"));
}

BOOST_AUTO_TEST_CASE(depth_and_size_are_capped) {
  BOOST_TEST(Mentions(Refusal(std::string(1024 * 1024, '[')), "larger than 256 KiB"));
  BOOST_TEST(Mentions(Refusal(std::string(200'000, '[')), "more than 1000 brackets"));
  BOOST_TEST(Mentions(Refusal(std::string(900, '[')), "f.yaml:1:"));
  std::string wide;
  for (int i = 0; i < 20'000; ++i) wide += "k" + std::to_string(i) + ":\n";
  BOOST_TEST(Mentions(Refusal(wide), "more than 10000 values"));
  BOOST_TEST(Mentions(Refusal(std::string(200'000, '{')), "f.yaml:1:"));
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  BOOST_TEST(Mentions(Refusal(deep), "more than 16 levels"));
  std::string dashes;
  for (int i = 0; i < 50'000; ++i) dashes += "- ";
  BOOST_TEST(Mentions(Refusal(dashes), "levels"));
}

BOOST_AUTO_TEST_CASE(what_a_configuration_has_no_need_of_is_refused_with_its_line) {
  BOOST_TEST(Mentions(Refusal("a: 1\nb: 2\na: 3"), "f.yaml:3: 'a' stands here twice"));
  BOOST_TEST(Mentions(Refusal("a: 1\n---\nb: 2"), "second document"));
  BOOST_TEST(Mentions(Refusal("a: !!binary aGVsbG8="), "f.yaml:1: tags"));
  BOOST_TEST(Mentions(Refusal("a: !mine {b: 1}"), "tags"));
  BOOST_TEST(Mentions(Refusal("? [a, b]\n: 1"), "plain word"));
  BOOST_TEST(Mentions(Refusal("a: [1, 2"), "no YAML"));
  BOOST_TEST(Mentions(Refusal("a: b\n\tc: d"), "f.yaml:2"));
  BOOST_TEST(Mentions(Refusal(std::string("a: 1\nb: \0x", 10)), "f.yaml:2: this is no UTF-8 text"));
  BOOST_TEST(Mentions(Refusal("\xff\xfe"
                              "a"),
                      "no UTF-8"));
  BOOST_TEST(Mentions(Refusal("\x7f"
                              "ELF\x02\x01"),
                      "no UTF-8"));
}

BOOST_AUTO_TEST_CASE(no_bytes_stop_the_parser) {
  const std::string seedling =
      "cluster: c\nredis:\n  seeds: ['a:1', \"b:2\"]\n  x: {y: [1, 2], z: ~}\n# end\nw: |\n  "
      "text\n";
  Random random(11);
  static constexpr char kMarks[] = "[]{}:,-#&*!|>'\"%@`?\n \t0a~";
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = seedling;
    const auto hits = 1 + random.Below(6);
    for (std::uint64_t hit = 0; hit < hits; ++hit) {
      const char c = random.Below(5) == 0 ? static_cast<char>(random.Below(256))
                                          : kMarks[random.Below(sizeof(kMarks) - 1)];
      const auto at = random.Below(text.size());
      if (random.Below(2) == 0) {
        text[at] = c;
      } else {
        text.insert(at, 1 + random.Below(4), c);
      }
    }
    const auto tree = ParseYaml(text, "f.yaml");
    if (tree.ok()) {
      ++accepted;
    } else {
      BOOST_TEST_REQUIRE(Message(tree.status()).starts_with("f.yaml:"));
    }
  }
  BOOST_TEST(accepted > 100);  // not all of them were refused at the first byte
}

BOOST_AUTO_TEST_SUITE_END()
