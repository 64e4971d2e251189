/*
 * chkstk.S - touches each page of a frame larger than a page, from the top, before rsp moves over it.
 *
 * rax: size of the frame. No register changes but the flags; rsp is moved by the caller. The names are
 * those that MSVC, clang for the msvc target and clang for the gnu target call.
 */
    .intel_syntax noprefix
    .text
    .globl __chkstk
    .globl _chkstk
    .globl ___chkstk_ms
    .def __chkstk; .scl 2; .type 32; .endef
    .p2align 4
__chkstk:
_chkstk:
___chkstk_ms:
    .seh_proc __chkstk
    push r10
    .seh_pushreg r10
    push r11
    .seh_pushreg r11
    .seh_endprologue
    lea r10, [rsp + 24]
    mov r11, rax
1:  cmp r11, 0x1000
    jbe 2f
    sub r10, 0x1000
    test [r10], r10
    sub r11, 0x1000
    jmp 1b
2:  sub r10, r11
    test [r10], r10
    pop r11
    pop r10
    ret
    .seh_endproc

/* Not for export; what is an export stands in a table (*.exports). */
    .section .drectve, "yn"
    .ascii " -exclude-symbols:___chkstk_ms"
    .ascii " -exclude-symbols:_chkstk"
