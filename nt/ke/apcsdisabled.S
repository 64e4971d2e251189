/*
 * apcsdisabled.S - the two bodies of KeAreApcsDisabled, as each version has them.
 *
 * Server 2003 and later test CombinedApcDisable, 5.1 its KernelApcDisable, which is the whole ULONG there. Both read
 * gs:[188h], the current thread, and the ULONG at 1E4h in it. KiSelectApcsDisabled (region.c) puts the body of the
 * version that runs at the export's address, so that whoever disassembles it sees that version's code.
 * Source: nt-semantics 1.5.
 */
    .intel_syntax noprefix
    .set T_CombinedApcDisable, 0x1E4
    .set BODY_SIZE, 32                  /* KI_APCS_DISABLED_SIZE */

    .text
    .globl KeAreApcsDisabled
    .def KeAreApcsDisabled; .scl 2; .type 32; .endef
    .p2align 5
    .seh_proc KeAreApcsDisabled
KeAreApcsDisabled:
    .seh_endprologue
    mov rax, gs:[0x188]
    cmp dword ptr [rax + T_CombinedApcDisable], 0
    setne al
    ret
    .org KeAreApcsDisabled + BODY_SIZE, 0xCC
    .seh_endproc

    .globl KiAreApcsDisabled51
    .def KiAreApcsDisabled51; .scl 2; .type 32; .endef
    .seh_proc KiAreApcsDisabled51
KiAreApcsDisabled51:
    .seh_endprologue
    mov rax, gs:[0x188]
    xor ecx, ecx
    cmp [rax + T_CombinedApcDisable], ecx
    setne cl
    mov al, cl
    ret
    .org KiAreApcsDisabled51 + BODY_SIZE, 0xCC
    .seh_endproc

    .section .drectve, "yn"
    .ascii " -exclude-symbols:KiAreApcsDisabled51"
