/*
 * adv.h - the private header of advapi32.dll: services, registry, tokens, security descriptors, events.
 *
 *     scm.c scmquery.c   the service control manager, in the caller's process: registry keys and NtLoadDriver
 *     registry.c registrya.c regold.c   keys and values; old calls, copies of trees
 *     token.c            tokens, privileges, impersonation
 *     sid.c acl.c sddl.c security.c   SIDs, ACLs and descriptors, and their text form
 *     trustee.c named.c  lists of who may do what; security of what has a name
 *     hash.c             hashes of CryptoAPI
 *     eventlog.c         events for a log that nobody reads
 *     misc.c             event tracing without listeners, random numbers, user name
 */
#ifndef USER_ADVAPI32_ADV_H
#define USER_ADVAPI32_ADV_H

#include <winsvc.h>
#include <winreg.h>
#include <sddl.h>
#include <aclapi.h>

static inline BOOL
AdvResult(NTSTATUS Status)
{
    if (!NT_SUCCESS(Status)) {
        SetLastError(RtlNtStatusToDosError(Status));
        return FALSE;
    }
    return TRUE;
}

static inline BOOL
AdvFail(DWORD Error)
{
    SetLastError(Error);
    return FALSE;
}

/* A string of code page 1252 in heap memory; NULL stays NULL. */
static inline BOOL
AdvToWide(PUNICODE_STRING Wide, LPCSTR Ansi)
{
    ANSI_STRING String;

    Wide->Buffer = NULL;
    Wide->Length = Wide->MaximumLength = 0;
    if (Ansi == NULL) {
        return TRUE;
    }
    RtlInitAnsiString(&String, Ansi);
    return AdvResult(RtlAnsiStringToUnicodeString(Wide, &String, TRUE));
}

#define AdvAllocate(Size) RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, (Size))
#define AdvFree(Memory)   RtlFreeHeap(RtlProcessHeap(), 0, (Memory))

/* The kernel's handle for a key, predefined or opened; NULL with the error stored. Release with AdvReleaseKey. */
LSTATUS AdvKeyHandle(HKEY Key, ACCESS_MASK Access, PHANDLE Handle, PBOOLEAN Opened);

#endif
