# What the toolchain files of Debian's other architectures have in common. They say
# petrel_debian_architecture, petrel_gnu_triplet and petrel_qemu, and CMAKE_SYSTEM_PROCESSOR.
#
# The compiler is Debian's cross compiler; headers and libraries come from a folder that
# scripts/sysroot unpacked, so that nothing of this machine's packages is touched or used.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${petrel_gnu_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${petrel_gnu_triplet}-g++)

set(PETREL_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${petrel_debian_architecture}
  CACHE PATH "Debian packages of ${petrel_debian_architecture}, unpacked by scripts/sysroot")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PETREL_SYSROOT)
get_filename_component(CMAKE_SYSROOT ${PETREL_SYSROOT} ABSOLUTE)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
  message(FATAL_ERROR "There are no packages of ${petrel_debian_architecture} in ${CMAKE_SYSROOT}. "
    "Run scripts/setup ${petrel_debian_architecture}, or scripts/arm ${petrel_debian_architecture}, which does so.")
endif()
set(CMAKE_LIBRARY_ARCHITECTURE ${petrel_gnu_triplet})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
  ${CMAKE_SYSROOT}/usr/lib/${petrel_gnu_triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

# ctest starts programs by it.
find_program(petrel_emulator NAMES ${petrel_qemu} ${petrel_qemu}-static)
if(petrel_emulator)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${petrel_emulator};-L;${CMAKE_SYSROOT})
endif()
