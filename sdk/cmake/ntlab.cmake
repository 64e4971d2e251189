# A CMake toolchain file: Windows kernel drivers on Linux, with clang 19, lld 19 and mingw-w64's headers.
#
#     cmake -B build -DCMAKE_TOOLCHAIN_FILE=NTLAB/sdk/cmake/ntlab.cmake -DNTLAB_BUILD=NTLAB/build
#
#     project(foo C)
#     wdk_add_driver(foo foo.c bar.c [MINIFILTER] [WPP] [INCLUDES …] [DEFINITIONS …] [OPTIONS …] [LIBRARIES …]
#                    [WINVER 0x0A00] [NTDDI 0x0A000008] [ENTRY DriverEntry])
#     wdk_add_client(foouser foouser.c [UNICODE] [INCLUDES …] [DEFINITIONS …] [LIBRARIES …])
#
# makes foo.sys with DWARF, and foouser.exe. Sources are taken as they are: includes in any case, SAL, #pragma comment(lib), __try.
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
      "${NTLAB_SDK}/include" "${NTLAB_MINGW}/ddk" "${NTLAB_MINGW}"
      /usr/x86_64-w64-mingw32/include "${CMAKE_SOURCE_DIR}" COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(${out} "${overlay}" PARENT_SCOPE)
endfunction()

