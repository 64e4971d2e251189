/*
 * assert.h - whose mistake is it? See STYLE: ASSERT ours, DRIVER_REQUIRE the driver's, NOT_YET a gap.
 */
#ifndef NT_INC_ASSERT_H
#define NT_INC_ASSERT_H

#undef ASSERT
#undef NT_ASSERT

/* Stops the run as a failure of ours. `Caller` is where the mistake was noticed. */
DECLSPEC_NORETURN VOID KiAssertFailed(const char *Expression, const char *File, ULONG Line);
/* Stops the run at something that is not implemented: names it and its caller. */
DECLSPEC_NORETURN VOID KiNotYet(const char *What, PVOID Caller);

#define ASSERT(e) ((e) ? (void)0 : KiAssertFailed(#e, __FILE__, __LINE__))

/* The driver's mistake, where Windows itself bugchecks. */
#define DRIVER_REQUIRE(e, Code, P1, P2, P3, P4)                                                    \
    ((e) ? (void)0                                                                                 \
         : KeBugCheckEx((Code), (ULONG_PTR)(P1), (ULONG_PTR)(P2), (ULONG_PTR)(P3),                 \
                        (ULONG_PTR)(P4)))

#define NOT_YET(What) KiNotYet((What), __builtin_return_address(0))

#endif
