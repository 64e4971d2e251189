/*
 * tmob.c - the object types of the kernel transaction manager. [DDI: TmTransactionObjectType of wdm.h; KTM: objects]
 *
 * Drivers name them when they open a transaction by its pointer. Nothing here makes such an object: a file is never
 * part of a transaction (IoGetTransactionParameterBlock says NULL), and the routines that would create one are not
 * exported.
 */
#include "exp.h"

#define TM_OBJECT_ALL (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3F)

static const GENERIC_MAPPING ExpTmMapping = {STANDARD_RIGHTS_READ | 1, STANDARD_RIGHTS_WRITE | 2,
                                             STANDARD_RIGHTS_EXECUTE, TM_OBJECT_ALL};
static const OB_METHODS ExpTmMethods;

VOID
ExpInitializeTransactions(VOID)
{
    static const struct {
        PCWSTR Name;
        POBJECT_TYPE *Type;
    } Types[] = {{L"TmTm", &TmTransactionManagerObjectTypeP},
                 {L"TmTx", &TmTransactionObjectTypeP},
                 {L"TmRm", &TmResourceManagerObjectTypeP},
                 {L"TmEn", &TmEnlistmentObjectTypeP}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Types); i++) {
        NTSTATUS Status = ObpCreateType(Types[i].Name, &ExpTmMethods, &ExpTmMapping, TM_OBJECT_ALL,
                                        sizeof(ULONG64), OBP_NOT_WAITABLE, Types[i].Type);

        ASSERT(NT_SUCCESS(Status));
    }
}
