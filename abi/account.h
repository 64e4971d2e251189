/*
 * account.h - to what the time of a run went (ABI_FEATURE_SHARES): the carrier is one thread, so its time is one line that the
 * kernel cuts into pieces. In struct abi_turn.stamp, behind the stages' stamps; nothing depends on it but what is printed.
 */
#ifndef ABI_ACCOUNT_H
#define ABI_ACCOUNT_H

#define ABI_FEATURE_SHARES 8 /* an abi_feature: only the stamps 0, 18, 8, 17, 9 and 16 */

enum abi_account {
    ABI_ACCOUNT_USER,
    ABI_ACCOUNT_SPIN, /* from a `pause` to the next of the same thread, with nothing of the kernel's between */
    ABI_ACCOUNT_ENTER,   /* a service's stages 0 to 7 */
    ABI_ACCOUNT_SERVICE, /* 8 */
    ABI_ACCOUNT_LEAVE,   /* 9 to 15 */
    ABI_ACCOUNT_SWITCH,  /* from one thread, or processor, to another */
    ABI_ACCOUNT_IDLE,    /* nobody can run until something is due */
    ABI_ACCOUNT_TRAP,    /* exceptions, ends of turns */
    ABI_ACCOUNT_TELL,    /* what watching takes: no share */
    ABI_ACCOUNT_PAUSED, /* after a `pause`: ABI_ACCOUNT_SPIN if the next event is one again, else ABI_ACCOUNT_USER */
    ABI_ACCOUNTS,
};

enum {
    ABI_STAMP_GATE = 19,   /* --isolation pages: where the way in began, instead of stage 0 */
    ABI_STAMP_NOW = 20,    /* enum abi_account that goes on, since ... */
    ABI_STAMP_SINCE = 21,  /* ... that time-stamp count; 0: no service was told yet */
    ABI_STAMP_PAUSES = 22, /* of spinning */
    ABI_STAMP_SWITCHES = 23,
    ABI_STAMP_TURNS = 24,   /* that ended in user mode, without spinning */
    ABI_STAMP_ACCOUNT = 25, /* the sums, by enum abi_account */
};

#endif
