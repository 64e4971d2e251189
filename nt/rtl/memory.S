/*
 * memory.S - memcpy, memmove, memset and the Rtl names for them.
 *
 * The compiler calls these by itself, so they are not written in its language. All are leaf functions
 * that leave rsp and the nonvolatile registers alone: a fault inside one unwinds to the caller without
 * unwind data. Only SSE2, the same path on every processor. Addresses are touched in ascending order
 * (descending where source and destination overlap the wrong way round), so a fault names the first
 * bad address.
 */

    .intel_syntax noprefix
    .text

    .macro BEGIN Name
    .globl \Name
    .p2align 4
\Name:
    .endm

/*
 * Where drivers come in, in front of the routine: nt/ke/copy.c does it for them where accesses to memory are schedule points. copy.c asserts the
 * numbers. It has no frame, and is part of the routine that it leads to.
 */
    .set MachineExplore, 0x7FFD0110
    .set ExploreMemory, 4

    .macro DRIVERS Name, Seen
#ifdef NT_INC_NT_H /* ntoskrnl.exe */
    BEGIN \Name
    cmp dword ptr [MachineExplore], ExploreMemory
    je \Seen
#endif
    .endm

/* memcpy(rcx Destination, rdx Source, r8 Length); overlapping ranges are copied right by all. */
    DRIVERS KiDriverCopies, KiCopySeen
    BEGIN memcpy
    BEGIN memmove
    BEGIN RtlCopyMemory
    BEGIN RtlMoveMemory
    BEGIN RtlCopyMemoryNonTemporal
    mov rax, rcx
    cmp r8, 16
    jbe 5f
    mov r9, rcx
    sub r9, rdx
    cmp r9, r8
    jb 7f
    cmp r8, 64
    jbe 2f
1:  movups xmm0, [rdx]
    movups xmm1, [rdx + 16]
    movups xmm2, [rdx + 32]
    movups xmm3, [rdx + 48]
    movups [rcx], xmm0
    movups [rcx + 16], xmm1
    movups [rcx + 32], xmm2
    movups [rcx + 48], xmm3
    add rdx, 64
    add rcx, 64
    sub r8, 64
    cmp r8, 64
    ja 1b
2:  cmp r8, 16
    jbe 5f
    movups xmm0, [rdx]
    movups [rcx], xmm0
    add rdx, 16
    add rcx, 16
    sub r8, 16
    jmp 2b

/* At most 16 bytes: every load before the first store. */
5:  cmp r8d, 8
    jb 6f
    mov r9, [rdx]
    mov r10, [rdx + r8 - 8]
    mov [rcx], r9
    mov [rcx + r8 - 8], r10
    ret
6:  cmp r8d, 4
    jb 6f
    mov r9d, [rdx]
    mov r10d, [rdx + r8 - 4]
    mov [rcx], r9d
    mov [rcx + r8 - 4], r10d
    ret
6:  cmp r8d, 1
    jb 6f
    movzx r9d, byte ptr [rdx]
    je 4f
    movzx r10d, word ptr [rdx + r8 - 2]
    mov [rcx], r9b
    mov [rcx + r8 - 2], r10w
    ret
4:  mov [rcx], r9b
6:  ret

/* Destination within the source: from the end. */
7:  cmp r8, 64
    jb 8f
    movups xmm0, [rdx + r8 - 16]
    movups xmm1, [rdx + r8 - 32]
    movups xmm2, [rdx + r8 - 48]
    movups xmm3, [rdx + r8 - 64]
    movups [rcx + r8 - 16], xmm0
    movups [rcx + r8 - 32], xmm1
    movups [rcx + r8 - 48], xmm2
    movups [rcx + r8 - 64], xmm3
    sub r8, 64
    jmp 7b
8:  cmp r8, 16
    jbe 5b
    movups xmm0, [rdx + r8 - 16]
    movups [rcx + r8 - 16], xmm0
    sub r8, 16
    jmp 8b

/* RtlFillMemory(rcx Destination, rdx Length, r8b Fill) */
    DRIVERS KiDriverFills, KiFillSeen
    BEGIN RtlFillMemory
    xchg rdx, r8
    jmp memset

/* RtlZeroMemory(rcx Destination, rdx Length) */
    DRIVERS KiDriverZeroes, KiZeroSeen
    BEGIN RtlZeroMemory
    mov r8, rdx
    xor edx, edx
    jmp memset

