/* ws2.h - what the files of ws2_32.dll share. */
#ifndef USER_FEW_WS2_H
#define USER_FEW_WS2_H

extern LONG WspStarted; /* WSAStartup less WSACleanup */

#endif
