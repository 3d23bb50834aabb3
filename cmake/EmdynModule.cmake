# emdyn_module(NAME detect/level DEPENDS detect/contract math core LIBRARIES fmt::fmt): one call per folder of
# src/emdyn that holds code. The folder is the module: every .cpp and .hpp in it belongs to it, and what has
# `test` in its name belongs to the tests of its wing. The target is emdyn_detect_level, its alias
# emdyn::detect_level.
#   DEPENDS    the folders it may include (tools/check_layers.py reads it)
#   LIBRARIES  outside libraries
#   TORCH      it may include libtorch
#   INTERNAL   it is not installed
#   COLD       it runs once a command: compiled quickly rather than to run fast
#   HOT        its loops are written for vector registers, which GCC 12 makes use of at -O3 only
#   SOURCES    generated files
#   EXCLUDE    files of the folder that belong to another target
#   ALONE      files that stay out of batches: they have compile options of their own, or types that hold one
#              of an anonymous namespace (to GCC every file of a batch is a header)
function(emdyn_module)
  cmake_parse_arguments(ARG "TORCH;INTERNAL;COLD;HOT" "NAME" "DEPENDS;SOURCES;EXCLUDE;ALONE;LIBRARIES" ${ARGN})
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
  emdyn_batches(sources batch 16 ${ARG_ALONE})
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
    elseif(ARG_HOT)
      target_compile_options(${target} PRIVATE ${EMDYN_HOT})
    endif()
    if(EMDYN_TORCH AND "${ARG_LIBRARIES}" MATCHES torch)
      emdyn_torch_headers(${target} ${ARG_COLD})
    endif()
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
  if(ARG_TORCH AND EMDYN_TORCH)
    set_property(GLOBAL PROPERTY EMDYN_TORCH_${wing} TORCH)
  endif()
endfunction()

# libtorch's headers, which take longer to read than most of our files to compile, are read once for what runs
# fast and once for what compiles quickly (`cold`). The target has the options of emdyn_module() and is PIC.
function(emdyn_torch_headers target cold)
  set(headers emdyn_torch_headers)
  if(cold AND CMAKE_BUILD_TYPE STREQUAL "Release")
    set(headers emdyn_torch_headers_cold)
  endif()
  if(NOT TARGET ${headers})
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${headers}.cpp CONTENT "")
    add_library(${headers} OBJECT ${PROJECT_BINARY_DIR}/generated/${headers}.cpp)
    set_target_properties(${headers} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${headers} PRIVATE ${EMDYN_WARNINGS})
    if(cold)
      target_compile_options(${headers} PRIVATE ${EMDYN_COLD})
    endif()
    target_link_libraries(${headers} PRIVATE torch fmt::fmt nlohmann_json::nlohmann_json)
    target_precompile_headers(${headers} PRIVATE
      <torch/types.h> <torch/csrc/autograd/autograd.h> <fmt/format.h> <nlohmann/json.hpp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${headers})
  if(EMDYN_CCACHE)
    # What ccache asks for before it keeps results that used a precompiled header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
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

# Several sources to one compiler run: most of a file's time goes into reading headers. Replaces the sources in
# the named list by files that include up to `size` of them each; those whose names follow `size` stay alone.
# The files name no absolute path, so a compiler cache serves every checkout.
function(emdyn_batches list prefix size)
  if(NOT EMDYN_UNITY OR (EMDYN_APART AND CMAKE_CURRENT_SOURCE_DIR MATCHES "${EMDYN_APART}"))
    return()
  endif()
  set(alone "")
  set(together "")
  foreach(source ${${list}})
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/src ${source})
    get_filename_component(name ${source} NAME)
    if(name IN_LIST ARGN)
      list(APPEND alone ${source})
    else()
      list(APPEND together ${path})
    endif()
  endforeach()
  set(number 0)
  while(together)
    list(SUBLIST together 0 ${size} batch)
    list(REMOVE_ITEM together ${batch})
    list(TRANSFORM batch REPLACE "(.+)" "#include \"\\1\"\n")
    list(JOIN batch "" text)
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${prefix}_${number}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
    list(APPEND alone ${file})
    math(EXPR number "${number} + 1")
  endwhile()
  set(${list} ${alone} PARENT_SCOPE)
endfunction()

# emdyn_wing_tests(detect): one program of all tests of a wing, after its folders.
function(emdyn_wing_tests wing)
  get_property(tests GLOBAL PROPERTY EMDYN_TESTS_${wing})
  get_property(modules GLOBAL PROPERTY EMDYN_WING_${wing})
  if(tests AND BUILD_TESTING)
    get_property(torch GLOBAL PROPERTY EMDYN_TORCH_${wing})
    emdyn_test(NAME emdyn_${wing}_test SOURCES ${tests} LIBRARIES ${modules} ${torch} ${ARGN})
  endif()
endfunction()

# A GoogleTest program. To ctest it is a few shards, each a share of its cases: a process for every case would
# spend most of its time on starting (a second each where libtorch is linked). One case: run the program with
# --gtest_filter.
function(emdyn_test)
  cmake_parse_arguments(ARG "TORCH" "NAME" "SOURCES;LIBRARIES;ALONE" ${ARGN})
  list(LENGTH ARG_SOURCES count)
  list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  emdyn_batches(ARG_SOURCES ${ARG_NAME} 8 ${ARG_ALONE})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_compile_options(${ARG_NAME} PRIVATE ${EMDYN_WARNINGS} ${EMDYN_COLD})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBRARIES} GTest::gtest_main GTest::gmock)
  if(ARG_TORCH)
    target_compile_options(${ARG_NAME} PRIVATE -fPIC)
    emdyn_torch_headers(${ARG_NAME} TRUE)
  endif()
  math(EXPR shards "1 + ${count} / 4")
  math(EXPR last "${shards} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME ${ARG_NAME}.${shard} COMMAND ${ARG_NAME} --gtest_brief=1)
    set_tests_properties(${ARG_NAME}.${shard} PROPERTIES
      TIMEOUT 900 ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()
