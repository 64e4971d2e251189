/*
 * base.h - the private header of kernel32.dll: Win32 on top of ntdll and the system services.
 *
 * A routine here turns its arguments into one service call, and the status into a Win32 error; what needs state of
 * its own is in ntdll (heaps, locks, loader, environment). Its files, by noun:
 *
 *     start.c seh.c              attach, last filter, RaiseException
 *     status.c message.c         last error, system messages
 *     handle.c security.c        handles; object attributes of named objects
 *     file.c readwrite.c fileinfo.c find.c overlapped.c pipe.c change.c copyfile.c   files, devices, asynchronous I/O
 *     wait.c sync.c timer.c lock.c pool.c   waiting, and what is waited for
 *     thread.c tls.c fiber.c process.c create.c module.c job.c snapshot.c debug.c   threads and processes
 *     virtual.c section.c heap.c            memory
 *     datetime.c psapi.c         dates as text; processes and their modules
 *     screen.c atom.c            a console's screen, which is not there; atoms
 *     fileops.c streams.c mount.c dllpath.c   copies with progress, replacing; streams, links, opening by number; volume names
 *     attribute.c measure.c heapwalk.c resource.c nls.c   attributes of a new process; what the system counts; walks
 *     drives.c profile.c         drives, volumes, barriers; .ini files
 *     console.c time.c locale.c codepage.c string.c environment.c path.c system.c   the rest (volume.c: small things)
 *     kernel32data.c             every mutable global
 *
 * An A routine converts its strings (code page 1252) and calls the W routine.
 */
#ifndef USER_KERNEL32_BASE_H
#define USER_KERNEL32_BASE_H

#define BaseHeap() RtlProcessHeap()

extern HANDLE BaseNamedObjects; /* where names of the session lie, opened when first needed */
extern LPTOP_LEVEL_EXCEPTION_FILTER BaseTopFilter;
extern UINT BaseConsoleCp, BaseConsoleOutputCp;
extern PSTR BaseCommandLineA;
extern PSTR BaseStartupDesktop, BaseStartupTitle,
    BaseStartupReserved;       /* GetStartupInfoA, once asked */
extern PWSTR BaseCommandLineW; /* as it was at the start: a program may write over its PEB */
extern LIST_ENTRY BaseConsoleHandlers;
extern struct _BASE_SNAPSHOT *BaseSnapshots;
extern IO_STATUS_BLOCK BaseChangeIosb; /* change.c */
extern WCHAR BaseDllFolder[MAX_PATH];
extern LIST_ENTRY BaseAtoms;
extern RTL_SRWLOCK BaseLock; /* guards the globals above */

/* Sets the last error from Status; FALSE. */
BOOL BaseFail(NTSTATUS Status);
/* TRUE, or FALSE with the last error. */
BOOL BaseResult(NTSTATUS Status);
BOOL BaseFailWith(DWORD Error);

/* Milliseconds as the services want them: NULL for INFINITE, else relative. */
PLARGE_INTEGER BaseTimeout(PLARGE_INTEGER Room, DWORD Milliseconds);

/* A string of code page 1252 in heap memory (NULL stays NULL); release with RtlFreeUnicodeString. */
BOOL BaseToWide(PUNICODE_STRING Wide, LPCSTR Ansi);
/* The ANSI form of a routine that takes one text: what Call gives, which has it as Wide; Failed: it cannot be converted. */
#define ANSI_FORM(Type, Name, Parameters, Text, Failed, Call)                                      \
    Type WINAPI Name Parameters                                                                    \
    {                                                                                              \
        UNICODE_STRING Wide;                                                                       \
        Type Returned;                                                                             \
                                                                                                   \
        if (!BaseToWide(&Wide, Text)) {                                                            \
            return Failed;                                                                         \
        }                                                                                          \
        Returned = Call;                                                                           \
        RtlFreeUnicodeString(&Wide);                                                               \
        return Returned;                                                                           \
    }
/* Copies Wide (Length characters, without a zero) out as Win32's A routines do: length without the zero, or room needed with it. */
DWORD BaseToAnsi(PCWSTR Wide, DWORD Length, LPSTR Buffer, DWORD Room);

/* Attributes for an object with a name of the session's. */
POBJECT_ATTRIBUTES BaseNamed(POBJECT_ATTRIBUTES Attributes, PUNICODE_STRING Text, LPCWSTR Name,
                             LPSECURITY_ATTRIBUTES Security, ULONG Flags);
/* What CreateXxx returns: the handle, with ERROR_ALREADY_EXISTS or 0 as the last error; or NULL. */
HANDLE BaseCreated(NTSTATUS Status, HANDLE Handle);

/* The standard pseudo handles (STD_OUTPUT_HANDLE ...) as file handles. */
HANDLE BaseRealHandle(HANDLE Handle);
BOOL BaseNtPath(LPCWSTR Path, PUNICODE_STRING NtPath);
BOOL BaseIsTooLong(LPCWSTR Path, PCUNICODE_STRING NtPath, SIZE_T Most);
/* New is a path of Win32, or a name in the folder Root, or ":stream". Flags are those of FILE_RENAME_INFORMATION_EX,
 * of which the class FileRenameInformation takes the lowest. */
NTSTATUS BaseRename(HANDLE File, HANDLE Root, ULONG Flags, LPCWSTR New, ULONG Class);
/* copyfile.c: two names as UTF-16; both are to be freed. */
BOOL BaseTwoNames(LPCSTR First, LPCSTR Second, PUNICODE_STRING Wide);
/* ANSI_FORM of a routine that takes two names and returns a BOOL or BOOLEAN; Call has them as Wide[0] and Wide[1]. */
#define ANSI_FORM_OF_TWO(Type, Name, Parameters, First, Second, Call)                              \
    Type WINAPI Name Parameters                                                                    \
    {                                                                                              \
        UNICODE_STRING Wide[2];                                                                    \
        Type Returned;                                                                             \
                                                                                                   \
        if (!BaseTwoNames(First, Second, Wide)) {                                                  \
            return FALSE;                                                                          \
        }                                                                                          \
        Returned = Call;                                                                           \
        RtlFreeUnicodeString(&Wide[0]);                                                            \
        RtlFreeUnicodeString(&Wide[1]);                                                            \
        return Returned;                                                                           \
    }
/* attribute.c: what STARTUPINFOEX's list says of Attribute, or NULL. */
PVOID BaseFindAttribute(LPPROC_THREAD_ATTRIBUTE_LIST List, DWORD_PTR Attribute, PSIZE_T Size);
NTSTATUS BaseWaitForFile(HANDLE File, PIO_STATUS_BLOCK Iosb, NTSTATUS Status);

#endif
