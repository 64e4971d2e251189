/*
 * enter.S - on the way from a verified driver to a routine of the kernel.
 *
 * Each import is bound to a stub (gen_vf.py) that loads its number and comes here. The arguments of registers go to the
 * home area that the caller has left for them, so that all arguments lie in one row behind the return address: that is
 * VF_FRAME. A routine without an After hook is then jumped to: it sees the driver as its caller. The other kind is
 * called, with up to 12 arguments of the stack copied.
 */
    .intel_syntax noprefix
    .text

    .globl VfEnter
    .seh_proc VfEnter
VfEnter:
    mov [rsp + 8], rcx
    mov [rsp + 16], rdx
    mov [rsp + 24], r8
    mov [rsp + 32], r9
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    lea rcx, [rsp + 0x28]
    mov edx, eax
    call VfBefore                       /* the VF_ENTRY */
    mov r11, rax
    mov rcx, [rsp + 0x30]
    mov rdx, [rsp + 0x38]
    mov r8, [rsp + 0x40]
    mov r9, [rsp + 0x48]
    cmp qword ptr [r11 + 8], 0
    jne 1f
    mov rax, [r11]
    add rsp, 0x28
    jmp rax
1:  add rsp, 0x28
    jmp VfEnterAfter
    .seh_endproc

    .globl VfEnterAfter
    .seh_proc VfEnterAfter
VfEnterAfter:
    sub rsp, 0x88
    .seh_stackalloc 0x88
    .seh_endprologue
    mov [rsp + 0x80], r11
    .irp at, 0x00,0x08,0x10,0x18,0x20,0x28,0x30,0x38,0x40,0x48,0x50,0x58
    mov rax, [rsp + 0xB0 + \at]
    mov [rsp + 0x20 + \at], rax
    .endr
    call [r11]
    .globl VfEnterReturn
VfEnterReturn:
    lea rcx, [rsp + 0x88]
    mov rdx, [rsp + 0x80]
    mov r8, rax
    call VfAfter
    add rsp, 0x88
    ret
    .seh_endproc
