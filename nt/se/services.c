/*
 * services.c - system services that open, copy and use tokens.
 */
#include "sep.h"
#include "nt/inc/life.h"

#define SEP_PROCESS_QUERY         0x0400
#define SEP_PROCESS_QUERY_LIMITED 0x1000 /* from Vista on it is enough */
#define SEP_THREAD_QUERY          0x0040
#define SEP_THREAD_QUERY_LIMITED  0x0800

NTSTATUS NTAPI
NtOpenProcessTokenEx(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
                     PHANDLE TokenHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    PTOKEN Token;
    HANDLE Handle;
    NTSTATUS Status = ExpProbeHandle(TokenHandle, Mode);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ProcessHandle,
                                           KiVersion->MandatoryIntegrity ? SEP_PROCESS_QUERY_LIMITED
                                                                         : SEP_PROCESS_QUERY,
                                           PsProcessTypeP, Mode, (PVOID *)&Process, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Token = Process->Token;
    ObpAddReference(Token);
    Status = ObOpenObjectByPointer(Token, HandleAttributes & (OBJ_INHERIT | OBJ_KERNEL_HANDLE),
                                   NULL, DesiredAccess, SeTokenObjectTypeP, Mode, &Handle);
    ObDereferenceObject(Token);
    ObDereferenceObject(Process);
    return NT_SUCCESS(Status) ? ExpStoreHandle(TokenHandle, Handle, Mode) : Status;
}

NTSTATUS NTAPI
NtOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle)
{
    return NtOpenProcessTokenEx(ProcessHandle, DesiredAccess, 0, TokenHandle);
}

NTSTATUS NTAPI
NtOpenThreadTokenEx(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf,
                    ULONG HandleAttributes, PHANDLE TokenHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PETHREAD Thread, Me = PspCurrentThread();
    PACCESS_TOKEN Mine;
    PTOKEN Token;
    HANDLE Handle;
    NTSTATUS Status = ExpProbeHandle(TokenHandle, Mode);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(ThreadHandle,
                                           KiVersion->MandatoryIntegrity ? SEP_THREAD_QUERY_LIMITED
                                                                         : SEP_THREAD_QUERY,
                                           PsThreadTypeP, Mode, (PVOID *)&Thread, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiLooksAt(&Thread->ImpersonationToken);
    Token = Thread->ImpersonationToken;
    if (Token == NULL) {
        ObDereferenceObject(Thread);
        return STATUS_NO_TOKEN;
    }
    if (Thread->ImpersonationLevel == SecurityAnonymous) {
        ObDereferenceObject(Thread);
        return STATUS_CANT_OPEN_ANONYMOUS;
    }
    if (Thread->CopyOnOpen) { /* [ntifs: PsImpersonateClient] not to be opened, but a copy of it */
        Status = SepDuplicateToken(Token, TokenImpersonation, Thread->ImpersonationLevel,
                                   (PACCESS_TOKEN *)&Token);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Thread);
            return Status;
        }
    } else {
        ObpAddReference(Token);
    }
    Mine = Me->ImpersonationToken;
    if (OpenAsSelf) {
        Me->ImpersonationToken = NULL; /* the access check is the process's */
    }
    Status = ObOpenObjectByPointer(Token, HandleAttributes & (OBJ_INHERIT | OBJ_KERNEL_HANDLE),
                                   NULL, DesiredAccess, SeTokenObjectTypeP, Mode, &Handle);
    if (OpenAsSelf) {
        Me->ImpersonationToken = Mine;
    }
    ObDereferenceObject(Token);
    ObDereferenceObject(Thread);
    return NT_SUCCESS(Status) ? ExpStoreHandle(TokenHandle, Handle, Mode) : Status;
}

NTSTATUS NTAPI
NtOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf,
                  PHANDLE TokenHandle)
{
    return NtOpenThreadTokenEx(ThreadHandle, DesiredAccess, OpenAsSelf, 0, TokenHandle);
}

