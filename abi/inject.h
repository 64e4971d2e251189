/*
 * inject.h - how many events the environment may add to a run in all: a part of abi_boot.inject, beside enum abi_inject.
 */
#ifndef ABI_INJECT_H
#define ABI_INJECT_H

#define ABI_INJECT_EVENTS 0x7Fu
/* 0: each kind that is allowed once. */
#define ABI_INJECT_AT_MOST(N)    ((uint32_t)(N) << 8)
#define ABI_INJECT_LIMIT(Inject) ((Inject) >> 8 & 0xFF)

#endif
