# What programs read by --config. Its sources, since fuzzing builds no examples.
find_package(CLI11 QUIET)
if(CLI11_FOUND AND TARGET petrel_base)
  petrel_add_fuzzer(config_file petrel::base CLI11::CLI11)
  target_sources(config_file_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples/shared/config_file.cpp)
  target_include_directories(config_file_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()
