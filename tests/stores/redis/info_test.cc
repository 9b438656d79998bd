#include "stores/redis/info.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace tidewright::redis;

BOOST_AUTO_TEST_SUITE(info)

BOOST_AUTO_TEST_CASE(fields_are_found_by_name_and_prefix) {
  const InfoText info(
      "# Server\r\nredis_version:7.0.15\r\nused_memory:123\r\n\r\n# Keyspace\r\n"
      "db0:keys=5,expires=1,avg_ttl=0\r\ndb3:keys=2,expires=0,avg_ttl=0\r\n");
  BOOST_TEST(*info.Find("redis_version") == "7.0.15");
  BOOST_TEST(*info.Number("used_memory") == 123);
  BOOST_TEST(info.WithPrefix("db").size() == 2u);
  BOOST_TEST(*NumberIn(info.WithPrefix("db")[1].second, "keys") == 2);
  BOOST_TEST(info.HasSection("keyspace"));
  BOOST_TEST(!info.HasSection("Stats"));
}

BOOST_AUTO_TEST_CASE(absent_is_not_zero_and_garbage_is_no_number) {
  const InfoText info("used_memory:12x\nempty:\nfine:1.5\n");
  BOOST_TEST(!info.Number("maxmemory").has_value());
  BOOST_TEST(std::isnan(*info.Number("used_memory")));
  BOOST_TEST(std::isnan(*info.Number("empty")));
  BOOST_TEST(*info.Number("fine") == 1.5);
  BOOST_TEST(!NumberIn("calls=5,usec=9", "use").has_value());
  BOOST_TEST(*NumberIn("calls=5,usec=9", "usec") == 9);
}

BOOST_AUTO_TEST_CASE(any_bytes_are_survived) {
  for (const char* text : {"", "\n", ":", "#", "# ", "::\n::", "a", "\r\n\r\n", "=,=,", "# \n:x"}) {
    const InfoText info(text);
    BOOST_TEST(!info.Find("run_id").has_value());
    BOOST_TEST(!NumberIn(text, "keys").has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
