/*
 * faulty-pdb.c - the first mistake of faulty.c once more, for the msvc target: its debug information is a PDB.
 */
struct fields {
    unsigned long long First, Second, Third;
};

static __declspec(noinline) unsigned long long
FaultyRead(volatile struct fields *Fields)
{
    return Fields->Third;
}

long
DriverEntry(void *DriverObject, void *RegistryPath)
{
    return (long)FaultyRead(0) + 1;
}
