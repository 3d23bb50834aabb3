# emdyn_module(NAME detect DEPENDS core math  SOURCES ... HEADERS ... TESTS ... LIBRARIES ...)
# One call per folder of src/emdyn. DEPENDS is the layering rule (tools/check_layers.py reads it); TORCH
# marks what may include libtorch, INTERNAL what is not installed; LIBRARIES are outside libraries. TESTS become emdyn_NAME_test.
function(emdyn_module)
  cmake_parse_arguments(ARG "TORCH;INTERNAL" "NAME" "DEPENDS;SOURCES;HEADERS;TESTS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  set(kind PUBLIC)
  if(ARG_SOURCES)
    add_library(emdyn_${ARG_NAME} STATIC ${ARG_SOURCES})
    set_target_properties(emdyn_${ARG_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME ${ARG_NAME})
    target_compile_options(emdyn_${ARG_NAME} PRIVATE ${EMDYN_WARNINGS})
  else()
    add_library(emdyn_${ARG_NAME} INTERFACE)
    set_target_properties(emdyn_${ARG_NAME} PROPERTIES EXPORT_NAME ${ARG_NAME})
    set(kind INTERFACE)
  endif()
  add_library(emdyn::${ARG_NAME} ALIAS emdyn_${ARG_NAME})
  target_sources(emdyn_${ARG_NAME} ${kind} FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${ARG_HEADERS})
  target_compile_features(emdyn_${ARG_NAME} ${kind} cxx_std_20)
  list(TRANSFORM ARG_DEPENDS PREPEND emdyn::)
  target_link_libraries(emdyn_${ARG_NAME} ${kind} ${ARG_DEPENDS} ${ARG_LIBRARIES})
  if(NOT ARG_TORCH AND NOT ARG_INTERNAL)
    install(TARGETS emdyn_${ARG_NAME} EXPORT emdyn ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endif()
  if(ARG_TESTS AND BUILD_TESTING)
    emdyn_test(NAME emdyn_${ARG_NAME}_test SOURCES ${ARG_TESTS}
      LIBRARIES emdyn::${ARG_NAME} ${ARG_TEST_LIBRARIES})
  endif()
endfunction()

# A GoogleTest program whose tests ctest lists one by one.
function(emdyn_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_compile_options(${ARG_NAME} PRIVATE ${EMDYN_WARNINGS})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBRARIES} GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${ARG_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES)
endfunction()
