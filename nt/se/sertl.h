/*
 * sertl.h - for the files of nt/se that ntdll.dll is made of too (se_shared_sources): SIDs, ACLs and
 * security descriptors are plain data, and the routines are the same on both sides.
 *
 * They are compiled with nt/inc/nt.h into the kernel and with user/inc/um.h into ntdll, and know nothing
 * of either but RtlpAllocate and RtlpFree (see nt/rtl).
 */
#ifndef NT_SE_SERTL_H
#define NT_SE_SERTL_H

PVOID RtlpAllocate(SIZE_T Size);
VOID RtlpFree(PVOID Memory);

#ifndef ACL_REVISION_DS
#define ACL_REVISION_DS 4
#endif
#ifndef SECURITY_DESCRIPTOR_REVISION1
#define SECURITY_DESCRIPTOR_REVISION1 1
#endif

BOOLEAN NTAPI RtlValidSid(PSID Sid);
ULONG NTAPI RtlLengthSid(PSID Sid);
BOOLEAN NTAPI RtlEqualSid(PSID Sid1, PSID Sid2);
BOOLEAN NTAPI RtlValidAcl(PACL Acl);
BOOLEAN NTAPI RtlFirstFreeAce(PACL Acl, PVOID *Ace);
NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG Index, PVOID *Ace);
BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);
ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);

NTSTATUS NTAPI RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR Any, PSECURITY_DESCRIPTOR Relative,
                                     PULONG BufferLength);

/* The four parts of a descriptor, absolute or self-relative; NULL: not there. */
PSID RtlpOwnerOf(PSECURITY_DESCRIPTOR Descriptor);
PSID RtlpGroupOf(PSECURITY_DESCRIPTOR Descriptor);
PACL RtlpDaclOf(PSECURITY_DESCRIPTOR Descriptor);
PACL RtlpSaclOf(PSECURITY_DESCRIPTOR Descriptor);

#endif
