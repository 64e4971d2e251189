/*
 * querymodel.c - RtlQueryRegistryValues against a model: some hundred random tables over three keys with values of each type: which calls are made, with what, what
 * is stored where DIRECT says, what is deleted, and with which status it ends. [DDI:wdm/rtlqueryregistryvalues]
 */
#include "../ntlab-test.h"

#define SEED 6174
#include "../draw.h"

#define ROOT     L"\\Registry\\Machine\\Software\\NtlabQueryModel"
#define TYPED    0x100 /* RTL_QUERY_REGISTRY_TYPECHECK */
#define KEYS     3
#define VALUES   5
#define CALLS    64
#define MOST     96 /* bytes */
#define CANARY   0xA5
#define FAILED   STATUS_DEVICE_BUSY
#define ENTRIES  4
#define ROUNDS   450
#define NO_VALUE VALUES

NTSTATUS NTAPI RtlQueryRegistryValuesEx(ULONG, PCWSTR, PRTL_QUERY_REGISTRY_TABLE, PVOID, PVOID);

typedef struct {
    ULONG Type, Length, Order;
    BOOLEAN There;
    WCHAR Data[MOST / 2];
} VALUE;

typedef struct {
    const WCHAR *Name;
    ULONG Type, Length, Entry;
    UCHAR Data[MOST];
} CALL;

static const PCWSTR Paths[KEYS] = {ROOT, ROOT L"\\One", ROOT L"\\Two"};
static const PCWSTR Names[VALUES + 1] = {L"A", L"Bb", L"Ccc", L"Dd", L"E", L"Missing"};

static VALUE Values[KEYS][VALUES];
static ULONG LastOrder;
static CALL Called[CALLS], Meant[CALLS];
static ULONG CalledCount, MeantCount, FailAt;
static ULONG Wrong[8], Seen[24];
static RTL_QUERY_REGISTRY_TABLE Table[ENTRIES + 1];

/* Where DIRECT stores, and where the model does. */
static union {
    UNICODE_STRING String;
    LONG Size;
    UCHAR Bytes[MOST + 8];
} Place[ENTRIES], Model[ENTRIES];
static UCHAR Room[ENTRIES][MOST], ModelRoom[ENTRIES][MOST];
static BOOLEAN Allocates[ENTRIES];

/* ---- the values ---- */

static const struct {
    PCWSTR Text, Expanded;
} Texts[] = {
    {L"", L""},
    {L"plain", L"plain"},
    {L"%SystemRoot%", L"C:\\Windows"},
    {L"a%systemroot%\\b", L"aC:\\Windows\\b"},
    {L"%SystemDrive%%windir%", L"C:C:\\Windows"},
    {L"%NtlabNobody%c", L"%NtlabNobody%c"},
    {L"100%", L"100%"},
    {L"%NtlabNobody", L"%NtlabNobody"},
};

static ULONG
TextBytes(PCWSTR Text)
{
    ULONG Count = 0;

    while (Text[Count] != 0) {
        Count++;
    }
    return (Count + 1) * sizeof(WCHAR);
}

static BOOLEAN
IsText(ULONG Type)
{
    return Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ;
}

static VOID
Fill(VALUE *Value)
{
    static const ULONG Types[] = {REG_SZ,     REG_EXPAND_SZ, REG_MULTI_SZ, REG_DWORD,
                                  REG_BINARY, REG_QWORD,     REG_BINARY};
    PCWSTR Text = Texts[Any(RTL_NUMBER_OF(Texts))].Text;

    RtlZeroMemory(Value->Data, sizeof(Value->Data));
    Value->Type = Types[Any(RTL_NUMBER_OF(Types))];
    Value->Length = 0;
    switch (Value->Type) {
    case REG_SZ:
    case REG_EXPAND_SZ:
        Value->Length = TextBytes(Text);
        RtlCopyMemory(Value->Data, Text, Value->Length);
        break;
    case REG_MULTI_SZ:
        for (ULONG i = Any(4); i > 0; i--) {
            for (ULONG k = Any(4) + 1; k > 0; k--) {
                Value->Data[Value->Length++] = (WCHAR)('a' + Any(26));
            }
            Value->Length++;
        }
        Value->Length = (Value->Length + 1) * sizeof(WCHAR);
        break;
    default:
        Value->Length = Value->Type == REG_DWORD ? 4 : Value->Type == REG_QWORD ? 8 : Any(13);
        for (ULONG i = 0; i < Value->Length; i++) {
            ((PUCHAR)Value->Data)[i] = (UCHAR)Any(256);
        }
    }
}

