# The kernel's description of its display interface; Debian keeps it in libdrm-dev (headers only,
# nothing is linked). Without it the package stays whole, and `--sink drm:` says what is missing.
find_path(RTVBOX_DRM_HEADERS drm_mode.h PATH_SUFFIXES libdrm drm)
if(RTVBOX_DRM_HEADERS)
  add_library(rtvbox_drm_headers INTERFACE)
  target_include_directories(rtvbox_drm_headers SYSTEM INTERFACE ${RTVBOX_DRM_HEADERS})
  set(FAMILY_LIBRARIES rtvbox_drm_headers)
else()
  message(STATUS "drm: no drm_mode.h; install libdrm-dev for playout on monitors")
  set(FAMILY_FOUND FALSE)
endif()
