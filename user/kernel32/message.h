/*
 * message.h - between FormatMessage and the table of system messages.
 */
#ifndef USER_KERNEL32_MESSAGE_H
#define USER_KERNEL32_MESSAGE_H

typedef struct _BASE_MESSAGE {
    ULONG Number;
    PCSTR Text;
} BASE_MESSAGE;

extern const BASE_MESSAGE BaseSystemMessages[];
extern const ULONG BaseSystemMessageCount;

#endif
