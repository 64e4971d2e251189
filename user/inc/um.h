/*
 * um.h - included before every file of the user-mode DLLs: the public Win32 headers, and what they
 * leave opaque.
 *
 * mingw's winternl.h gives most native types; its PEB and TEB are too small for whoever fills them in, so
 * they are renamed away and peb.h has the public symbols' layout. native.h declares the services.
 * User code never includes abi/: it knows the kernel by its system services only.
 */
#if !defined(USER_INC_UM_H) && !defined(__ASSEMBLER__)
#define USER_INC_UM_H

#define _KERNEL32_
#define _ADVAPI32_
#define _USER32_
#define _NTSYSTEM_
#define _CRTIMP
#define _NO_CRT_STDIO_INLINE
#define WINVER        0x0A00
#define _WIN32_WINNT  0x0A00
#define NTDDI_VERSION 0x0A000008
#define WIN32_NO_STATUS
#define WIN32_LEAN_AND_MEAN

#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winioctl.h>

#define _PEB                         MingwPebTag
#define PEB                          MingwPeb
#define PPEB                         PMingwPeb
#define _TEB                         MingwTebTag
#define TEB                          MingwTeb
#define PTEB                         PMingwTeb
#define _PEB_LDR_DATA                MingwPebLdrTag
#define PEB_LDR_DATA                 MingwPebLdr
#define PPEB_LDR_DATA                PMingwPebLdr
#define _LDR_DATA_TABLE_ENTRY        MingwLdrEntryTag
#define LDR_DATA_TABLE_ENTRY         MingwLdrEntry
#define PLDR_DATA_TABLE_ENTRY        PMingwLdrEntry
#define _RTL_USER_PROCESS_PARAMETERS MingwParametersTag
#define RTL_USER_PROCESS_PARAMETERS  MingwParameters
#define PRTL_USER_PROCESS_PARAMETERS PMingwParameters
#define RtlDosPathNameToNtPathName_U MingwRtlDosPathNameToNtPathName_U
#define RtlLocalTimeToSystemTime     MingwRtlLocalTimeToSystemTime
#define _SYSTEM_BASIC_INFORMATION    MingwSystemBasicTag
#define SYSTEM_BASIC_INFORMATION     MingwSystemBasic
#define PSYSTEM_BASIC_INFORMATION    PMingwSystemBasic
#define _SYSTEM_PROCESS_INFORMATION  MingwSystemProcessTag
#define SYSTEM_PROCESS_INFORMATION   MingwSystemProcess
#define PSYSTEM_PROCESS_INFORMATION  PMingwSystemProcess
#include <winternl.h>
#undef _PEB
#undef PEB
#undef PPEB
#undef _TEB
#undef TEB
#undef PTEB
#undef _PEB_LDR_DATA
#undef PEB_LDR_DATA
#undef PPEB_LDR_DATA
#undef _LDR_DATA_TABLE_ENTRY
#undef LDR_DATA_TABLE_ENTRY
#undef PLDR_DATA_TABLE_ENTRY
#undef _RTL_USER_PROCESS_PARAMETERS
#undef RTL_USER_PROCESS_PARAMETERS
#undef PRTL_USER_PROCESS_PARAMETERS
#undef RtlDosPathNameToNtPathName_U
#undef RtlLocalTimeToSystemTime
#undef _SYSTEM_BASIC_INFORMATION
#undef SYSTEM_BASIC_INFORMATION
#undef PSYSTEM_BASIC_INFORMATION
#undef _SYSTEM_PROCESS_INFORMATION
#undef SYSTEM_PROCESS_INFORMATION
#undef PSYSTEM_PROCESS_INFORMATION

#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlCopyMemory
#define RtlMoveMemory(To, From, Length) memmove((To), (From), (Length))
#define RtlCopyMemory(To, From, Length) memcpy((To), (From), (Length))
#define RtlFillMemory(To, Length, Fill) memset((To), (Fill), (Length))
#define RtlZeroMemory(To, Length)       memset((To), 0, (Length))

#include "user/inc/peb.h"
#include "user/inc/native.h"
#include "user/inc/tables.h"

#endif
