/*
 * audit.c - auditing: the policy of the system audits nothing, so no access ever generates an event. These
 * routines tell drivers so.
 */
#include "sep.h"

BOOLEAN NTAPI
SeAuditingFileEvents(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return FALSE;
}

BOOLEAN NTAPI
SeAuditingFileEventsWithContext(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor,
                                PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext)
{
    return FALSE;
}

BOOLEAN NTAPI
SeAuditingFileOrGlobalEvents(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor,
                             PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext)
{
    return FALSE;
}

BOOLEAN NTAPI
SeAuditingAnyFileEventsWithContext(PSECURITY_DESCRIPTOR SecurityDescriptor,
                                   PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext)
{
    return FALSE;
}

BOOLEAN NTAPI
SeAuditingHardLinkEvents(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return FALSE;
}

BOOLEAN NTAPI
SeAuditingHardLinkEventsWithContext(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor,
                                    PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext)
{
    return FALSE;
}

VOID NTAPI
SeOpenObjectAuditAlarm(PUNICODE_STRING ObjectTypeName, PVOID Object,
                       PUNICODE_STRING AbsoluteObjectName, PSECURITY_DESCRIPTOR SecurityDescriptor,
                       PACCESS_STATE AccessState, BOOLEAN ObjectCreated, BOOLEAN AccessGranted,
                       KPROCESSOR_MODE AccessMode, PBOOLEAN GenerateOnClose)
{
    *GenerateOnClose = FALSE;
}

VOID NTAPI
SeOpenObjectForDeleteAuditAlarm(PUNICODE_STRING ObjectTypeName, PVOID Object,
                                PUNICODE_STRING AbsoluteObjectName,
                                PSECURITY_DESCRIPTOR SecurityDescriptor, PACCESS_STATE AccessState,
                                BOOLEAN ObjectCreated, BOOLEAN AccessGranted,
                                KPROCESSOR_MODE AccessMode, PBOOLEAN GenerateOnClose)
{
    *GenerateOnClose = FALSE;
}

VOID NTAPI
SeDeleteObjectAuditAlarm(PVOID Object, HANDLE Handle)
{
}

VOID NTAPI
SeExamineSacl(PACL Sacl, PACCESS_TOKEN Token, ACCESS_MASK DesiredAccess, BOOLEAN AccessGranted,
              PBOOLEAN GenerateAudit, PBOOLEAN GenerateAlarm)
{
    *GenerateAudit = FALSE;
    *GenerateAlarm = FALSE;
}

VOID NTAPI
SeAuditHardLinkCreation(PUNICODE_STRING FileName, PUNICODE_STRING LinkName, BOOLEAN bSuccess)
{
}