NTSTATUS NTAPI
NtDuplicateToken(HANDLE ExistingTokenHandle, ACCESS_MASK DesiredAccess,
                 POBJECT_ATTRIBUTES ObjectAttributes, BOOLEAN EffectiveOnly, TOKEN_TYPE Type,
                 PHANDLE NewTokenHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SECURITY_IMPERSONATION_LEVEL Level = SecurityAnonymous;
    OBJECT_HANDLE_INFORMATION Information;
    PTOKEN Token, New;
    HANDLE Handle;
    ULONG Attributes = 0;
    NTSTATUS Status = ExpProbeHandle(NewTokenHandle, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Type != TokenPrimary && Type != TokenImpersonation) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (ObjectAttributes != NULL) {
            PSECURITY_QUALITY_OF_SERVICE Qos;

            if (Mode != KernelMode) {
                ProbeForRead(ObjectAttributes, sizeof(*ObjectAttributes), 8);
            }
            Attributes = ObjectAttributes->Attributes;
            Qos = ObjectAttributes->SecurityQualityOfService;
            if (Qos != NULL) {
                if (Mode != KernelMode) {
                    ProbeForRead(Qos, sizeof(*Qos), 4);
                }
                Level = Qos->ImpersonationLevel;
            }
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(ExistingTokenHandle, TOKEN_DUPLICATE, SeTokenObjectTypeP,
                                       Mode, (PVOID *)&Token, &Information);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Token->Type == TokenImpersonation && Level > Token->ImpersonationLevel) {
        Status = STATUS_BAD_IMPERSONATION_LEVEL;
    } else if (Token->Type == TokenImpersonation && Type == TokenPrimary &&
               Token->ImpersonationLevel < SecurityImpersonation) {
        Status = STATUS_BAD_IMPERSONATION_LEVEL;
    } else {
        Status = SepDuplicateToken(Token, Type, Level, (PACCESS_TOKEN *)&New);
    }
    ObDereferenceObject(Token);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (EffectiveOnly) {
        SepMakeEffective(New);
    }
    if (DesiredAccess == 0) {
        DesiredAccess = Information.GrantedAccess; /* documented: as the existing handle */
    }
    Status = ObOpenObjectByPointer(New, Attributes & (OBJ_INHERIT | OBJ_KERNEL_HANDLE), NULL,
                                   DesiredAccess, SeTokenObjectTypeP, Mode, &Handle);
    ObDereferenceObject(New);
    return NT_SUCCESS(Status) ? ExpStoreHandle(NewTokenHandle, Handle, Mode) : Status;
}

NTSTATUS NTAPI
NtAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, HANDLE ClientToken,
              ACCESS_MASK DesiredAccess, PGENERIC_MAPPING GenericMapping,
              PPRIVILEGE_SET PrivilegeSet, PULONG PrivilegeSetLength, PACCESS_MASK GrantedAccess,
              PNTSTATUS AccessStatus)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PSECURITY_DESCRIPTOR Descriptor = NULL;
    PPRIVILEGE_SET Used = NULL;
    GENERIC_MAPPING Mapping;
    ACCESS_MASK Granted;
    NTSTATUS Status, Answer;
    PTOKEN Token;
    ULONG Bytes;

    if (DesiredAccess & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL)) {
        return STATUS_GENERIC_NOT_MAPPED;
    }
    Status = ObReferenceObjectByHandle(ClientToken, TOKEN_QUERY, SeTokenObjectTypeP, Mode,
                                       (PVOID *)&Token, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Token->Type != TokenImpersonation) {
        Status = STATUS_NO_IMPERSONATION_TOKEN;
    } else if (Token->ImpersonationLevel < SecurityIdentification) {
        Status = STATUS_BAD_IMPERSONATION_LEVEL;
    } else {
        Status = SepCaptureDescriptor(SecurityDescriptor, Mode, &Descriptor);
    }
    if (NT_SUCCESS(Status) && (Descriptor == NULL || RtlpOwnerOf(Descriptor) == NULL ||
                               RtlpGroupOf(Descriptor) == NULL)) {
        Status = STATUS_INVALID_SECURITY_DESCR;
    }
    if (NT_SUCCESS(Status)) {
        __try {
            if (Mode != KernelMode) {
                ProbeForRead(GenericMapping, sizeof(Mapping), 4);
                ProbeForWrite(GrantedAccess, sizeof(*GrantedAccess), 4);
                ProbeForWrite(AccessStatus, sizeof(*AccessStatus), 4);
                ProbeForWrite(PrivilegeSetLength, sizeof(ULONG), 4);
            }
            Mapping = *GenericMapping;
            SepCheckAccess(Descriptor, Token, DesiredAccess, 0, &Used, &Mapping, &Granted, &Answer);
            Bytes = FIELD_OFFSET(PRIVILEGE_SET, Privilege) +
                    (Used != NULL ? Used->PrivilegeCount : 0) * sizeof(LUID_AND_ATTRIBUTES);
            Bytes = max(Bytes, sizeof(PRIVILEGE_SET));
            if (*PrivilegeSetLength < Bytes) {
                *PrivilegeSetLength = Bytes;
                Status = STATUS_BUFFER_TOO_SMALL;
            } else {
                if (Mode != KernelMode) {
                    ProbeForWrite(PrivilegeSet, Bytes, 4);
                }
                RtlZeroMemory(PrivilegeSet, Bytes);
                if (Used != NULL) {
                    RtlCopyMemory(PrivilegeSet, Used, Bytes);
                }
                *GrantedAccess = Granted;
                *AccessStatus = Answer;
            }
        } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Status = GetExceptionCode();
        }
    }
    if (Used != NULL) {
        ExFreePool(Used);
    }
    if (Descriptor != NULL) {
        ExFreePool(Descriptor);
    }
    ObDereferenceObject(Token);
    return Status;
}
