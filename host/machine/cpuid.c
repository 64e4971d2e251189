/*
 * cpuid.c - the processor that the guest sees: one fixed model, the same on every host.
 *
 * x86-64-v2 (SSE4.2, POPCNT, CMPXCHG16B) with RDTSCP, NX and XSAVE for x87 and SSE. AVX is not
 * reported, because a run must be the same where there is none; code that was compiled for it runs
 * if the host's processor has it. Leaf and bit numbers: Intel SDM volume 2, CPUID.
 */
#include <string.h>
#include "host/machine/machine.h"

#define MAX_LEAF          0xD
#define MAX_EXTENDED_LEAF 0x80000008u

#define BIT(n) (1u << (n))

static struct cpuid_result
brand(uint32_t part)
{
    static const char text[48] = "ntlab virtual processor";
    struct cpuid_result result;

    memcpy(&result, text + part * 16, sizeof(result));
    return result;
}

struct cpuid_result
cpuid_answer(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r = {0, 0, 0, 0};
    uint32_t cpu = GUEST->current_cpu, cpus = GUEST->cpus;

    switch (leaf) {
    case 0:
        r = (struct cpuid_result){MAX_LEAF, 0x756E6547, 0x6C65746E, 0x49656E69}; /* GenuineIntel */
        break;
    case 1:
        r.eax = 0x000106A5; /* family 6, model 26, stepping 5 */
        r.ebx = cpu << 24 | (cpus & 0xFF) << 16 | 8 << 8;
        /* SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT XSAVE OSXSAVE */
        r.ecx = BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23) | BIT(26) | BIT(27);
        /* FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR
           SSE SSE2 HTT */
        r.edx = 0x0183FBFF | BIT(19) | BIT(25) | BIT(26) | (cpus > 1 ? BIT(28) : 0);
        break;
    case 2:
        r.eax = 0x01;
        break;
    case 4: /* caches: 32 KiB L1 data and instruction, 256 KiB L2 */
        if (subleaf < 3) {
            uint32_t level = subleaf < 2 ? 1 : 2, type = subleaf == 2 ? 3 : subleaf + 1;

            r.eax = type | level << 5 | BIT(8);
            r.ebx = 63 | 7u << 22;
            r.ecx = level == 1 ? 63 : 511;
        }
        break;
    case 0xB:
        if (subleaf == 1) {
            r.eax = 6;
            r.ebx = cpus;
            r.ecx = 2 << 8;
        } else if (subleaf == 0) {
            r.ebx = 1;
            r.ecx = 1 << 8;
        }
        r.ecx |= subleaf & 0xFF;
        r.edx = cpu;
        break;
    case 0xD:
        if (subleaf == 0) {
            r = (struct cpuid_result){3, 576, 576, 0}; /* x87 and SSE */
        }
        break;
    case 0x80000000u:
        r.eax = MAX_EXTENDED_LEAF;
        break;
    case 0x80000001u:
        r.ecx = BIT(0);                                /* LAHF */
        r.edx = BIT(11) | BIT(20) | BIT(27) | BIT(29); /* SYSCALL NX RDTSCP LM */
        break;
    case 0x80000002u:
    case 0x80000003u:
    case 0x80000004u:
        r = brand(leaf - 0x80000002u);
        break;
    case 0x80000006u:
        r.ecx = 256u << 16 | 6 << 12 | 64;
        break;
    case 0x80000007u:
        r.edx = BIT(8); /* invariant TSC */
        break;
    case 0x80000008u:
        r.eax = 48 << 8 | 40;
        break;
    }
    return r;
}