static VOID
Put(ULONG Key, ULONG i)
{
    VALUE *Value = &Values[Key][i];

    if (!Value->There) {
        Fill(Value);
        Value->There = TRUE;
        Value->Order = ++LastOrder;
        Wrong[0] += RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Paths[Key], Names[i], Value->Type,
                                          Value->Data, Value->Length) != STATUS_SUCCESS;
    }
}

static BOOLEAN
IsThere(ULONG Key, ULONG i)
{
    RTL_QUERY_REGISTRY_TABLE One[2] = {0};
    ULONG Out[4] = {(ULONG)-16};
    NTSTATUS Status;

    One[0].Name = (PWSTR)Names[i];
    One[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED | TYPED;
    One[0].DefaultType = 0xFEu << 24; /* no value has it */
    One[0].EntryContext = Out;
    Status = RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Paths[Key], One, NULL, NULL);
    Wrong[1] += Status != STATUS_OBJECT_TYPE_MISMATCH && Status != STATUS_OBJECT_NAME_NOT_FOUND;
    return Status == STATUS_OBJECT_TYPE_MISMATCH;
}

/* ---- what is called ---- */

static NTSTATUS NTAPI
Routine(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context, PVOID EntryContext)
{
    CALL *Call = &Called[CalledCount++ % CALLS];

    RtlZeroMemory(Call, sizeof(*Call));
    Call->Name = NULL;
    for (ULONG i = 0; Name != NULL && i <= VALUES; i++) {
        if (TextBytes(Name) == TextBytes(Names[i]) &&
            RtlEqualMemory(Name, Names[i], TextBytes(Name))) {
            Call->Name = Names[i];
        }
    }
    Call->Type = Type;
    Call->Length = Length;
    Call->Entry = (ULONG)((PUCHAR)EntryContext - Place[0].Bytes) / sizeof(Place[0]);
    if (Length <= MOST) {
        RtlCopyMemory(Call->Data, Data, Length);
    }
    Wrong[2] += Context != Table || KeGetCurrentIrql() != PASSIVE_LEVEL;
    return CalledCount == FailAt ? FAILED : STATUS_SUCCESS;
}

/* ---- the model ---- */

static NTSTATUS
MeanCall(ULONG Entry, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Length)
{
    CALL *Call = &Meant[MeantCount++ % CALLS];

    RtlZeroMemory(Call, sizeof(*Call));
    Call->Name = Name;
    Call->Type = Type;
    Call->Length = Length;
    Call->Entry = Entry;
    RtlCopyMemory(Call->Data, Data, Length);
    return MeantCount == FailAt ? FAILED : STATUS_SUCCESS;
}

static NTSTATUS
MeanStore(ULONG Entry, ULONG Type, const VOID *Data, ULONG Length)
{
    if (IsText(Type)) {
        PUNICODE_STRING String = &Model[Entry].String;

        Seen[4]++;
        if (Allocates[Entry]) {
            String->MaximumLength = (USHORT)Length;
            String->Buffer = (PWCH)ModelRoom[Entry];
            Seen[5]++;
        } else if (String->MaximumLength < Length) {
            Seen[6]++;
            return STATUS_BUFFER_TOO_SMALL;
        } else if (String->MaximumLength == Length) {
            Seen[7]++;
        }
        String->Length = (USHORT)(Length - sizeof(WCHAR));
        RtlCopyMemory(ModelRoom[Entry], Data, Length);
        return STATUS_SUCCESS;
    }
    if (Length <= sizeof(ULONG)) {
        RtlCopyMemory(Model[Entry].Bytes, Data, Length);
        Seen[8]++;
        return STATUS_SUCCESS;
    }
    if (Model[Entry].Size < 0) { /* a room of so many bytes */
        Seen[9]++;
        if (-Model[Entry].Size < (LONG)Length) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(Model[Entry].Bytes, Data, Length);
        return STATUS_SUCCESS;
    }
    Seen[10]++;
    if (Model[Entry].Size < (LONG)Length + 8) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Model[Entry].Size = (LONG)Length;
    ((PULONG)Model[Entry].Bytes)[1] = Type;
    RtlCopyMemory(Model[Entry].Bytes + 8, Data, Length);
    return STATUS_SUCCESS;
}

