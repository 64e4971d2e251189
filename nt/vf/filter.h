/*
 * filter.h - what filter.c knows of minifilters; the layouts are those of fltKernel.h.
 */
#ifndef NT_VF_FILTER_H
#define NT_VF_FILTER_H

#include "vfp.h"

typedef struct _VF_FLT_OPERATION { /* FLT_OPERATION_REGISTRATION */
    UCHAR Major;
    ULONG Flags;
    PVOID Pre, Post, Reserved;
} VF_FLT_OPERATION;
C_ASSERT(sizeof(VF_FLT_OPERATION) == 32);

typedef struct _VF_FLT_CONTEXT { /* FLT_CONTEXT_REGISTRATION */
    USHORT Type, Flags;
    VOID (*Cleanup)(PVOID Context, USHORT Type);
    SIZE_T Size;
    ULONG Tag;
    PVOID Allocate, Free, Reserved;
} VF_FLT_CONTEXT;
C_ASSERT(sizeof(VF_FLT_CONTEXT) == 56);

typedef struct _VF_FLT_REGISTRATION { /* FLT_REGISTRATION */
    USHORT Size, Version;
    ULONG Flags;
    const VF_FLT_CONTEXT *Contexts;
    const VF_FLT_OPERATION *Operations;
    PVOID Unload, Setup, QueryTeardown, TeardownStart, TeardownComplete;
    PVOID Rest[6]; /* as many as Size says */
} VF_FLT_REGISTRATION;
C_ASSERT(FIELD_OFFSET(VF_FLT_REGISTRATION, Unload) == 24);

#define VF_FILTERS        4
#define VF_FLT_OPERATIONS 64
#define VF_FLT_CONTEXTS   24
typedef struct _VF_FILTER {
    BOOLEAN Used;
    PVOID Filter;  /* NULL until FltRegisterFilter has returned */
    PVOID *Result; /* where it will stand */
    LONG Active;   /* callbacks of operations and of instances' setup that run */
    LONG
        Expected; /* operations for which a post-operation callback, or the end of pending, is to come */
    const VOID *Unregistering; /* who has called FltUnregisterFilter, which has not returned */
    PVOID Unload, Setup, QueryTeardown, TeardownStart, TeardownComplete;
    VF_FLT_REGISTRATION Copy; /* what the filter manager has */
    BOOLEAN Uncounted;        /* not all of its contexts with a cleanup callback are in VfFltLive */
    VF_FLT_CONTEXT Context[VF_FLT_CONTEXTS], RealContext[VF_FLT_CONTEXTS];
    VF_FLT_OPERATION Operation[VF_FLT_OPERATIONS], Real[VF_FLT_OPERATIONS];
} VF_FILTER, *PVF_FILTER;

extern VF_FILTER VfFilters[VF_FILTERS];
extern VF_SET VfFltContexts, VfFltNames, VfFltObjects; /* count << 48 | who got it last */
extern VF_SET VfFltLive; /* contexts whose cleanup callback is to come: the filter's slot + 1 */

#endif