# The import library of what an image of ntlab's does not implement (lib/ntoskrnl.rest, lib/fltmgr.rest).
function(ntlab_rest image out)
  get_filename_component(base "${image}" NAME_WE)
  set(library "${CMAKE_BINARY_DIR}/lib${base}-rest.a")
  if("${NTLAB_SDK}/lib/${base}.rest" IS_NEWER_THAN "${library}")
    find_program(NTLAB_DLLTOOL llvm-dlltool-19 REQUIRED)
    file(STRINGS "${NTLAB_SDK}/lib/${base}.rest" names REGEX "^[A-Za-z_]")
    list(JOIN names "\n" names)
    file(WRITE "${CMAKE_BINARY_DIR}/${base}-rest.def" "LIBRARY ${image}\nEXPORTS\n${names}\n")
    execute_process(COMMAND "${NTLAB_DLLTOOL}" -m i386:x86-64 -D ${image} -d "${CMAKE_BINARY_DIR}/${base}-rest.def" -l "${library}"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(${out} "${library}" PARENT_SCOPE)
endfunction()

function(ntlab_kernel_options target)
  ntlab_overlay(overlay)
  target_include_directories(${target} BEFORE PRIVATE "${NTLAB_SDK}/include")
  target_compile_definitions(${target} PRIVATE _WIN32_WINNT=${WDK_WINVER} WINVER=${WDK_WINVER} NTDDI_VERSION=${WDK_NTDDI}
    _AMD64_ AMD64 _WIN64 WINNT=1 DEPRECATE_DDK_FUNCTIONS=1 POOL_NX_OPTIN=1)
  # What MSVC takes: a variable defined in several sources (-fcommon), a routine whose type differs in what does not matter.
  target_compile_options(${target} PRIVATE -fms-extensions -fms-compatibility -fgnuc-version=4.2.1 -fcommon -fno-autolink -fasynchronous-unwind-tables "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fasync-exceptions>"
    -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks -mno-mmx -gdwarf-4 -fno-builtin -fshort-wchar
    "SHELL:-ivfsoverlay ${overlay}" "SHELL:-include ntlab-sdk.h" "SHELL:-isystem ${NTLAB_MINGW}/ddk"
    -Wno-unknown-pragmas -Wno-ignored-pragma-intrinsic -Wno-microsoft -Wno-invalid-token-paste -Wno-macro-redefined -Wno-pragma-pack -Wno-ignored-attributes
    -Wno-inconsistent-dllimport -Wno-\#warnings -Wno-nonportable-include-path -Wno-multichar -Wno-unused-command-line-argument
    -Wno-four-char-constants -Wno-incompatible-pointer-types -Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion
    -Wno-pointer-sign -Wno-tautological-constant-out-of-range-compare -Wno-switch -Wno-extra-tokens -Wno-comment -Wno-unused-value -Wno-duplicate-decl-specifier
    $<$<COMPILE_LANGUAGE:C>:-fgnu89-inline> $<$<COMPILE_LANGUAGE:C>:-Wno-error=implicit-function-declaration>
    $<$<COMPILE_LANGUAGE:C>:-Wno-error=implicit-int>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti> $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)
endfunction()

# Faults in __try are taken with -fasync-exceptions, with which clang 19 crashes on a goto past an initialization in C++:
# C++ sources have it where they, or headers that they include by quotes, use __try.
function(ntlab_async directories)
  foreach(source IN LISTS ARGN)
    get_filename_component(path "${source}" ABSOLUTE)
    if(source MATCHES "\\.([Cc][Pp][Pp]|[Cc][Xx][Xx]|[Cc][Cc])$" AND EXISTS "${path}")
      file(READ "${path}" text)
      get_filename_component(directory "${path}" DIRECTORY)
      string(REGEX MATCHALL "#[ \t]*include[ \t]*\"[^\"]+\"" includes "${text}")
      foreach(include IN LISTS includes)
        string(REGEX REPLACE ".*\"([^\"]+)\"" "\\1" include "${include}")
        string(REPLACE "\\" "/" include "${include}")
        foreach(at IN LISTS directory directories)
          get_filename_component(header "${at}/${include}" ABSOLUTE)
          if(EXISTS "${header}" AND NOT IS_DIRECTORY "${header}")
            file(READ "${header}" more)
            string(APPEND text "${more}")
            break()
          endif()
        endforeach()
      endforeach()
      if(text MATCHES "[^A-Za-z0-9_](_try|__try|__except|__finally)[^A-Za-z0-9_]")
        set_property(SOURCE "${source}" APPEND PROPERTY COMPILE_OPTIONS -Xclang -fasync-exceptions)
      endif()
    endif()
  endforeach()
endfunction()

# Microsoft's static libraries, from sources in lib/.
function(ntlab_static name)
  if(NOT TARGET ntlab_${name})
    set(WDK_WINVER 0x0A00)
    set(WDK_NTDDI 0x0A000008)
    file(GLOB source "${NTLAB_SDK}/lib/${name}.c*")
    add_library(ntlab_${name} STATIC "${source}")
    ntlab_kernel_options(ntlab_${name})
  endif()
endfunction()

function(wdk_add_driver name)
  cmake_parse_arguments(WDK "MINIFILTER;WPP" "WINVER;NTDDI;ENTRY" "LIBRARIES;INCLUDES;DEFINITIONS;OPTIONS" ${ARGN})
  if(NOT WDK_WINVER)
    set(WDK_WINVER 0x0A00)
  endif()
  if(NOT WDK_NTDDI)
    set(WDK_NTDDI 0x0A000008)
  endif()
  if(NOT WDK_ENTRY)
    set(WDK_ENTRY DriverEntry)
  endif()
  # What a project file lists and Linux does not build: resources (ntlab reads none), messages, setup files.
  set(sources)
  foreach(source IN LISTS WDK_UNPARSED_ARGUMENTS)
    if(source MATCHES "\\.[Cc]$")
      set_source_files_properties("${source}" PROPERTIES LANGUAGE C) # FOO.C is C too
    endif()
    if(source MATCHES "\\.([Rr][Cc]|[Mm][Cc]|[Mm][Oo][Ff]|[Ii][Nn][FfXx]|[Mm][Aa][Nn])$")
      message(STATUS "${name}: ${source} is left out")
    else()
      list(APPEND sources "${source}")
    endif()
  endforeach()
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES SUFFIX .sys)
  ntlab_kernel_options(${name})
  target_compile_definitions(${name} PRIVATE ${WDK_DEFINITIONS})
  target_include_directories(${name} PRIVATE ${WDK_INCLUDES})
  if(WDK_WPP)
    find_program(NTLAB_PYTHON python3 REQUIRED)
    set(absolute)
    foreach(source IN LISTS sources)
      get_filename_component(source "${source}" ABSOLUTE)
      list(APPEND absolute "${source}")
    endforeach()
    execute_process(COMMAND "${NTLAB_PYTHON}" "${NTLAB_SDK}/tools/make_tmh.py" "${CMAKE_CURRENT_BINARY_DIR}/${name}-tmh" ${absolute}
      COMMAND_ERROR_IS_FATAL ANY)
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/${name}-tmh")
  endif()
  target_compile_options(${name} PRIVATE ${WDK_OPTIONS})
  ntlab_async("${WDK_INCLUDES}" ${sources})
  # Some inline routines of the DDK's headers are external and in each object.
  target_link_options(${name} PRIVATE -fuse-ld=lld-19 -nostdlib -Wl,--subsystem,native -Wl,--entry=${WDK_ENTRY} -Wl,--dynamicbase
    -Wl,--allow-multiple-definition -Wl,-Xlink=-alternatename:___chkstk_ms=__chkstk -Wl,-Xlink=-integritycheck)
  ntlab_static(wdmsec)
  ntlab_static(aux_klib)
  ntlab_static(wmilib)
  ntlab_static(intrinsic)
  ntlab_static(gs)
  target_link_libraries(${name} PRIVATE ntlab_wdmsec ntlab_aux_klib ntlab_wmilib ntlab_intrinsic ntlab_gs)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    ntlab_static(cxx)
    target_link_libraries(${name} PRIVATE ntlab_cxx)
  endif()
  if(WDK_MINIFILTER)
    ntlab_rest(fltmgr.sys rest)
    target_link_libraries(${name} PRIVATE "${NTLAB_BUILD}/drivers/fltmgr/libfltmgr.a" "${rest}")
  endif()
  # Libraries by their Windows names: these are here already, or need nothing on Linux.
  foreach(library IN LISTS WDK_LIBRARIES)
    string(TOLOWER "${library}" lower)
    get_filename_component(lower "${lower}" NAME)
    if(NOT lower MATCHES "^(ntoskrnl|hal|fltmgr|wdmsec|ntstrsafe|aux_klib|csq|bufferoverflow.*|libcntpr|wdm|wmilib|ntoskrnl|uuid|rtlver)(\\.lib)?$")
      target_link_libraries(${name} PRIVATE "${library}")
    endif()
  endforeach()
  ntlab_rest(ntoskrnl.exe rest)
  target_link_libraries(${name} PRIVATE "${NTLAB_BUILD}/nt/libntoskrnl.a" "${rest}")
