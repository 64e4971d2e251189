/* account.h - to what the time of a run goes, for `ntlab syscalls`: abi/account.h, account.c. */
#ifndef NT_KE_ACCOUNT_H
#define NT_KE_ACCOUNT_H

#include "abi/account.h"

VOID KiAccountFrom(ULONG64 Time, ULONG Next);
ULONG KiAccountTrap(const struct abi_trap *Raw);
ULONG KiAccountSwitch(VOID);
VOID KiAccountSwitched(ULONG Before);

static inline BOOLEAN
KiAccounts(VOID)
{
    return __builtin_expect(Machine->features & ABI_FEATURE_SHARES, 0) != 0;
}

static inline VOID
KiAccount(ULONG Next)
{
    if (KiAccounts()) {
        KiAccountFrom(__builtin_ia32_rdtsc(), Next);
    }
}

#endif
