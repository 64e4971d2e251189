/*
 * service.c - what a service program calls. Nobody here starts a program as a service, so the dispatcher
 * answers as it does to a program that was started from a console.
 *
 * Facts: StartServiceCtrlDispatcher (ERROR_FAILED_SERVICE_CONTROLLER_CONNECT), RegisterServiceCtrlHandlerEx
 * (ERROR_SERVICE_NOT_IN_EXE), SetServiceStatus (ERROR_INVALID_HANDLE).
 */
#include "user/advapi32/adv.h"

BOOL WINAPI
StartServiceCtrlDispatcherW(const SERVICE_TABLE_ENTRYW *Table)
{
    return AdvFail(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT);
}

BOOL WINAPI
StartServiceCtrlDispatcherA(const SERVICE_TABLE_ENTRYA *Table)
{
    return AdvFail(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT);
}

SERVICE_STATUS_HANDLE WINAPI
RegisterServiceCtrlHandlerExW(LPCWSTR Name, LPHANDLER_FUNCTION_EX Handler, LPVOID Context)
{
    AdvFail(ERROR_SERVICE_NOT_IN_EXE);
    return NULL;
}

SERVICE_STATUS_HANDLE WINAPI
RegisterServiceCtrlHandlerExA(LPCSTR Name, LPHANDLER_FUNCTION_EX Handler, LPVOID Context)
{
    return RegisterServiceCtrlHandlerExW(NULL, Handler, Context);
}

SERVICE_STATUS_HANDLE WINAPI
RegisterServiceCtrlHandlerW(LPCWSTR Name, LPHANDLER_FUNCTION Handler)
{
    return RegisterServiceCtrlHandlerExW(NULL, NULL, NULL);
}

SERVICE_STATUS_HANDLE WINAPI
RegisterServiceCtrlHandlerA(LPCSTR Name, LPHANDLER_FUNCTION Handler)
{
    return RegisterServiceCtrlHandlerExW(NULL, NULL, NULL);
}

BOOL WINAPI
SetServiceStatus(SERVICE_STATUS_HANDLE Handle, LPSERVICE_STATUS Status)
{
    return AdvFail(ERROR_INVALID_HANDLE);
}