endfunction()

# A program for user mode, with mingw-w64's headers and libraries: wdk_add_client(NAME SOURCES… [UNICODE] [WMAIN] [INCLUDES …]
# [DEFINITIONS …] [LIBRARIES …]). UNICODE: as the character set of a Visual Studio project; WMAIN: its entry is wmain.
function(wdk_add_client name)
  cmake_parse_arguments(WDK "UNICODE;WMAIN" "" "LIBRARIES;INCLUDES;DEFINITIONS" ${ARGN})
  ntlab_overlay(overlay)
  list(FILTER WDK_UNPARSED_ARGUMENTS EXCLUDE REGEX "\\.([Rr][Cc]|[Mm][Cc]|[Mm][Oo][Ff]|[Ii][Nn][FfXx])$")
  add_executable(${name} ${WDK_UNPARSED_ARGUMENTS})
  foreach(source IN LISTS WDK_UNPARSED_ARGUMENTS) # a main that clang refuses: lib/main.c
    get_filename_component(path "${source}" ABSOLUTE)
    if(source MATCHES "\\.[Cc]$" AND EXISTS "${path}")
      file(READ "${path}" text)
      if(text MATCHES "(VOID|void)[ \t\r\n]+(_*cdecl[ \t\r\n]+)?main[ \t\r\n]*\\(")
        target_compile_definitions(${name} PRIVATE NTLAB_MAIN_VOID)
      elseif(NOT text MATCHES "main[ \t\r\n]*\\([^)]*(ULONG|DWORD|UINT|unsigned)[^,]*,")
        continue()
      endif()
      set_property(SOURCE "${source}" APPEND PROPERTY COMPILE_DEFINITIONS main=ntlab_main)
      target_sources(${name} PRIVATE "${NTLAB_SDK}/lib/main.c")
    endif()
  endforeach()
  set_target_properties(${name} PROPERTIES SUFFIX .exe)
  ntlab_async("${WDK_INCLUDES}" ${WDK_UNPARSED_ARGUMENTS})
  target_include_directories(${name} BEFORE PRIVATE "${NTLAB_SDK}/include/user" ${WDK_INCLUDES})
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=0x0A00 WINVER=0x0A00 ${WDK_DEFINITIONS} $<$<BOOL:${WDK_UNICODE}>:UNICODE>
    $<$<BOOL:${WDK_UNICODE}>:_UNICODE>)
  target_compile_options(${name} PRIVATE -fms-extensions -fms-compatibility -fgnuc-version=4.2.1 -fcommon -fno-autolink "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fasync-exceptions>" -gdwarf-4 "SHELL:-ivfsoverlay ${overlay}"
    "SHELL:-include ntlab-user.h" -Wno-unknown-pragmas -Wno-microsoft -Wno-invalid-token-paste -Wno-macro-redefined -Wno-pragma-pack -Wno-ignored-attributes -Wno-multichar
    -Wno-nonportable-include-path -Wno-incompatible-pointer-types -Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion
    -Wno-format -Wno-pointer-sign -Wno-switch $<$<COMPILE_LANGUAGE:C>:-Wno-error=implicit-function-declaration>)
  target_link_options(${name} PRIVATE -fuse-ld=lld-19 -Wl,--allow-multiple-definition $<$<BOOL:${WDK_WMAIN}>:-municode>)
  foreach(library IN LISTS WDK_LIBRARIES)
    string(REGEX REPLACE "\\.[Ll][Ii][Bb]$" "" library "${library}")
    string(TOLOWER "${library}" library)
    target_link_libraries(${name} PRIVATE "${library}")
  endforeach()
  # What a #pragma comment(lib) may ask for.
  target_link_libraries(${name} PRIVATE fltlib setupapi newdev cfgmgr32 version shlwapi ws2_32 psapi rpcrt4 ktmw32 ntdll)
endfunction()