/* memset(rcx Destination, edx Fill, r8 Length) */
    DRIVERS KiDriverSets, KiSetSeen
    BEGIN memset
    mov rax, rcx
    movzx edx, dl
    mov r9, 0x0101010101010101
    imul r9, rdx
    cmp r8, 16
    jb 3f
    movq xmm0, r9
    punpcklqdq xmm0, xmm0
    cmp r8, 64
    jb 2f
1:  movups [rcx], xmm0
    movups [rcx + 16], xmm0
    movups [rcx + 32], xmm0
    movups [rcx + 48], xmm0
    add rcx, 64
    sub r8, 64
    cmp r8, 64
    jae 1b
2:  cmp r8, 16
    jb 3f
    movups [rcx], xmm0
    add rcx, 16
    sub r8, 16
    jmp 2b
3:  cmp r8d, 8
    jb 4f
    mov [rcx], r9
    mov [rcx + r8 - 8], r9
    ret
4:  cmp r8d, 4
    jb 4f
    mov [rcx], r9d
    mov [rcx + r8 - 4], r9d
    ret
4:  cmp r8d, 1
    jb 4f
    mov [rcx], r9b
    je 4f
    mov [rcx + r8 - 2], r9w
4:  ret

/* memcmp(rcx, rdx, r8): the difference of the first bytes that differ. */
    DRIVERS KiDriverCompares, KiCompareSeen
    BEGIN memcmp
    xor eax, eax
1:  cmp r8, 8
    jb 3f
    mov r9, [rcx]
    mov r10, [rdx]
    cmp r9, r10
    jne 2f
    add rcx, 8
    add rdx, 8
    sub r8, 8
    jmp 1b
2:  bswap r9
    bswap r10
    cmp r9, r10
    sbb eax, eax
    or eax, 1
    ret
3:  test r8, r8
    jz 4f
    movzx eax, byte ptr [rcx]
    movzx r9d, byte ptr [rdx]
    sub eax, r9d
    jnz 4f
    inc rcx
    inc rdx
    dec r8
    jmp 3b
4:  ret

/* RtlCompareMemory(rcx, rdx, r8): how many bytes are equal from the start. */
    DRIVERS KiDriverCountsEqual, KiCountEqualSeen
    BEGIN RtlCompareMemory
    xor eax, eax
1:  lea r11, [rax + 8]
    cmp r11, r8
    ja 3f
    mov r9, [rcx + rax]
    xor r9, [rdx + rax]
    jnz 2f
    mov rax, r11
    jmp 1b
2:  bsf r9, r9
    shr r9, 3
    add rax, r9
    ret
3:  cmp rax, r8
    jae 4f
    mov r9b, [rcx + rax]
    cmp r9b, [rdx + rax]
    jne 4f
    inc rax
    jmp 3b
4:  ret

/* RtlCompareMemoryUlong(rcx Source, rdx Length, r8d Pattern): bytes that hold the pattern. */
    DRIVERS KiDriverCountsUlongs, KiCountUlongsSeen
    BEGIN RtlCompareMemoryUlong
    and rdx, -4
    xor eax, eax
1:  cmp rax, rdx
    jae 2f
    cmp [rcx + rax], r8d
    jne 2f
    add rax, 4
    jmp 1b
2:  ret

/* RtlFillMemoryUlong(rcx Destination, rdx Length, r8d Pattern) */
    DRIVERS KiDriverFillsUlongs, KiFillUlongsSeen
    BEGIN RtlFillMemoryUlong
    and rdx, -4
1:  sub rdx, 4
    jb 2f
    mov [rcx], r8d
    add rcx, 4
    jmp 1b
2:  ret

/* RtlFillMemoryUlonglong(rcx Destination, rdx Length, r8 Pattern) */
    DRIVERS KiDriverFillsUlonglongs, KiFillUlonglongsSeen
    BEGIN RtlFillMemoryUlonglong
    and rdx, -8
1:  sub rdx, 8
    jb 2f
    mov [rcx], r8
    add rcx, 8
    jmp 1b
2:  ret

/* RtlPrefetchMemoryNonTemporal(rcx Source, rdx Length): a hint, and none is needed. */
    BEGIN RtlPrefetchMemoryNonTemporal
    ret

#ifdef NT_INC_NT_H
    DRIVERS KiDriverCopiesSafely, KiCopySafelySeen
    jmp memcpy_s
    DRIVERS KiDriverMovesSafely, KiMoveSafelySeen
    jmp memmove_s
#endif
