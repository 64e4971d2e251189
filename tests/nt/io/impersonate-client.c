/*
 * impersonate-client.c - the server of a pipe as its client: the level that the client allows, whose end may ask, and in which states.
 * [LEARN:namedpipeapi/impersonatenamedpipeclient], [LEARN:ipc/impersonating-a-named-pipe-client], [LEARN:fileapi/createfilea]
 * (SECURITY_SQOS_PRESENT), [LEARN:winnt/security_impersonation_level].
 */
#include "../ntlab-client.h"
#include <winternl.h>

#define IMPERSONATE  0x11001C
#define ILLEGAL      0xC00000AF
#define DISCONNECTED 0xC00000B0
#define PIPE         "\\\\.\\pipe\\io-impersonate"

NTSTATUS NTAPI NtFsControlFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG,
                               PVOID, ULONG, PVOID, ULONG);

static HANDLE Server;

static ULONG
Impersonate(HANDLE Pipe)
{
    IO_STATUS_BLOCK Iosb;

    return (ULONG)NtFsControlFile(Pipe, NULL, NULL, NULL, &Iosb, IMPERSONATE, NULL, 0, NULL, 0);
}

static HANDLE
Client(DWORD Quality)
{
    HANDLE Pipe =
        CreateFileA(PIPE, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, Quality, NULL);
    DWORD Done;
    char Byte;

    EXPECT(Pipe != INVALID_HANDLE_VALUE);
    EXPECT(WriteFile(Pipe, "x", 1, &Done, NULL) && ReadFile(Server, &Byte, 1, &Done, NULL));
    return Pipe;
}

/* The level of the thread's token; 99: the thread has none. */
static ULONG
Level(void)
{
    SECURITY_IMPERSONATION_LEVEL Found = 77;
    HANDLE Token;
    DWORD Length;

    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &Token)) {
        return GetLastError() == ERROR_NO_TOKEN ? 99 : GetLastError();
    }
    GetTokenInformation(Token, TokenImpersonationLevel, &Found, sizeof(Found), &Length);
    CloseHandle(Token);
    return Found;
}

int
main(void)
{
    static const struct {
        DWORD Quality;
        ULONG Level;
    } Table[] = {
        {0, SecurityImpersonation}, /* who says nothing allows that */
        {SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, ERROR_CANT_OPEN_ANONYMOUS},
        {SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, SecurityIdentification},
        {SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION, SecurityImpersonation},
        {SECURITY_SQOS_PRESENT | SECURITY_DELEGATION, SecurityDelegation},
        {SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION | SECURITY_EFFECTIVE_ONLY,
         SecurityIdentification},
        {SECURITY_SQOS_PRESENT | SECURITY_IMPERSONATION | SECURITY_CONTEXT_TRACKING,
         SecurityImpersonation},
    };

    for (size_t i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        HANDLE Pipe;

        Server = CreateNamedPipeA(PIPE, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2, 64, 64, 0, NULL);
        EXPECT(Server != INVALID_HANDLE_VALUE);
        Pipe = Client(Table[i].Quality);
        EXPECT_EQ(Level(), 99);
        EXPECT_EQ(Impersonate(Server), 0);
        EXPECT_EQ(Level(), Table[i].Level);
        EXPECT(RevertToSelf());
        EXPECT_EQ(Level(), 99);
        EXPECT(ImpersonateNamedPipeClient(Server)); /* as often as one likes */
        EXPECT_EQ(Level(), Table[i].Level);
        EXPECT(RevertToSelf());
        EXPECT_EQ(Impersonate(Pipe), ILLEGAL); /* the client cannot */
        EXPECT_EQ(Level(), 99);
        EXPECT(DisconnectNamedPipe(Server));
        EXPECT_EQ(Impersonate(Server), DISCONNECTED);
        EXPECT_EQ(Level(), 99);
        CloseHandle(Pipe);
        EXPECT_EQ(Impersonate(Server), DISCONNECTED);
        CloseHandle(Server);
    }
    return TEST_DONE();
}
