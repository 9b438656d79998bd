#define BOOST_TEST_MODULE tidewright
#include <boost/test/unit_test.hpp>
