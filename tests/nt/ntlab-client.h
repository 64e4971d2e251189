/*
 * ntlab-client.h - checks in a client: the same lines as ntlab-test.h, on standard output.
 */
#ifndef NTLAB_CLIENT_H
#define NTLAB_CLIENT_H

#include <windows.h>
#include <stdio.h>

static int NtlabPassed, NtlabFailed;

#define EXPECT_LINE(Good, Text)                                                                    \
    do {                                                                                           \
        int NtlabGood = (Good) ? 1 : 0;                                                            \
        NtlabGood ? NtlabPassed++ : NtlabFailed++;                                                 \
        printf("ntlab-test: %s %s:%d %s\n", NtlabGood ? "ok" : "FAIL", __func__, __LINE__, Text);  \
    } while (0)
#define EXPECT(Condition) EXPECT_LINE(Condition, #Condition)
#define EXPECT_EQ(Actual, Expected)                                                                \
    do {                                                                                           \
        long long NtlabActual = (long long)(Actual), NtlabExpected = (long long)(Expected);        \
        EXPECT_LINE(NtlabActual == NtlabExpected, #Actual " == " #Expected);                       \
        if (NtlabActual != NtlabExpected) {                                                        \
            printf("ntlab-test: note %s:%d got 0x%llx, expected 0x%llx\n", __func__, __LINE__,     \
                   NtlabActual, NtlabExpected);                                                    \
        }                                                                                          \
    } while (0)
#define SKIP(Why) printf("ntlab-test: skip %s:%d %s\n", __func__, __LINE__, Why)
#define TEST_DONE()                                                                                \
    (printf("ntlab-test: done %d %d\n", NtlabPassed, NtlabFailed), fflush(stdout), NtlabFailed != 0)

#endif
