#!/usr/bin/env python3
"""From nt/services.tsv: the kernel's service table and Zw stubs, ntdll's stubs, a list for the host.

gen_services.py TABLE OUT_kernel.S OUT_ntdll.S OUT_names.h
"""
import sys

FIRST_OWN = 0x100
LIMIT = 0x200


def read(path):
    services, own, seen = [], FIRST_OWN, {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split("#")[0].split()
        if not words or words[0].startswith("?"):
            continue
        where = f"{path}:{number}"
        if len(words) != 3 or not words[0].startswith("Nt"):
            sys.exit(f"{where}: expected `NtName arguments number`")
        if words[2] == "-":
            index, own = own, own + 1
        else:
            index = int(words[2], 0)
        if words[2] != "-" and seen.get(index) == words[0]:
            continue
        if index >= LIMIT or index in seen or int(words[1]) > 18:
            sys.exit(f"{where}: number {index:#x} is taken by {seen.get(index)} or out of range")
        seen[index] = words[0]
        services.append((words[0], int(words[1]), index))
    return services


def main():
    table, kernel, ntdll, names = sys.argv[1:5]
    services = read(table)
    by_index = {index: (name, arguments) for name, arguments, index in services}
    with open(kernel, "w") as f:
        f.write("    .intel_syntax noprefix\n    .section .rdata,\"dr\"\n    .globl KiServiceRoutines, KiServiceLimit, KiArgumentTable\n    .p2align 4\nKiServiceRoutines:\n")
        for index in range(LIMIT):
            f.write(f"    .quad {by_index[index][0] if index in by_index else 0}\n")
        f.write("KiArgumentTable:\n")
        for index in range(LIMIT):
            f.write(f"    .byte {max(0, by_index[index][1] - 4) if index in by_index else 0}\n")
        f.write(f"    .p2align 2\nKiServiceLimit:\n    .long {LIMIT}\n    .text\n")
        for name, _, index in services:
            zw = "Zw" + name[2:]
            f.write(f"    .globl {zw}\n    .p2align 4\n{zw}:\n    mov eax, {index}\n    jmp KiServiceInternal\n")
        # The linker would export them all; which are exports stands in the tables (*.exports).
        f.write('    .section .drectve, "yn"\n')
        for name in ["KiServiceRoutines", "KiServiceLimit", "KiArgumentTable"] + ["Zw" + name[2:] for name, _, _ in services]:
            f.write(f'    .ascii " -exclude-symbols:{name}"\n')
    with open(ntdll, "w") as f:
        f.write("    .intel_syntax noprefix\n    .text\n")
        for name, _, index in services:
            zw = "Zw" + name[2:]
            # As Windows 10 has it, byte for byte (tools read the number there), and 32 bytes apart: the trampoline of a
            # patched syscall is longer than 16, and where stubs are denser than their trampolines some are left to trap
            # (host/image/patch.h). KUSER_SHARED_DATA.SystemCall at 7FFE0308h says whether to use int 2Eh: never here.
            f.write(f"    .globl {name}, {zw}\n    .p2align 5\n{name}:\n{zw}:\n    .byte 0x4C, 0x8B, 0xD1\n    mov eax, {index}\n"
                    "    test byte ptr [0x7FFE0308], 1\n    jne 1f\n    syscall\n    ret\n1:  int 0x2E\n    ret\n")
    with open(names, "w") as f:
        for name, arguments, index in services:
            f.write(f'{{{index}, {arguments}, "{name}"}},\n')


main()
