# cmake --install: the program, the plugin, the libraries with their headers, find_package and pkg-config.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/emdyn)
install(TARGETS emdyn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
# Left out where it was not built: a program does not need it.
install(TARGETS emdyn-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT bench OPTIONAL)
if(EMDYN_TORCH)
  install(TARGETS emdyn_torch LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/emdyn COMPONENT program)
  install(TARGETS emdyn_torch_bench LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/emdyn COMPONENT bench OPTIONAL)
endif()
install(FILES ${PROJECT_BINARY_DIR}/generated/emdyn/core/build_info.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/emdyn/core COMPONENT dev)
install(FILES python/emdyn_log.py DESTINATION ${CMAKE_INSTALL_DATADIR}/emdyn COMPONENT program)
install(EXPORT emdyn FILE emdynTargets.cmake NAMESPACE emdyn:: DESTINATION ${package_dir} COMPONENT dev)
configure_package_config_file(cmake/emdynConfig.cmake.in ${PROJECT_BINARY_DIR}/emdynConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/emdynConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/emdynConfig.cmake ${PROJECT_BINARY_DIR}/emdynConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)

# A group, since the order of static libraries would matter otherwise.
get_property(installed GLOBAL PROPERTY EMDYN_INSTALLED)
set(EMDYN_PC_LIBS "-Wl,--start-group ")
foreach(module ${installed})
  get_target_property(type emdyn_${module} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    string(APPEND EMDYN_PC_LIBS "-lemdyn_${module} ")
  endif()
endforeach()
string(APPEND EMDYN_PC_LIBS "-Wl,--end-group")
configure_file(cmake/emdyn.pc.in ${PROJECT_BINARY_DIR}/emdyn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/emdyn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
