# petrel_add_module(ice SOURCES agent.cpp … PUBLIC net crypto stun PRIVATE OpenSSL::Crypto)
#
# makes the library petrel_ice with the alias petrel::ice. PUBLIC names petrel
# modules or targets that its headers need, PRIVATE what only its sources need; PKG_CONFIG_FLAGS
# what whoever finds it by pkg-config has to tell the compiler.
function(petrel_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE;PKG_CONFIG_FLAGS" ${ARGN})
  set(target petrel_${name})
  add_library(${target} ${arg_SOURCES})
  add_library(petrel::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})  # Until 1.0 every minor version may break.
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  foreach(dependency IN LISTS arg_PUBLIC)
    if(TARGET petrel_${dependency})
      target_link_libraries(${target} PUBLIC petrel_${dependency})
    else()
      target_link_libraries(${target} PUBLIC ${dependency})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:petrel_warnings> ${arg_PRIVATE})

  install(TARGETS ${target} EXPORT petrel_${name}_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT petrel_${name}_targets FILE petrel_${name}_targets.cmake NAMESPACE petrel::
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/petrel)
  if(EXISTS ${PROJECT_SOURCE_DIR}/include/petrel/${name})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/petrel/${name} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/petrel)
  endif()
  list(JOIN arg_PKG_CONFIG_FLAGS " " flags)
  petrel_describe_module(${name} ${arg_PUBLIC} ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY petrel_built_modules ${name})
endfunction()

# Tells the installed packages what a module stands on: one .pc file per module, and two
# lines of petrelConfig.cmake.
function(petrel_describe_module name)
  set(uses "")
  set(packages "")
  set(requires_private "")
  set(libs_private "")
  foreach(dependency IN LISTS ARGN)
    if(TARGET petrel_${dependency})
      list(APPEND uses ${dependency})
    elseif(dependency MATCHES "^OpenSSL::(SSL|Crypto)$")
      list(APPEND packages OpenSSL)
      string(TOLOWER "lib${CMAKE_MATCH_1}" library)
      list(APPEND requires_private ${library})
    elseif(dependency STREQUAL "PkgConfig::srtp2")
      list(APPEND packages srtp2)
      list(APPEND requires_private libsrtp2)
    elseif(dependency STREQUAL "PkgConfig::usrsctp")
      list(APPEND packages usrsctp)
      list(APPEND requires_private usrsctp)
    elseif(dependency STREQUAL "wslay::wslay")
      list(APPEND packages wslay)
      string(APPEND libs_private "-lwslay")
    elseif(dependency STREQUAL "Threads::Threads")
      list(APPEND packages Threads)
      string(APPEND flags " -pthread")
    else()
      message(FATAL_ERROR "petrel_${name} uses ${dependency}, which its installed packages could not find")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES packages)
  set_property(GLOBAL APPEND_STRING PROPERTY petrel_module_dependencies
    "set(petrel_uses_${name} ${uses})\nset(petrel_packages_${name} ${packages})\n")

  list(TRANSFORM uses PREPEND petrel_ OUTPUT_VARIABLE requires)
  list(JOIN requires ", " requires)
  list(JOIN requires_private ", " requires_private)
  set(module ${name})
  # Relative to the file itself, so that an installed tree can be moved.
  file(RELATIVE_PATH relative_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/petrel_module.pc.in ${PROJECT_BINARY_DIR}/petrel_${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/petrel_${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

# The package file that find_package(petrel COMPONENTS …) reads.
function(petrel_install_package)
  include(CMakePackageConfigHelpers)
  get_property(petrel_built_modules GLOBAL PROPERTY petrel_built_modules)
  get_property(petrel_module_dependencies GLOBAL PROPERTY petrel_module_dependencies)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/petrelConfig.cmake.in
    ${PROJECT_BINARY_DIR}/petrelConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/petrel)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/petrelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/petrelConfig.cmake ${PROJECT_BINARY_DIR}/petrelConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/petrel)
  if("web" IN_LIST petrel_built_modules)
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/Findwslay.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/petrel)
  endif()
  if("io" IN_LIST petrel_built_modules)
    file(GLOB facade CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/petrel/*.hpp)
    install(FILES ${facade} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/petrel)
  endif()
endfunction()

# petrel_add_tests(stun SOURCES message_test.cpp … LIBRARIES petrel::stun)
#
# makes the program stun_tests and one CTest entry with the label "unit" (or LABEL).
function(petrel_add_tests name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  set(target ${name}_tests)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} petrel_warnings GTest::gtest GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE petrel_test_source_directory)
  target_precompile_headers(${target} PRIVATE <gtest/gtest.h>)
  # The library is optimised as it will be used. Its tests need not be: they build three times
  # as fast, and without the overflows that g++ 12 sees in std::string once it inlines much.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  add_test(NAME ${name} COMMAND ${target})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(CMAKE_CROSSCOMPILING)
    math(EXPR arg_TIMEOUT "10 * ${arg_TIMEOUT}")  # An emulated processor is that much slower.
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()

# petrel_add_fuzzer(stun_message petrel::stun)
#
# makes stun_message_fuzz from stun_message_fuzz.cpp and a CTest entry that replays
# corpus/stun_message. With PETREL_SANITIZE=…;fuzzer-no-link it is linked with libFuzzer.
function(petrel_add_fuzzer name)
  set(target ${name}_fuzz)
  add_executable(${target} ${name}_fuzz.cpp)
  target_link_libraries(${target} PRIVATE ${ARGN} petrel_warnings)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  if("fuzzer-no-link" IN_LIST PETREL_SANITIZE)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cpp)
    add_test(NAME fuzz_${name} COMMAND ${target} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
endfunction()
