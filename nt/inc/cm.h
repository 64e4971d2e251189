/*
 * cm.h - the registry as the other components see it.
 */
#ifndef NT_INC_CM_H
#define NT_INC_CM_H

/* In a search each step on the registry reads the list of drivers' callbacks (nt/cm/filter.c), and each that changes something who waits
   for changes, which is one thing for all keys (nt/cm/notify.c). */
extern LIST_ENTRY CmpCallbacks;
#define CMP_WATCHERS ((PVOID)((PUCHAR) & CmpCallbacks + sizeof(PVOID)))

/* Makes \Registry\Machine\System\CurrentControlSet\Services\<Name> with Type, Start, ErrorControl and ImagePath
   (values that are there already stay). KeyPath's buffer is the caller's: ExpFree. */
NTSTATUS CmpCreateServiceKey(PCWSTR Name, PCWSTR ImagePath, PUNICODE_STRING KeyPath);
/* Reads a REG_SZ/REG_EXPAND_SZ or REG_DWORD value by path; STATUS_OBJECT_NAME_NOT_FOUND. */
NTSTATUS CmpReadString(PUNICODE_STRING KeyPath, PCWSTR ValueName, PWSTR Buffer, ULONG Bytes);
NTSTATUS CmpReadDword(PUNICODE_STRING KeyPath, PCWSTR ValueName, PULONG Value);
/* The same for several values of one key, which ZwClose gives back. */
NTSTATUS CmpOpenToRead(PUNICODE_STRING KeyPath, PHANDLE Key);
NTSTATUS CmpStringOf(HANDLE Key, PCWSTR ValueName, PWSTR Buffer, ULONG Bytes);
NTSTATUS CmpDwordOf(HANDLE Key, PCWSTR ValueName, PULONG Number);

#endif
