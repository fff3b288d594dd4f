# petrel_embed(camera_page camera::page camera/page.html)
#
# makes the library petrel_camera_page, which defines `const std::string_view camera::page` with the
# content of the file, so that a program is one file and needs no working directory.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${input} digits HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," characters "${digits}")
  string(REPLACE "::" ";" parts ${symbol})
  list(GET parts 0 namespace)
  list(GET parts 1 variable)
  file(WRITE ${output} "#include <string_view>

namespace ${namespace} {
namespace {
constexpr char content[] = {${characters}};
}
extern const std::string_view ${variable};
const std::string_view ${variable}(content, sizeof content);
}
")
  return()
endif()

set(petrel_embed_script ${CMAKE_CURRENT_LIST_FILE})

function(petrel_embed name symbol file)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -Dinput=${input} -Doutput=${output} -Dsymbol=${symbol} -P ${petrel_embed_script}
    DEPENDS ${input} ${petrel_embed_script}
    VERBATIM)
  petrel_add_example_library(${name} SOURCES ${output})
endfunction()
