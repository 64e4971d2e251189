/*
 * cxx.cpp - what clang's C++ calls and a driver's sources, written for MSVC, do not have.
 */
#include <ntifs.h>

/* A pure virtual routine was called: MSVC's _purecall fails fast too. */
extern "C" void
__cxa_pure_virtual(void)
{
    RtlFailFast(FAST_FAIL_FATAL_APP_EXIT);
}

/* The other of the two forms of a source's own operator delete. */
__attribute__((weak)) void __cdecl
operator delete(void *Memory)
{
    if (Memory != NULL) {
        ExFreePool(Memory);
    }
}

__attribute__((weak)) void __cdecl
operator delete(void *Memory, size_t)
{
    operator delete(Memory);
}
