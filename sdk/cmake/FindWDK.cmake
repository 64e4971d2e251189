# find_package(WDK): what FindWDK.cmake, which many drivers' projects bring along, finds on Windows. The commands are ntlab.cmake's.
if(NOT COMMAND wdk_add_driver)
  message(FATAL_ERROR "FindWDK of ntlab needs -DCMAKE_TOOLCHAIN_FILE=…/sdk/cmake/ntlab.cmake")
endif()
set(WDK_FOUND TRUE)
set(WDK_ROOT "${NTLAB_SDK}")
set(WDK_VERSION 10.0.26100.0)
set(WDK_INC_VERSION ${WDK_VERSION})
set(WDK_LIB_VERSION ${WDK_VERSION})
set(WDK_PLATFORM x64)
# Libraries as targets. The first are linked to each driver, or are nothing on Linux; of the others nothing is there, and a driver that
# only names them links.
foreach(library IN ITEMS NTOSKRNL HAL FLTMGR WMILIB WDMSEC NTSTRSAFE AUX_KLIB CSQ BUFFEROVERFLOWK BUFFEROVERFLOWFASTFAILK LIBCNTPR WDM RTLVER UUID
    KSECDD CNG NETIO NDIS FWPKCLNT TDI CLFS KS PORTCLS STORPORT SCSIPORT CLASSPNP USBD HIDPARSE DRMK VIDEOPRT WIN32K TBS)
  if(NOT TARGET WDK::${library})
    add_library(WDK::${library} INTERFACE IMPORTED GLOBAL)
  endif()
endforeach()
