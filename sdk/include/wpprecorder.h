/*
 * wpprecorder.h - the in-flight recorder of WPP: traces go nowhere (tools/make_tmh.py), so there is nothing to record.
 */
#ifndef _WPPRECORDER_H_
#define _WPPRECORDER_H_

#include <evntrace.h>

typedef PVOID RECORDER_LOG, *PRECORDER_LOG;
typedef struct _RECORDER_CONFIGURE_PARAMS {
    ULONG Size;
    BOOLEAN CreateDefaultLog;
} RECORDER_CONFIGURE_PARAMS, *PRECORDER_CONFIGURE_PARAMS;
typedef struct _RECORDER_LOG_CREATE_PARAMS {
    ULONG Size;
    ULONG LogTypeFlags;
    ULONG TotalBufferSize;
    ULONG ErrorPartitionSize;
    CHAR LogIdentifier[16];
} RECORDER_LOG_CREATE_PARAMS, *PRECORDER_LOG_CREATE_PARAMS;

#define RECORDER_CONFIGURE_PARAMS_INIT(_params)                                                    \
    (RtlZeroMemory((_params), sizeof(*(_params))), (void)((_params)->Size = sizeof(*(_params))))
#define RECORDER_LOG_CREATE_PARAMS_INIT(_params, _name)                                            \
    (RtlZeroMemory((_params), sizeof(*(_params))), (void)((_params)->Size = sizeof(*(_params))))
#define RECORDER_LOG_CREATE_PARAMS_INIT_APPEND_POINTER(_params, _name, _pointer)                   \
    RECORDER_LOG_CREATE_PARAMS_INIT(_params, _name)
#define WppRecorderConfigure(_params)          ((void)(_params))
#define WppRecorderIsDefaultLogAvailable()     FALSE
#define WppRecorderLogGetDefault()             ((RECORDER_LOG)NULL)
#define WppRecorderLogCreate(_params, _log)    (*(_log) = NULL, STATUS_NOT_SUPPORTED)
#define WppRecorderLogDelete(_log)             ((void)(_log))
#define WppRecorderLogSetIdentifier(_log, ...) ((void)(_log))
#define WppRecorderDumpLiveDriverData(...)     FALSE

#endif
