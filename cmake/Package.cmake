# cpack -G DEB (scripts/package.sh): three packages. `emdyn` is the program and its torch plugin, `emdyn-bench` what
# `emdyn bench` starts, `emdyn-dev` headers and static libraries.
set(CPACK_PACKAGE_NAME emdyn)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_VENDOR "Emergent Dynamics")
set(CPACK_PACKAGE_CONTACT "The Emergent Dynamics authors <maintainers@emdyn.invalid>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program bench dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME emdyn)
set(CPACK_DEBIAN_BENCH_PACKAGE_NAME emdyn-bench)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME emdyn-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"Watches machine-learning models while they train and while they serve: detects
emergent behaviour as it happens, forecasts it, explains what drove it and
provokes it with hostile and strange inputs. The recommended libtorch is needed
by the verbs that train or test networks (demo, lab, model, stress, guard).")
set(CPACK_COMPONENT_BENCH_DESCRIPTION
"Benchmarks, scorers and textbook baselines of emdyn, as `emdyn bench` starts
them: each figure stands beside a baseline measured in the same run.")
set(CPACK_COMPONENT_DEV_DESCRIPTION
"Headers and static libraries of emdyn for C++20 programs that embed its
monitor, detectors, fits or predictors: find_package(emdyn) and pkg-config.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libfmt-dev, nlohmann-json3-dev, libtbb-dev, libsqlite3-dev, libzstd-dev, zlib1g-dev, libeigen3-dev")
# What is linked in is found when the package is made: see PackageDepends.cmake.
set(EMDYN_PACKAGE_BINARY_DIR ${PROJECT_BINARY_DIR})
configure_file(cmake/PackageDepends.cmake.in ${PROJECT_BINARY_DIR}/PackageDepends.cmake @ONLY)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/PackageDepends.cmake)

foreach(package emdyn emdyn-bench emdyn-dev)
  string(REPLACE emdyn- "" component ${package})
  string(REPLACE emdyn program component ${component})
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} RENAME copyright COMPONENT ${component})
endforeach()
include(CPack)
