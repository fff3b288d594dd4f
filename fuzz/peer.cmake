if(TARGET petrel_test_support)
  petrel_add_fuzzer(peer_packets petrel::peer petrel_test_support)
  target_sources(peer_packets_fuzz PRIVATE
    ${PROJECT_SOURCE_DIR}/tests/simulation/call.cpp ${PROJECT_SOURCE_DIR}/tests/simulation/film.cpp)
  # g++ 12 sees an overlong memcmp in the comparison of two vectors of bytes.
  target_compile_options(peer_packets_fuzz PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
endif()
