/*
 * se.h - tokens and access checks as the other components see them.
 */
#ifndef NT_INC_SE_H
#define NT_INC_SE_H

/* Tokens of the command line's clients: enum abi_token. Returns a referenced primary token. */
PACCESS_TOKEN SepMakeToken(ULONG Kind);
PACCESS_TOKEN SepSystemToken(VOID);
/* Assigned when an object is created without a descriptor: from the token's default. Pool memory. */
NTSTATUS SepDefaultDescriptor(PACCESS_TOKEN Token, const GENERIC_MAPPING *Mapping,
                              PSECURITY_DESCRIPTOR *Descriptor);
/* Copies a descriptor (self-relative, pool); user pointers are probed for Mode. */
NTSTATUS SepCaptureDescriptor(PSECURITY_DESCRIPTOR Source, KPROCESSOR_MODE Mode,
                              PSECURITY_DESCRIPTOR *Captured);
BOOLEAN SepHasPrivilege(LUID Privilege, KPROCESSOR_MODE Mode);
NTSTATUS SepCreateAccessState(PACCESS_STATE State, PVOID Aux, ACCESS_MASK Access,
                              const GENERIC_MAPPING *Mapping);
/* Undocumented but exported: gives back what SepCreateAccessState took. */
VOID NTAPI SeDeleteAccessState(PACCESS_STATE State);
NTSTATUS SepDuplicateToken(PACCESS_TOKEN Token, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level,
                           PACCESS_TOKEN *New);
VOID SepReferenceToken(PACCESS_TOKEN Token);

#endif
