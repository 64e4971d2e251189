/* shlwapi.c - the parts of a path, as programs take them apart. Each routine once for bytes and once for characters. */
#include <shlwapi.h>

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

#define ROUTINES(Suffix, CHARACTER)                                                                \
    BOOL WINAPI PathFileExists##Suffix(const CHARACTER *Path)                                      \
    {                                                                                              \
        return Path != NULL && GetFileAttributes##Suffix(Path) != INVALID_FILE_ATTRIBUTES;         \
    }                                                                                              \
                                                                                                   \
    /* Behind the last separator that something follows. */                                        \
    CHARACTER *WINAPI PathFindFileName##Suffix(const CHARACTER *Path)                              \
    {                                                                                              \
        const CHARACTER *Name = Path;                                                              \
                                                                                                   \
        for (; Path != NULL && *Path != 0; Path++) {                                               \
            if ((*Path == '\\' || *Path == '/' || *Path == ':') && Path[1] != 0 &&                 \
                Path[1] != '\\' && Path[1] != '/') {                                               \
                Name = Path + 1;                                                                   \
            }                                                                                      \
        }                                                                                          \
        return (CHARACTER *)Name;                                                                  \
    }                                                                                              \
                                                                                                   \
    /* The last dot of the last part that has no blank behind it; else the end. */                 \
    CHARACTER *WINAPI PathFindExtension##Suffix(const CHARACTER *Path)                             \
    {                                                                                              \
        const CHARACTER *Dot = NULL;                                                               \
                                                                                                   \
        for (; Path != NULL && *Path != 0; Path++) {                                               \
            if (*Path == '.') {                                                                    \
                Dot = Path;                                                                        \
            } else if (*Path == '\\' || *Path == ' ') {                                            \
                Dot = NULL;                                                                        \
            }                                                                                      \
        }                                                                                          \
        return (CHARACTER *)(Dot != NULL ? Dot : Path);                                            \
    }                                                                                              \
                                                                                                   \
    /* The folder stays; a root keeps its backslash. */                                            \
    BOOL WINAPI PathRemoveFileSpec##Suffix(CHARACTER *Path)                                        \
    {                                                                                              \
        CHARACTER *Cut = Path, *At = Path;                                                         \
                                                                                                   \
        if (Path == NULL) {                                                                        \
            return FALSE;                                                                          \
        }                                                                                          \
        for (; *At != 0; At++) {                                                                   \
            if (*At == '\\') {                                                                     \
                Cut = At;                                                                          \
                if (At == Path || At[-1] == ':') {                                                 \
                    Cut = At + 1;                                                                  \
                }                                                                                  \
            } else if (*At == ':' && At[1] != '\\') {                                              \
                Cut = At + 1;                                                                      \
            }                                                                                      \
        }                                                                                          \
        if (*Cut == 0) {                                                                           \
            return FALSE;                                                                          \
        }                                                                                          \
        *Cut = 0;                                                                                  \
        return TRUE;                                                                               \
    }

ROUTINES(A, CHAR)
ROUTINES(W, WCHAR)
