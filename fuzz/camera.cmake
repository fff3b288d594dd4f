# What petrel-camera reads from pipes. Its sources, since fuzzing builds no examples.
if(TARGET petrel_rtp)
  petrel_add_fuzzer(camera_live_stream petrel::rtp)
  target_sources(camera_live_stream_fuzz PRIVATE
    ${PROJECT_SOURCE_DIR}/examples/camera/live_stream.cpp ${PROJECT_SOURCE_DIR}/examples/camera/parameter_sets.cpp)
  target_include_directories(camera_live_stream_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()
# What petrel-camera gets from viewers who talk. Its sources, since fuzzing builds no examples.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(opus IMPORTED_TARGET opus)
endif()
if(opus_FOUND AND TARGET petrel_rtp)
  petrel_add_fuzzer(camera_talk petrel::rtp PkgConfig::opus)
  target_sources(camera_talk_fuzz PRIVATE
    ${PROJECT_SOURCE_DIR}/examples/camera/audio/opus_codec.cpp ${PROJECT_SOURCE_DIR}/examples/camera/audio/playout_buffer.cpp
    ${PROJECT_SOURCE_DIR}/examples/camera/audio/talkers.cpp)
  target_include_directories(camera_talk_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()
