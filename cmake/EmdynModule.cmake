# emdyn_module(NAME detect/level DEPENDS detect/contract math core LIBRARIES fmt::fmt): one call per folder of
# src/emdyn that holds code. The folder is the module: every .cpp and .hpp in it belongs to it, and what has
# `test` in its name belongs to the tests of its wing. DEPENDS names the folders it may include
# (tools/check_layers.py reads it). TORCH marks what may include libtorch, INTERNAL what is not installed.
# COLD code runs once a command and is compiled for size of build rather than speed. SOURCES are generated files, EXCLUDE files of the folder that belong to another target, LIBRARIES outside
# libraries. The target is emdyn_detect_level, its alias emdyn::detect_level.
function(emdyn_module)
  cmake_parse_arguments(ARG "TORCH;INTERNAL;COLD" "NAME" "DEPENDS;SOURCES;EXCLUDE;LIBRARIES" ${ARGN})
  file(GLOB sources LIST_DIRECTORIES false CONFIGURE_DEPENDS *.cpp)
  file(GLOB headers LIST_DIRECTORIES false CONFIGURE_DEPENDS *.hpp)
  foreach(name ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    list(REMOVE_ITEM headers ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  endforeach()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "/[^/]*test[^/]*$")
  list(FILTER sources EXCLUDE REGEX "/[^/]*test[^/]*$")
  list(FILTER headers EXCLUDE REGEX "/[^/]*test[^/]*$")
  list(APPEND sources ${ARG_SOURCES})

  string(REPLACE / _ id ${ARG_NAME})
  set(target emdyn_${id})
  set(kind PUBLIC)
  if(sources)
    add_library(${target} STATIC ${sources})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${target} PRIVATE ${EMDYN_WARNINGS})
    if(ARG_COLD)
      target_compile_options(${target} PRIVATE ${EMDYN_COLD})
    endif()
    emdyn_batches(${target} 16)
  else()
    add_library(${target} INTERFACE)
    set(kind INTERFACE)
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${id})
  add_library(emdyn::${id} ALIAS ${target})
  target_sources(${target} ${kind} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
  target_compile_features(${target} ${kind} cxx_std_20)
  list(TRANSFORM ARG_DEPENDS REPLACE / _)
  list(TRANSFORM ARG_DEPENDS PREPEND emdyn::)
  target_link_libraries(${target} ${kind} ${ARG_DEPENDS} ${ARG_LIBRARIES})
  if(NOT ARG_TORCH AND NOT ARG_INTERNAL)
    install(TARGETS ${target} EXPORT emdyn 
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
    set_property(GLOBAL APPEND PROPERTY EMDYN_INSTALLED ${id})
  endif()
  string(REGEX REPLACE "/.*" "" wing ${ARG_NAME})
  set_property(GLOBAL APPEND PROPERTY EMDYN_WING_${wing} emdyn::${id})
  set_property(GLOBAL APPEND PROPERTY EMDYN_TESTS_${wing} ${tests})
endfunction()

# emdyn_plugin(emdyn_torch plugin.cpp LIBRARIES …): a shared library of verbs beside the programs. Only
# emdyn_torch_plugin() is exported: what is linked in stays inside.
function(emdyn_plugin target source)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  add_library(${target} SHARED ${source})
  target_compile_options(${target} PRIVATE ${EMDYN_WARNINGS})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES})
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

# Several sources to one compiler run: most of a file's time goes into reading headers. Files with compile
# options of their own stay alone.
function(emdyn_batches target size)
  if(EMDYN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  endif()
endfunction()

# emdyn_wing_tests(detect): one program of all tests of a wing, after its folders.
function(emdyn_wing_tests wing)
  get_property(tests GLOBAL PROPERTY EMDYN_TESTS_${wing})
  get_property(modules GLOBAL PROPERTY EMDYN_WING_${wing})
  if(tests AND BUILD_TESTING)
    emdyn_test(NAME emdyn_${wing}_test SOURCES ${tests} LIBRARIES ${modules} ${ARGN})
    target_compile_definitions(emdyn_${wing}_test PRIVATE EMDYN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  endif()
endfunction()

# A GoogleTest program whose tests ctest lists one by one.
function(emdyn_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_compile_options(${ARG_NAME} PRIVATE ${EMDYN_WARNINGS} ${EMDYN_COLD})
  emdyn_batches(${ARG_NAME} 8)
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBRARIES} GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${ARG_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES)
endfunction()
