/* few.c - the few routines that console programs use of winmm, bcrypt, ole32, shell32 and shlwapi. */
#include <windows.h>
#include <mmsystem.h>
#include <objbase.h>
#include <shellapi.h>
#include <shlwapi.h>
#include <bcrypt.h>
#include <stdio.h>

int
main(void)
{
    static const WCHAR *const Lines[] = {
        L"prog a \"b c\" d",
        L"\"C:\\my prog.exe\" \\\"x\\\" \"e\\\\\" \"\" f\\g",
        L"p \"a\"\"b\" c",
        L"p \\\\\"q r\"",
    };
    char Path[MAX_PATH] = "C:\\dir\\sub\\file.tar.gz";
    unsigned char Random[32] = {0};
    WCHAR Text[40];
    GUID Guid, Back;
    BCRYPT_ALG_HANDLE Algorithm;
    TIMECAPS Caps;
    int Count, Set = 0;

    for (int Line = 0; Line < 4; Line++) {
        LPWSTR *Words = CommandLineToArgvW(Lines[Line], &Count);

        printf("%d:", Count);
        for (int Word = 0; Word < Count; Word++) {
            printf(" [%ls]", Words[Word]);
        }
        printf(" %d\n", Words[Count] == NULL);
        LocalFree(Words);
    }
    printf("%08lx %08lx ", CoInitializeEx(NULL, COINIT_MULTITHREADED),
           CoInitializeEx(NULL, COINIT_MULTITHREADED));
    printf("%08lx\n", CoInitializeEx(NULL, COINIT_APARTMENTTHREADED));
    CoUninitialize();
    CoUninitialize();
    CoCreateGuid(&Guid);
    Count = StringFromGUID2(&Guid, Text, 40);
    printf("%d %c%c %lc %d\n", Count, (Guid.Data3 >> 12) + '0',
           (Guid.Data4[0] & 0xC0) == 0x80 ? 'v' : '?', Text[9],
           CLSIDFromString(Text, &Back) == S_OK && memcmp(&Guid, &Back, 16) == 0);
    printf("%08lx\n", CLSIDFromString(L"{nonsense}", &Back));
    printf("%u %u ", timeBeginPeriod(1), timeBeginPeriod(0));
    printf("%u %u\n", timeEndPeriod(1), timeGetDevCaps(&Caps, sizeof(Caps)));
    printf("%d\n", GetTickCount() - timeGetTime() < 1000 || timeGetTime() - GetTickCount() < 1000);
    printf("%lx ", BCryptGenRandom(NULL, Random, sizeof(Random), BCRYPT_USE_SYSTEM_PREFERRED_RNG));
    for (int Index = 0; Index < 32; Index++) {
        Set += Random[Index] != 0;
    }
    printf("%d ", Set > 16);
    printf("%lx %lx\n", BCryptOpenAlgorithmProvider(&Algorithm, BCRYPT_RNG_ALGORITHM, NULL, 0),
           BCryptGenRandom(NULL, Random, sizeof(Random), 0));
    printf("%lx\n", BCryptGenRandom(Algorithm, Random, sizeof(Random), 0));
    printf("%s %s ", PathFindFileNameA(Path), PathFindExtensionA(Path));
    printf("%d %s ", PathRemoveFileSpecA(Path), Path);
    strcpy(Path, "C:\\file");
    printf("%d %s %d\n", PathRemoveFileSpecA(Path), Path, PathFileExistsA("C:\\Windows"));
    return 0;
}
