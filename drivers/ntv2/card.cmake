# AJA cards need libajantv2 (MIT, github.com/aja-video/libajantv2), found by the package
# description that its own install writes (CMAKE_PREFIX_PATH leads to it). Without it the state
# machines are still built and tested; what opens a card says what is missing.
find_package(ajantv2 CONFIG QUIET)
if(TARGET AJA::ajantv2)
  message(STATUS "ntv2: libajantv2 ${ajantv2_VERSION}")
  list(FILTER sources EXCLUDE REGEX "/no_library\\.cpp$")
  # Its headers and definitions, not its optimisation and warning flags.
  add_library(rtvbox_ajantv2 INTERFACE)
  foreach(part INCLUDE_DIRECTORIES COMPILE_DEFINITIONS LINK_LIBRARIES)
    get_target_property(ajantv2_${part} AJA::ajantv2 INTERFACE_${part})
    if(NOT ajantv2_${part})
      set(ajantv2_${part} "")
    endif()
  endforeach()
  target_include_directories(rtvbox_ajantv2 SYSTEM INTERFACE ${ajantv2_INCLUDE_DIRECTORIES})
  target_compile_definitions(rtvbox_ajantv2 INTERFACE ${ajantv2_COMPILE_DEFINITIONS} RTVBOX_AJANTV2)
  target_link_libraries(rtvbox_ajantv2 INTERFACE
    $<TARGET_FILE:AJA::ajantv2> ${ajantv2_LINK_LIBRARIES})
  set(FAMILY_LIBRARIES rtvbox_ajantv2)
  # Found where it was linked from, wherever that is.
  set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
else()
  message(STATUS "ntv2: no libajantv2; AJA cards are not supported by this build")
  list(FILTER sources EXCLUDE REGEX "/aja_[^/]*\\.cpp$")
endif()
