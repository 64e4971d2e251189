/*
 * rpcrt4.c - UUIDs. There is no remote procedure call.
 */
#include <rpc.h>
#include <ntsecapi.h>

BOOL WINAPI
DllMain(HINSTANCE Module, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

/* Version 4, variant 10: random. */
RPC_STATUS RPC_ENTRY
UuidCreate(UUID *Uuid)
{
    if (!RtlGenRandom(Uuid, sizeof(*Uuid))) {
        return RPC_S_UUID_NO_ADDRESS;
    }
    Uuid->Data3 = (unsigned short)((Uuid->Data3 & 0x0FFF) | 0x4000);
    Uuid->Data4[0] = (unsigned char)((Uuid->Data4[0] & 0x3F) | 0x80);
    return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
UuidCreateSequential(UUID *Uuid)
{
    RPC_STATUS Status = UuidCreate(Uuid);

    return Status != RPC_S_OK ? Status
                              : RPC_S_UUID_LOCAL_ONLY; /* no network card: unique here only */
}

RPC_STATUS RPC_ENTRY
UuidCreateNil(UUID *Uuid)
{
    RtlZeroMemory(Uuid, sizeof(*Uuid));
    return RPC_S_OK;
}

int RPC_ENTRY
UuidIsNil(UUID *Uuid, RPC_STATUS *Status)
{
    static const UUID Nil;

    *Status = RPC_S_OK;
    return memcmp(Uuid, &Nil, sizeof(Nil)) == 0;
}

signed int RPC_ENTRY
UuidCompare(UUID *First, UUID *Second, RPC_STATUS *Status)
{
    *Status = RPC_S_OK;
    if (First->Data1 != Second->Data1) {
        return First->Data1 < Second->Data1 ? -1 : 1;
    }
    if (First->Data2 != Second->Data2) {
        return First->Data2 < Second->Data2 ? -1 : 1;
    }
    if (First->Data3 != Second->Data3) {
        return First->Data3 < Second->Data3 ? -1 : 1;
    }
    for (int i = 0; i < 8; i++) {
        if (First->Data4[i] != Second->Data4[i]) {
            return First->Data4[i] < Second->Data4[i] ? -1 : 1;
        }
    }
    return 0;
}

int RPC_ENTRY
UuidEqual(UUID *First, UUID *Second, RPC_STATUS *Status)
{
    return UuidCompare(First, Second, Status) == 0;
}

unsigned short RPC_ENTRY
UuidHash(UUID *Uuid, RPC_STATUS *Status)
{
    const unsigned char *Bytes = (const unsigned char *)Uuid;
    unsigned Low = 0, High = 0;

    *Status = RPC_S_OK;
    for (int i = 0; i < 16; i++) {
        Low += Bytes[i];
        High += Low;
    }
    return (unsigned short)((High & 0xFF) << 8 | (Low & 0xFF));
}

static const char Hex[] = "0123456789abcdef";
static const signed char Order[] = {3,  2, 1, 0,  -1, 5,  4,  -1, 7,  6,
                                    -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};

static int
DigitOf(unsigned Char)
{
    return Char >= '0' && Char <= '9'   ? (int)Char - '0'
           : Char >= 'a' && Char <= 'f' ? (int)Char - 'a' + 10
           : Char >= 'A' && Char <= 'F' ? (int)Char - 'A' + 10
                                        : -1;
}

RPC_STATUS RPC_ENTRY
UuidToStringA(UUID *Uuid, RPC_CSTR *Text)
{
    const unsigned char *Bytes = (const unsigned char *)Uuid;
    unsigned char *At = RtlAllocateHeap(RtlProcessHeap(), 0, 37);

    *Text = At;
    if (At == NULL) {
        return RPC_S_OUT_OF_MEMORY;
    }
    for (unsigned i = 0; i < sizeof(Order); i++) {
        if (Order[i] < 0) {
            *At++ = '-';
        } else {
            *At++ = (unsigned char)Hex[Bytes[Order[i]] >> 4];
            *At++ = (unsigned char)Hex[Bytes[Order[i]] & 15];
        }
    }
    *At = 0;
    return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
UuidToStringW(UUID *Uuid, RPC_WSTR *Text)
{
    RPC_CSTR Narrow;
    RPC_STATUS Status = UuidToStringA(Uuid, &Narrow);

    *Text = NULL;
    if (Status != RPC_S_OK) {
        return Status;
    }
    *Text = RtlAllocateHeap(RtlProcessHeap(), 0, 37 * sizeof(WCHAR));
    for (int i = 0; *Text != NULL && i < 37; i++) {
        (*Text)[i] = Narrow[i];
    }
    RtlFreeHeap(RtlProcessHeap(), 0, Narrow);
    return *Text != NULL ? RPC_S_OK : RPC_S_OUT_OF_MEMORY;
}

RPC_STATUS RPC_ENTRY
UuidFromStringA(RPC_CSTR Text, UUID *Uuid)
{
    unsigned char *Bytes = (unsigned char *)Uuid;

    if (Text == NULL) {
        return UuidCreateNil(Uuid);
    }
    for (unsigned i = 0; i < sizeof(Order); i++) {
        if (Order[i] < 0) {
            if (*Text++ != '-') {
                return RPC_S_INVALID_STRING_UUID;
            }
        } else {
            int High = DigitOf(Text[0]), Low = High < 0 ? -1 : DigitOf(Text[1]);

            if (Low < 0) {
                return RPC_S_INVALID_STRING_UUID;
            }
            Bytes[Order[i]] = (unsigned char)(High << 4 | Low);
            Text += 2;
        }
    }
    return *Text == 0 ? RPC_S_OK : RPC_S_INVALID_STRING_UUID;
}

RPC_STATUS RPC_ENTRY
UuidFromStringW(RPC_WSTR Text, UUID *Uuid)
{
    unsigned char Narrow[38];
    int i = 0;

    if (Text == NULL) {
        return UuidCreateNil(Uuid);
    }
    for (; i < 37 && Text[i] != 0; i++) {
        Narrow[i] = Text[i] < 0x80 ? (unsigned char)Text[i] : '?';
    }
    Narrow[i] = 0;
    return UuidFromStringA(Narrow, Uuid);
}

RPC_STATUS RPC_ENTRY
RpcStringFreeA(RPC_CSTR *Text)
{
    RtlFreeHeap(RtlProcessHeap(), 0, *Text);
    *Text = NULL;
    return RPC_S_OK;
}

RPC_STATUS RPC_ENTRY
RpcStringFreeW(RPC_WSTR *Text)
{
    RtlFreeHeap(RtlProcessHeap(), 0, *Text);
    *Text = NULL;
    return RPC_S_OK;
}
