# What petrel-camera reads from pipes. Its sources, since fuzzing builds no examples.
if(TARGET petrel_rtp)
  petrel_add_fuzzer(camera_live_stream petrel::rtp)
  target_sources(camera_live_stream_fuzz PRIVATE
    ${PROJECT_SOURCE_DIR}/examples/camera/live_stream.cpp ${PROJECT_SOURCE_DIR}/examples/camera/parameter_sets.cpp)
  target_include_directories(camera_live_stream_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()
