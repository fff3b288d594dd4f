# Debian armhf, and 32-bit Raspberry Pi OS on a Pi 2 or later: ARMv7 with VFPv3. The first Pi and the first Zero
# are ARMv6, for which Debian's compiler does not build.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(petrel_debian_architecture armhf)
set(petrel_gnu_triplet arm-linux-gnueabihf)
set(petrel_qemu qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
