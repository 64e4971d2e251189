/*
 * notyet-client.c - a gap is named and ends the run: it never seems to have worked. NtSetInformationJobObject, JobObjectFreezeInformation with a filter
 * of who is woken ([PH:ntpsapi.h], JOBOBJECT_FREEZE_INFORMATION).
 */
#include "../ntlab-client.h"

LONG NTAPI NtSetInformationJobObject(HANDLE, ULONG, PVOID, ULONG);

int
main(void)
{
    ULONG Freeze[4] = {2}; /* FilterOperation */

    NtSetInformationJobObject(CreateJobObjectA(NULL, NULL), 18, Freeze, sizeof(Freeze));
    EXPECT(!"went on");
    return TEST_DONE();
}
