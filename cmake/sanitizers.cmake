# PETREL_SANITIZE instruments everything that this build makes, tests included.
foreach(sanitizer IN LISTS PETREL_SANITIZE)
  add_compile_options(-fsanitize=${sanitizer} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizer})
endforeach()
if("undefined" IN_LIST PETREL_SANITIZE)
  add_compile_options(-fno-sanitize-recover=undefined)
endif()
