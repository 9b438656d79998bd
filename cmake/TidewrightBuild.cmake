# How things are compiled, and the two functions every room uses.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev)
endif()
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1 -fno-omit-frame-pointer" CACHE STRING "" FORCE)
set(CMAKE_EXE_LINKER_FLAGS_DEV "" CACHE STRING "" FORCE)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(tidewright_build INTERFACE)
target_include_directories(tidewright_build INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tidewright_build INTERFACE -Wall -Wextra -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms in std::string's operator+ at -O2 and above (GCC bug 105651).
  target_compile_options(tidewright_build INTERFACE -Wno-restrict)
endif()
if(TIDEWRIGHT_WERROR)
  target_compile_options(tidewright_build INTERFACE -Werror)
endif()
if(TIDEWRIGHT_SANITIZE)
  target_compile_options(tidewright_build INTERFACE -fsanitize=${TIDEWRIGHT_SANITIZE}
                         -fno-sanitize-recover=all)
  target_link_options(tidewright_build INTERFACE -fsanitize=${TIDEWRIGHT_SANITIZE})
endif()
# Thread sanitizer reports on correct gRPC code: that preset leaves out what links it.
set(TIDEWRIGHT_WITH_GRPC ON)
if(TIDEWRIGHT_SANITIZE STREQUAL "thread")
  set(TIDEWRIGHT_WITH_GRPC OFF)
endif()

# tidewright_room(planner SOURCES a.cc b.cc DEPS tidewright::core PRIVATE_DEPS Eigen3::Eigen)
# A room without sources is a header-only target.
function(tidewright_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(tidewright_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(tidewright_${name} PUBLIC tidewright_build ${ARG_DEPS}
                          PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(tidewright_${name} INTERFACE)
    target_link_libraries(tidewright_${name} INTERFACE tidewright_build ${ARG_DEPS})
  endif()
  add_library(tidewright::${name} ALIAS tidewright_${name})
endfunction()

# tidewright_test(planner SOURCES a_test.cc DEPS tidewright::planner [LABELS e2e] [TIMEOUT 60]
#                 [SERIAL] [NEEDS_PROGRAMS tidewright])
# One Boost.Test program for a folder of tests; it runs with the source folder in
# TIDEWRIGHT_SOURCE_DIR and the programs' folder in TIDEWRIGHT_BIN_DIR. A *_test.cc beside the calling
# CMakeLists.txt that is in no tidewright_test() stops the configure step.
function(tidewright_test name)
  cmake_parse_arguments(ARG "SERIAL" "TIMEOUT" "SOURCES;DEPS;LABELS;NEEDS_PROGRAMS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/test_main.cc)
  target_link_libraries(${name}_test PRIVATE tidewright_build ${ARG_DEPS}
                        Boost::unit_test_framework)
  target_compile_definitions(${name}_test PRIVATE BOOST_TEST_DYN_LINK)
  add_test(NAME ${name} COMMAND ${name}_test --log_level=test_suite --report_level=short)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT
    "TIDEWRIGHT_SOURCE_DIR=${CMAKE_SOURCE_DIR};TIDEWRIGHT_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
  if(ARG_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
  if(ARG_NEEDS_PROGRAMS)
    add_dependencies(${name}_test ${ARG_NEEDS_PROGRAMS})
  endif()
  set_property(GLOBAL APPEND PROPERTY tidewright_registered_tests ${ARG_SOURCES})
  foreach(source ${ARG_SOURCES})
    set_property(GLOBAL APPEND PROPERTY tidewright_registered_tests
                 ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
endfunction()

# Stops the configure step when a test file under tests/ is in no tidewright_test().
function(tidewright_check_all_tests_registered)
  get_property(registered GLOBAL PROPERTY tidewright_registered_tests)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*_test.cc)
  foreach(file ${found})
    if(TIDEWRIGHT_WITH_GRPC AND NOT file IN_LIST registered)
      message(FATAL_ERROR "${file} is in no tidewright_test(): it would never run")
    endif()
  endforeach()
endfunction()
