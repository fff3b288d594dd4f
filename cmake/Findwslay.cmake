# wslay has neither a CMake package nor a .pc file in Debian. Makes the target wslay::wslay.
find_path(WSLAY_INCLUDE_DIR wslay/wslay.h)
find_library(WSLAY_LIBRARY wslay)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(wslay REQUIRED_VARS WSLAY_LIBRARY WSLAY_INCLUDE_DIR)
if(wslay_FOUND AND NOT TARGET wslay::wslay)
  add_library(wslay::wslay UNKNOWN IMPORTED)
  set_target_properties(wslay::wslay PROPERTIES
    IMPORTED_LOCATION ${WSLAY_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${WSLAY_INCLUDE_DIR})
endif()
mark_as_advanced(WSLAY_INCLUDE_DIR WSLAY_LIBRARY)
