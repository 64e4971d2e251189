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
#
# Projects that were written for FindWDK find it here: find_package(WDK), wdk_add_driver(NAME [KMDF 1.15] [WINVER …] [NTDDI_VERSION …] …),
# wdk_add_library(NAME STATIC …), WDK::FLTMGR and its like, and words for MSVC's command line (tools/msvc-words).
cmake_policy(PUSH) # the functions' own, whatever the project's are
cmake_policy(VERSION 3.20)
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
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld-19 -static") # of mingw-w64, no DLLs
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_COMPILER_LAUNCHER "${NTLAB_SDK}/tools/msvc-words" CACHE STRING "")
  set(CMAKE_${language}_LINKER_LAUNCHER "${NTLAB_SDK}/tools/msvc-words" CACHE STRING "")
endforeach()
list(APPEND CMAKE_MODULE_PATH "${NTLAB_SDK}/cmake")
if(CMAKE_FIND_PACKAGE_REDIRECTS_DIR) # CMake 3.24: before a FindWDK of the project's own
  file(WRITE "${CMAKE_FIND_PACKAGE_REDIRECTS_DIR}/wdk-config.cmake" "include(\"${NTLAB_SDK}/cmake/FindWDK.cmake\")\n")
endif()

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
    _AMD64_ AMD64 _WIN64 WINNT=1 DEPRECATE_DDK_FUNCTIONS=1 _KERNEL_MODE=1 $<$<CONFIG:Debug>:DBG=1> $<$<CONFIG:Debug>:MSC_NOOPT>)
  # What MSVC takes: a variable defined in several sources (-fcommon), a routine whose type differs in what does not matter.
  target_compile_options(${target} PRIVATE -fms-extensions -fms-compatibility -fms-compatibility-version=19.33 -U_MSC_VER -U_MSC_FULL_VER -U_MSC_BUILD -fgnuc-version=4.2.1 -fcommon -fno-autolink -fasynchronous-unwind-tables "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fasync-exceptions>"
    -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks -mno-mmx -mcx16 -gdwarf-4 -fno-builtin -fshort-wchar
    "SHELL:-ivfsoverlay ${overlay}" "SHELL:-include ntlab-sdk.h" "SHELL:-isystem ${NTLAB_MINGW}/ddk"
    -Wno-unknown-pragmas -Wno-ignored-pragma-intrinsic -Wno-microsoft -Wno-invalid-token-paste -Wno-macro-redefined -Wno-pragma-pack -Wno-ignored-attributes
    -Wno-inconsistent-dllimport -Wno-\#warnings -Wno-nonportable-include-path -Wno-multichar -Wno-unused-command-line-argument
    -Wno-four-char-constants -Wno-incompatible-pointer-types -Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion
    -Wno-pointer-sign -Wno-tautological-constant-out-of-range-compare -Wno-switch -Wno-extra-tokens -Wno-comment -Wno-unused-value -Wno-duplicate-decl-specifier -Wno-writable-strings
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
    set_target_properties(ntlab_${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    ntlab_kernel_options(ntlab_${name})
  endif()
endfunction()

# Defaults of what wdk_add_driver and wdk_add_library have been given, in the caller's scope.
macro(ntlab_versions)
  if(WDK_NTDDI_VERSION)
    set(WDK_NTDDI ${WDK_NTDDI_VERSION})
  endif()
  if(NOT WDK_WINVER)
    set(WDK_WINVER 0x0A00)
  endif()
  if(NOT WDK_NTDDI)
    set(WDK_NTDDI 0x0A000008)
  endif()
  if(WDK_KMDF)
    message(WARNING "${name}: there is no KMDF; built as a driver without it, which fails where a source includes wdf.h")
  endif()
endmacro()

# What a project file lists, as far as Linux builds it: not resources (ntlab reads none), setup files. Messages make a header
# (in NAME-mc); assembler for ml64 is llvm-ml's.
function(ntlab_sources name out)
  set(sources)
  foreach(source IN LISTS ARGN)
    if(source MATCHES "\\.[Cc]$")
      set_source_files_properties("${source}" PROPERTIES LANGUAGE C) # FOO.C is C too
    endif()
    if(source MATCHES "\\.[Mm][Cc]$")
      find_program(NTLAB_MC x86_64-w64-mingw32-windmc)
      get_filename_component(path "${source}" ABSOLUTE)
      file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${name}-mc")
      execute_process(COMMAND "${NTLAB_MC}" -h "${CMAKE_CURRENT_BINARY_DIR}/${name}-mc" -r "${CMAKE_CURRENT_BINARY_DIR}/${name}-mc" "${path}"
        COMMAND_ERROR_IS_FATAL ANY)
    elseif(source MATCHES "\\.([Rr][Cc]|[Mm][Oo][Ff]|[Ii][Nn][FfXx]|[Mm][Aa][Nn]|[Dd][Ee][Ff])$")
      message(STATUS "${name}: ${source} is left out")
    elseif(source MATCHES "\\.([Aa][Ss][Mm])$")
      find_program(NTLAB_ML llvm-ml-19 REQUIRED)
      get_filename_component(path "${source}" ABSOLUTE)
      get_filename_component(base "${source}" NAME_WE)
      set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}-${base}-asm.obj")
      add_custom_command(OUTPUT "${object}" DEPENDS "${path}" COMMENT "Assembling ${source}" VERBATIM
        COMMAND "${NTLAB_ML}" --m64 -nologo -c -Fo "${object}" "${path}")
      set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
      list(APPEND sources "${object}")
    else()
      list(APPEND sources "${source}")
    endif()
  endforeach()
  set(${out} "${sources}" PARENT_SCOPE)
endfunction()

# The .tmh files of WPP that the target's sources include.
function(ntlab_traces name)
  find_program(NTLAB_PYTHON python3 REQUIRED)
  set(absolute)
  foreach(source IN LISTS ARGN)
    if(NOT source MATCHES "\\.obj$|\\$<")
      get_filename_component(source "${source}" ABSOLUTE)
      list(APPEND absolute "${source}")
    endif()
  endforeach()
  execute_process(COMMAND "${NTLAB_PYTHON}" "${NTLAB_SDK}/tools/make_tmh.py" "${CMAKE_CURRENT_BINARY_DIR}/${name}-tmh" ${absolute}
    COMMAND_ERROR_IS_FATAL ANY)
  target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/${name}-tmh")
endfunction()

# target_link_libraries without a signature: the project may use either.
function(ntlab_link name)
  set_property(TARGET ${name} APPEND PROPERTY LINK_LIBRARIES ${ARGN})
endfunction()

function(ntlab_kernel_target name)
  ntlab_kernel_options(${name})
  set_target_properties(${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_definitions(${name} PRIVATE ${WDK_DEFINITIONS})
  target_include_directories(${name} PRIVATE ${WDK_INCLUDES})
  target_compile_options(${name} PRIVATE ${WDK_OPTIONS})
  if(IS_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${name}-mc")
    target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/${name}-mc")
  endif()
  ntlab_traces(${name} ${ARGN})
  ntlab_async("${WDK_INCLUDES}" ${ARGN})
endfunction()

# Of a project in C++ alone: what is linked to each driver is C.
macro(wdk_add_driver)
  enable_language(C)
  ntlab_add_driver(${ARGN})
endmacro()

function(ntlab_add_driver name)
  cmake_parse_arguments(WDK "MINIFILTER;WPP" "WINVER;NTDDI;NTDDI_VERSION;ENTRY;KMDF" "LIBRARIES;INCLUDES;DEFINITIONS;OPTIONS" ${ARGN})
  ntlab_versions()
  if(NOT WDK_ENTRY)
    set(WDK_ENTRY DriverEntry)
  endif()
  ntlab_sources(${name} sources ${WDK_UNPARSED_ARGUMENTS})
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES SUFFIX .sys)
  ntlab_kernel_target(${name} ${sources})
  # Some inline routines of the DDK's headers are external and in each object.
  target_link_options(${name} PRIVATE -nostdlib -Wl,--subsystem,native -Wl,--entry=${WDK_ENTRY} -Wl,--dynamicbase
    -Wl,--allow-multiple-definition -Wl,-Xlink=-alternatename:___chkstk_ms=__chkstk -Wl,-Xlink=-integritycheck)
  ntlab_static(wdmsec)
  ntlab_static(aux_klib)
  ntlab_static(wmilib)
  ntlab_static(intrinsic)
  ntlab_static(gs)
  ntlab_link(${name} ntlab_wdmsec ntlab_aux_klib ntlab_wmilib ntlab_intrinsic ntlab_gs)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    ntlab_static(cxx)
    ntlab_link(${name} ntlab_cxx)
  endif()
  # Libraries by their Windows names: these are here already, or need nothing on Linux.
  foreach(library IN LISTS WDK_LIBRARIES)
    string(TOLOWER "${library}" lower)
    get_filename_component(lower "${lower}" NAME)
    if(NOT lower MATCHES "^(ntoskrnl|hal|fltmgr|wdmsec|ntstrsafe|aux_klib|csq|bufferoverflow.*|libcntpr|wdm|wmilib|ntoskrnl|uuid|rtlver)(\\.lib)?$")
      ntlab_link(${name} "${library}")
    endif()
  endforeach()
  ntlab_rest(fltmgr.sys filters)
  ntlab_rest(ntoskrnl.exe rest)
  ntlab_link(${name} "${NTLAB_BUILD}/drivers/fltmgr/libfltmgr.a" "${filters}" "${NTLAB_BUILD}/nt/libntoskrnl.a" "${rest}")
endfunction()

# What drivers share: wdk_add_library(NAME STATIC SOURCES… [KMDF …] [WINVER …] and as wdk_add_driver).
function(wdk_add_library name)
  cmake_parse_arguments(WDK "STATIC;OBJECT;WPP" "WINVER;NTDDI;NTDDI_VERSION;KMDF" "INCLUDES;DEFINITIONS;OPTIONS" ${ARGN})
  ntlab_versions()
  ntlab_sources(${name} sources ${WDK_UNPARSED_ARGUMENTS})
  if(WDK_OBJECT)
    add_library(${name} OBJECT ${sources})
  else()
    add_library(${name} STATIC ${sources})
  endif()
  ntlab_kernel_target(${name} ${sources})
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
    if(source MATCHES "\\.[Cc]([CcPpXx]*)$" AND EXISTS "${path}")
      file(READ "${path}" text)
      if(text MATCHES "[^A-Za-z0-9_]wmain[ \t\r\n]*\\(" OR (WDK_UNICODE AND text MATCHES "[^A-Za-z0-9_]_tmain[ \t\r\n]*\\("))
        set(WDK_WMAIN TRUE)
      endif()
    endif()
    if(source MATCHES "\\.[Cc]$" AND EXISTS "${path}")
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
  target_compile_options(${name} PRIVATE -fms-extensions -fms-compatibility -fms-compatibility-version=19.33 -U_MSC_VER -U_MSC_FULL_VER -U_MSC_BUILD -fgnuc-version=4.2.1 -fcommon -fno-autolink "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fasync-exceptions>" -gdwarf-4 "SHELL:-ivfsoverlay ${overlay}"
    "SHELL:-include ntlab-user.h" -Wno-unknown-pragmas -Wno-microsoft -Wno-invalid-token-paste -Wno-macro-redefined -Wno-pragma-pack -Wno-ignored-attributes -Wno-multichar
    -Wno-nonportable-include-path -Wno-incompatible-pointer-types -Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion
    -Wno-format -Wno-pointer-sign -Wno-switch $<$<COMPILE_LANGUAGE:C>:-Wno-error=implicit-function-declaration>)
  target_link_options(${name} PRIVATE -Wl,--allow-multiple-definition $<$<BOOL:${WDK_WMAIN}>:-municode>)
  foreach(library IN LISTS WDK_LIBRARIES)
    string(REGEX REPLACE "\\.[Ll][Ii][Bb]$" "" library "${library}")
    string(TOLOWER "${library}" library)
    ntlab_link(${name} "${library}")
  endforeach()
  # What a #pragma comment(lib) may ask for.
  ntlab_link(${name} fltlib setupapi newdev cfgmgr32 version shlwapi ws2_32 psapi rpcrt4 ktmw32 ntdll)
endfunction()
cmake_policy(POP)