static NTSTATUS
MeanOne(ULONG Entry, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Length)
{
    return Table[Entry].Flags & RTL_QUERY_REGISTRY_DIRECT
               ? MeanStore(Entry, Type, Data, Length)
               : MeanCall(Entry, Name, Type, Data, Length);
}

static NTSTATUS
Mean(ULONG Entry, PCWSTR Name, ULONG Type, const WCHAR *Data, ULONG Length, BOOLEAN Checked)
{
    ULONG Flags = Table[Entry].Flags;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Checked && (Flags & RTL_QUERY_REGISTRY_DIRECT) && (Flags & TYPED) &&
        Table[Entry].DefaultType >> 24 != Type) {
        Seen[11]++;
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (Type == REG_EXPAND_SZ && (Flags & RTL_QUERY_REGISTRY_NOEXPAND) == 0) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Texts); i++) {
            if (Length == TextBytes(Texts[i].Text) && RtlEqualMemory(Data, Texts[i].Text, Length)) {
                return MeanOne(Entry, Name, REG_SZ, Texts[i].Expanded,
                               TextBytes(Texts[i].Expanded));
            }
        }
    }
    if (Type == REG_MULTI_SZ &&
        (Flags & (RTL_QUERY_REGISTRY_NOEXPAND | RTL_QUERY_REGISTRY_DIRECT)) == 0) {
        while (*Data != 0 && NT_SUCCESS(Status)) {
            Seen[12]++;
            Status = MeanOne(Entry, Name, REG_SZ, Data, TextBytes(Data));
            Data += TextBytes(Data) / sizeof(WCHAR);
        }
        return Status;
    }
    return MeanOne(Entry, Name, Type, Data, Length);
}

static VOID
Delete(ULONG Entry, VALUE *Value, NTSTATUS Status)
{
    if (NT_SUCCESS(Status) && (Table[Entry].Flags & RTL_QUERY_REGISTRY_DELETE)) {
        Value->There = FALSE;
        Seen[13]++;
    }
}

