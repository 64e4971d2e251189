/*
 * cmdata.c - the mutable globals of nt/cm.
 */
#include "cmp.h"

PCM_NODE CmpRoot;
PVOID CmpRootObject;
POBJECT_TYPE CmKeyObjectTypeP;
POBJECT_TYPE *CmKeyObjectType; /* holds the type itself, as drivers import it */
LIST_ENTRY CmpCallbacks = {&CmpCallbacks, &CmpCallbacks};
ULONG CmpCallbackCount;
