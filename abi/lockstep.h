/*
 * lockstep.h - the steps of user mode's locks, of which the kernel is told while schedules are explored.
 *
 * A critical section, a slim lock, a condition variable and a wait on an address are words in the client's memory, and their
 * fast ways enter no kernel. While schedules are explored abi_turn.lock_point is where ntdll calls instead before such a step
 * (as a patched instruction of a client does: host/image/point.c), with ABI_POINT_LOCK and one of these as `what`; else it is 0.
 */
#ifndef ABI_LOCKSTEP_H
#define ABI_LOCKSTEP_H

#define ABI_POINT_LOCK 0x40000 /* beside enum abi_point */

enum abi_lock_step {
    ABI_LOCK_ENTER = 1, /* a critical section, at LockCount: bit 0 is clear while it is owned */
    ABI_LOCK_TRY_ENTER,
    ABI_LOCK_ENTER_OLD, /* of nt51: -1 while it is not owned */
    ABI_LOCK_TRY_ENTER_OLD,
    ABI_LOCK_EXCLUSIVE, /* a slim lock: bit 0 owned, from bit 4 on the number of those who share it */
    ABI_LOCK_TRY_EXCLUSIVE,
    ABI_LOCK_SHARED,
    ABI_LOCK_TRY_SHARED,
    ABI_LOCK_LEAVE, /* either */
    ABI_LOCK_LEAVE_SHARED,
    ABI_LOCK_ONCE, /* a one-time initialisation: waits while the two low bits are 1 */
    ABI_LOCK_QUEUE, /* who sleeps on a condition variable or is woken; the end of an initialisation */
    ABI_LOCK_COMPARE, /* + 1, 2, 4, 8 bytes: the same of an address, after a look at what is there */
    ABI_LOCK_STEPS = ABI_LOCK_COMPARE + 9
};

#endif