static NTSTATUS
MeanAll(ULONG Entry, ULONG Key)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG After = 0;

    for (;;) {
        VALUE *Next = NULL;

        for (ULONG i = 0; i < VALUES; i++) {
            VALUE *Value = &Values[Key][i];

            if (Value->There && Value->Order > After &&
                (Next == NULL || Value->Order < Next->Order)) {
                Next = Value;
            }
        }
        if (Next == NULL) {
            break;
        }
        After = Next->Order;
        Status = Mean(Entry, Names[Next - Values[Key]], Next->Type, Next->Data, Next->Length, TRUE);
        Delete(Entry, Next, Status);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
MeanNamed(ULONG Entry, ULONG Key, ULONG i)
{
    RTL_QUERY_REGISTRY_TABLE *This = &Table[Entry];
    NTSTATUS Status;

    if (i != NO_VALUE && Values[Key][i].There) {
        Status = Mean(Entry, Names[i], Values[Key][i].Type, Values[Key][i].Data,
                      Values[Key][i].Length, TRUE);
        Delete(Entry, &Values[Key][i], Status);
        return Status;
    }
    if (This->Flags & RTL_QUERY_REGISTRY_REQUIRED) {
        Seen[14]++;
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if ((This->DefaultType & 0xFFFFFF) == REG_NONE) {
        Seen[15]++;
        return STATUS_SUCCESS;
    }
    Seen[16]++;
    return Mean(Entry, Names[i], This->DefaultType & 0xFFFFFF, This->DefaultData,
                This->DefaultLength != 0 ? This->DefaultLength : TextBytes(This->DefaultData),
                FALSE);
}

static ULONG KeyOf[ENTRIES], NameOf[ENTRIES]; /* what an entry's name is of */

static NTSTATUS
MeanTable(ULONG Count)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Key = 0;

    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++) {
        ULONG Flags = Table[i].Flags;

        if (Flags & RTL_QUERY_REGISTRY_TOPKEY) {
            Key = 0;
        }
        if (Flags & RTL_QUERY_REGISTRY_SUBKEY) {
            Key = KeyOf[i];
            if (Key == KEYS) {
                Seen[17]++;
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            Status = Table[i].QueryRoutine != NULL ? MeanAll(i, Key) : STATUS_SUCCESS;
        } else if (Flags & RTL_QUERY_REGISTRY_NOVALUE) {
            Status = MeanCall(i, NULL, REG_NONE, NULL, 0);
        } else if (Table[i].Name != NULL) {
            Status = MeanNamed(i, Key, NameOf[i]);
        } else {
            Status = MeanAll(i, Key);
        }
    }
    return Status;
}

/* ---- a table ---- */

static VOID
DrawDefault(RTL_QUERY_REGISTRY_TABLE *Entry, VALUE *Default)
{
    static const ULONG Types[] = {REG_SZ,        REG_DWORD,    REG_BINARY, REG_QWORD,
                                  REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE};

    if (Any(3) == 0) {
        Entry->DefaultType = REG_NONE;
    } else {
        do {
            Fill(Default);
        } while (Default->Length == 0);
        Entry->DefaultType = Default->Type;
        Entry->DefaultData = Default->Data;
        Entry->DefaultLength = Default->Length;
        if ((Default->Type == REG_SZ || Default->Type == REG_EXPAND_SZ) && Any(2) == 0) {
            Entry->DefaultLength = 0; /* it is as long as it is */
        }
    }
    if (Entry->Flags & TYPED) {
        Entry->DefaultType |= Types[Any(RTL_NUMBER_OF(Types))] << 24;
    }
}

static VOID
DrawPlace(ULONG i)
{
    RtlFillMemory(&Place[i], sizeof(Place[i]), CANARY);
    RtlFillMemory(Room[i], MOST, CANARY);
    RtlFillMemory(ModelRoom[i], MOST, CANARY);
    Allocates[i] = FALSE;
    RtlCopyMemory(&Model[i], &Place[i], sizeof(Model[i]));
}

/* A place is made for a string or for something else: what comes is known beforehand. */
static VOID
DrawDirect(ULONG i, ULONG Key)
{
    ULONG Default = Table[i].DefaultType & 0xFFFFFF, Type = Default, Length = 4 + 2 * Any(6);

    if (NameOf[i] != NO_VALUE && Values[Key][NameOf[i]].There) {
        Type = Values[Key][NameOf[i]].Type;
        Length = Values[Key][NameOf[i]].Length;
        if (IsText(Type) != IsText(Default)) { /* an entry before it may delete the value */
            Table[i].DefaultType &= 0xFF000000;
        }
    }
    if (IsText(Type)) {
        Allocates[i] = Any(3) == 0;
        Place[i].String.Length = 0;
        Place[i].String.MaximumLength = Allocates[i] ? 0 : (USHORT)(Length + 2 * Any(4) - 2);
        Place[i].String.Buffer = Allocates[i] ? NULL : (PWCH)Room[i];
    } else {
        Place[i].Size = Any(2) == 0 ? -(LONG)(Length + Any(3)) + 1 : (LONG)(Length + 6 + Any(4));
    }
    RtlCopyMemory(&Model[i], &Place[i], sizeof(Model[i]));
    if (!Allocates[i] && (PUCHAR)Place[i].String.Buffer == Room[i]) {
        Model[i].String.Buffer = (PWCH)ModelRoom[i];
    }
}

static VOID
DrawTable(ULONG Count)
{
    static VALUE Defaults[ENTRIES];
    ULONG Key = 0;

    RtlZeroMemory(Table, sizeof(Table));
    for (ULONG i = 0; i < Count; i++) {
        RTL_QUERY_REGISTRY_TABLE *Entry = &Table[i];
        ULONG What = Any(10);

        DrawPlace(i);
        Entry->EntryContext = &Place[i];
        Entry->QueryRoutine = Routine;
        Entry->Flags = (Any(3) == 0 ? RTL_QUERY_REGISTRY_NOEXPAND : 0) |
                       (Any(4) == 0 ? RTL_QUERY_REGISTRY_DELETE : 0) |
                       (Any(4) == 0 ? RTL_QUERY_REGISTRY_TOPKEY : 0);
        if (Entry->Flags & RTL_QUERY_REGISTRY_TOPKEY) {
            Key = 0;
        }
        if (What < 2) {
            KeyOf[i] = Any(8) == 0 ? KEYS : 1 + Any(2);
            Entry->Flags |= RTL_QUERY_REGISTRY_SUBKEY;
            Entry->Name = KeyOf[i] == KEYS ? L"None" : KeyOf[i] == 1 ? L"One" : L"Two";
            Entry->QueryRoutine = Any(2) == 0 ? NULL : Routine;
            Key = KeyOf[i];
            if (Key == KEYS) {
                Key = 0; /* nothing comes behind it */
            }
        } else if (What == 2) {
            Entry->Flags |= RTL_QUERY_REGISTRY_NOVALUE;
        } else if (What > 3) {
            NameOf[i] = Any(VALUES + 1);
            Entry->Name = (PWSTR)Names[NameOf[i]];
            Entry->Flags |= Any(4) == 0 ? RTL_QUERY_REGISTRY_REQUIRED : 0;
            Entry->Flags |= Any(3) == 0 ? TYPED : 0;
            DrawDefault(Entry, &Defaults[i]);
            if (What > 6) {
                Entry->Flags |= RTL_QUERY_REGISTRY_DIRECT;
                Entry->QueryRoutine = NULL;
                DrawDirect(i, Key);
            }
        }
    }
}

static VOID
Compare(ULONG Count)
{
    Wrong[3] += CalledCount != MeantCount;
    for (ULONG i = 0; i < MeantCount && i < CALLS; i++) {
        Wrong[4] += !RtlEqualMemory(&Called[i], &Meant[i], sizeof(CALL));
    }
    for (ULONG i = 0; i < Count; i++) {
        if ((Table[i].Flags & RTL_QUERY_REGISTRY_DIRECT) == 0) {
            continue;
        }
        if ((PUCHAR)Model[i].String.Buffer == ModelRoom[i]) {
            PWCH Buffer = Place[i].String.Buffer;

            Wrong[5] += Place[i].String.Length != Model[i].String.Length;
            Wrong[5] += Allocates[i]
                            ? Buffer == NULL ||
                                  Place[i].String.MaximumLength < Model[i].String.MaximumLength
                            : Place[i].String.MaximumLength != Model[i].String.MaximumLength;
            if (Buffer != NULL) {
                Wrong[5] += !RtlEqualMemory(Buffer, ModelRoom[i],
                                            Allocates[i] ? Model[i].String.MaximumLength : MOST);
            }
        } else {
            Wrong[6] += !RtlEqualMemory(&Place[i], &Model[i], sizeof(Place[i]));
        }
        if (Allocates[i] && Place[i].String.Buffer != NULL) {
            ExFreePool(Place[i].String.Buffer);
        }
    }
}

static VOID
Tables(VOID)
{
    for (ULONG i = 0; i < KEYS; i++) {
        EXPECT_STATUS(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)Paths[i]), STATUS_SUCCESS);
    }
    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        ULONG Count = Any(ENTRIES) + 1;
        NTSTATUS Want, Status;

        for (ULONG i = 0; i < KEYS * VALUES; i++) {
            if (Any(2) == 0) {
                Put(i / VALUES, i % VALUES);
            }
        }
        FailAt = Any(4) == 0 ? Any(6) + 1 : 0;
        CalledCount = MeantCount = 0;
        DrawTable(Count);
        Want = MeanTable(Count);
        Status = Round % 2 == 0
                     ? RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT, Table, Table, NULL)
                     : RtlQueryRegistryValuesEx(RTL_REGISTRY_ABSOLUTE, ROOT, Table, Table, NULL);
        if (Status != Want) {
            DbgPrint("round %u: 0x%x instead of 0x%x\n", Round, Status, Want);
        }
        Wrong[7] += Status != Want;
        Seen[0] += Want == STATUS_SUCCESS;
        Seen[1] += Want == FAILED;
        Seen[2] += Want == STATUS_BUFFER_TOO_SMALL;
        Seen[3] += MeantCount > 1;
        Compare(Count);
        for (ULONG i = 0; Round % 8 == 0 && i < KEYS * VALUES; i++) {
            Wrong[1] += IsThere(i / VALUES, i % VALUES) != Values[i / VALUES][i % VALUES].There;
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
    for (ULONG i = 0; i < 18; i++) {
        EXPECT(Seen[i] > 2);
    }
}

TEST_DRIVER(TEST(Tables))
