# What petrel-send reads from the other end. Its sources, since fuzzing builds no examples.
find_package(nlohmann_json QUIET)
if(nlohmann_json_FOUND AND TARGET petrel_crypto)
  petrel_add_fuzzer(send_transfer petrel::crypto nlohmann_json::nlohmann_json)
  target_sources(send_transfer_fuzz PRIVATE
    ${PROJECT_SOURCE_DIR}/examples/send/transfer.cpp ${PROJECT_SOURCE_DIR}/examples/send/transfer_message.cpp)
  target_include_directories(send_transfer_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()
