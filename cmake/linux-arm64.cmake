# 64-bit Raspberry Pi OS and Debian arm64: every Pi from the 3 and the Zero 2 W on.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(petrel_debian_architecture arm64)
set(petrel_gnu_triplet aarch64-linux-gnu)
set(petrel_qemu qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
