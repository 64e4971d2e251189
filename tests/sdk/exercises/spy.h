/* What spy.sys and its client share: the port's name, commands, records. */
#ifndef SPY_H
#define SPY_H
#define SPY_PORT_NAME L"\\SpyExercisePort"
#define SPY_SCAN_PORT L"\\SpyExerciseAsk"
#define RECORD_SIZE   512
typedef ULONG_PTR FILE_ID;
typedef _Return_type_success_(return >= 0) LONG NTSTATUS;
#define IRP_MJ_TRANSACTION_NOTIFY ((UCHAR) - 40)

typedef struct _LOG_RECORD {
    ULONG Length;
    ULONG SequenceNumber;
    FILE_ID ProcessId;
    NTSTATUS Status;
    UCHAR Major;
    UCHAR Minor;
    UCHAR Reserved[2];
    WCHAR Name[];
} LOG_RECORD, *PLOG_RECORD;

typedef struct _RECORD_LIST {
    LIST_ENTRY List;
    LOG_RECORD LogRecord;
} RECORD_LIST, *PRECORD_LIST;

typedef enum _SPY_COMMAND { GetSpyLog, GetSpyVersion } SPY_COMMAND;
typedef struct _COMMAND_MESSAGE {
    SPY_COMMAND Command;
    ULONG Reserved;
    UCHAR Data[];
} COMMAND_MESSAGE, *PCOMMAND_MESSAGE;

/* The driver asks, the client replies. */
typedef struct _ASK {
    ULONG Bytes;
    ULONG Reserved;
    UCHAR Contents[64];
} ASK, *PASK;
typedef struct _ANSWER {
    BOOLEAN SafeToOpen;
} ANSWER, *PANSWER;

#define MAX_NAME_SPACE (RECORD_SIZE - sizeof(RECORD_LIST))
#ifndef Add2Ptr
#define Add2Ptr(P, I) ((PVOID)((PUCHAR)(P) + (I)))
#endif
#ifndef ROUND_TO_SIZE
#define ROUND_TO_SIZE(_length, _alignment) (((_length) + ((_alignment) - 1)) & ~((_alignment) - 1))
#endif
#endif
