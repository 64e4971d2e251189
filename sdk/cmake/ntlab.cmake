# A CMake toolchain file: Windows kernel drivers on Linux, with clang 19, lld 19 and mingw-w64's headers.
#
#     cmake -B build -DCMAKE_TOOLCHAIN_FILE=NTLAB/sdk/cmake/ntlab.cmake -DNTLAB_BUILD=NTLAB/build
#
#     project(foo C)
#     wdk_add_driver(foo foo.c bar.c [MINIFILTER] [WINVER 0x0A00] [NTDDI 0x0A000008] [LIBRARIES …] [ENTRY DriverEntry])
#
# makes foo.sys with DWARF. Sources are taken as they are: includes in any case, SAL, #pragma comment(lib), __try.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
get_filename_component(NTLAB_SDK "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
if(NOT NTLAB_BUILD)
  get_filename_component(NTLAB_BUILD "${NTLAB_SDK}/../build" ABSOLUTE)
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NTLAB_BUILD)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_RC_COMPILER llvm-rc-19)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-windows-gnu)
set(CMAKE_CXX_COMPILER_TARGET x86_64-w64-windows-gnu)
set(CMAKE_AR llvm-ar-19 CACHE FILEPATH "")
set(CMAKE_RANLIB llvm-ranlib-19 CACHE FILEPATH "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(NTLAB_MINGW /usr/share/mingw-w64/include CACHE PATH "mingw-w64's headers")

function(ntlab_overlay out)
  set(overlay "${CMAKE_BINARY_DIR}/ntlab-overlay.yaml")
  if(NOT EXISTS "${overlay}")
    find_program(NTLAB_PYTHON python3 REQUIRED)
    execute_process(COMMAND "${NTLAB_PYTHON}" "${NTLAB_SDK}/tools/make_overlay.py" "${overlay}"
      "${NTLAB_SDK}/include" "${NTLAB_MINGW}/ddk" "${NTLAB_MINGW}" "${CMAKE_SOURCE_DIR}" COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(${out} "${overlay}" PARENT_SCOPE)
endfunction()

function(wdk_add_driver name)
  cmake_parse_arguments(WDK "MINIFILTER" "WINVER;NTDDI;ENTRY" "LIBRARIES" ${ARGN})
  if(NOT WDK_WINVER)
    set(WDK_WINVER 0x0A00)
  endif()
  if(NOT WDK_NTDDI)
    set(WDK_NTDDI 0x0A000008)
  endif()
  if(NOT WDK_ENTRY)
    set(WDK_ENTRY DriverEntry)
  endif()
  ntlab_overlay(overlay)
  add_executable(${name} ${WDK_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES SUFFIX .sys)
  target_include_directories(${name} BEFORE PRIVATE "${NTLAB_SDK}/include")
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=${WDK_WINVER} WINVER=${WDK_WINVER} NTDDI_VERSION=${WDK_NTDDI}
    _AMD64_ AMD64 _WIN64)
  target_compile_options(${name} PRIVATE -fms-extensions -fasynchronous-unwind-tables "SHELL:-Xclang -fasync-exceptions"
    -fno-stack-protector -fno-strict-aliasing -fno-delete-null-pointer-checks -mno-mmx -gdwarf-4 -fno-builtin
    "SHELL:-ivfsoverlay ${overlay}" "SHELL:-include ntlab-sdk.h" "SHELL:-isystem ${NTLAB_MINGW}/ddk"
    -Wno-unknown-pragmas -Wno-ignored-pragma-intrinsic -Wno-microsoft -Wno-pragma-pack -Wno-ignored-attributes
    -Wno-inconsistent-dllimport -Wno-\#warnings -Wno-nonportable-include-path -Wno-multichar -Wno-unused-command-line-argument)
  target_link_options(${name} PRIVATE -fuse-ld=lld-19 -nostdlib -Wl,--subsystem,native -Wl,--entry=${WDK_ENTRY} -Wl,--dynamicbase
    -Wl,-Xlink=-alternatename:___chkstk_ms=__chkstk)
  if(WDK_MINIFILTER)
    target_link_libraries(${name} PRIVATE "${NTLAB_BUILD}/drivers/fltmgr/libfltmgr.a")
  endif()
  target_link_libraries(${name} PRIVATE ${WDK_LIBRARIES} "${NTLAB_BUILD}/nt/libntoskrnl.a")
endfunction()
