/*
 * lib.c - a DLL that mingw builds for the tests of map and bind: pointers that must be relocated,
 * an imported function and an imported variable, code that is run where it was mapped.
 */
__declspec(dllimport) int Host(int x);
__declspec(dllimport) extern int HostVariable;

static int
Twice(int x)
{
    return 2 * x;
}

static int
Thrice(int x)
{
    return 3 * x;
}

int (*const Table[])(int) = {Twice, Thrice, Host};
static const char *Names[] = {"twice", "thrice", "host"};

__declspec(dllexport) int
Apply(int which, int x)
{
    return Table[which](x);
}

__declspec(dllexport) const char *
Name(int which)
{
    return Names[which];
}

__declspec(dllexport) int
ReadVariable(void)
{
    return HostVariable;
}

__declspec(dllexport) int Exported = 42;

/* A switch that becomes a jump table. */
__declspec(dllexport) int
Switch(int x)
{
    switch (x) {
    case 0:
        return 11;
    case 1:
        return Host(1);
    case 2:
        return 37;
    case 3:
        return Twice(Exported);
    case 4:
        return 5;
    case 5:
        return HostVariable;
    case 6:
        return 1234;
    default:
        return -1;
    }
}

int
DllMainCRTStartup(void *instance, unsigned reason, void *reserved)
{
    return 1;
}
