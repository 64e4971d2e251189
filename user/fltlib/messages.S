/*
 * messages.S - the message table of fltlib.dll: what FormatMessage says of the filter manager's HRESULTs (facility 0x1F). Programs
 * load the library as a data file for it. [MS-ERREF 2.1.1; LEARN:winuser/MESSAGE_RESOURCE_DATA; PE format: the .rsrc section]
 */
    .macro MESSAGE text
0:  .short 1f - 0b, 0 /* length, ANSI */
    .asciz "\text\r\n"
    .p2align 2
1:
    .endm
    .macro DIRECTORY id, to
    .long 0, 0, 0
    .short 0, 1 /* no names, one id */
    .long \id, \to
    .endm

    .section .rsrc$01, "dr"
Resources:
    DIRECTORY 11, 0x80000000 + (Names - Resources)      /* RT_MESSAGETABLE */
Names:
    DIRECTORY 1, 0x80000000 + (Languages - Resources)
Languages:
    DIRECTORY 0x409, Entry - Resources
Entry:
    .long Table@IMGREL, TableEnd - Table, 0, 0

    .section .rsrc$02, "dr"
    .p2align 2
Table:
    .long 4 /* blocks: first id, last id, where its messages are */
    .long 0x001F0001, 0x001F0001, Success - Table
    .long 0x801F0001, 0x801F001C, Errors - Table
    .long 0x801F0020, 0x801F0020, NoWaiter - Table
    .long 0x801F0023, 0x801F0023, Busy - Table
Success:
    MESSAGE "The IO was completed by a filter."
Errors:
    MESSAGE "A handler was not defined by the filter for this operation."
    MESSAGE "A context is already defined for this object."
    MESSAGE "Asynchronous requests are not valid for this operation."
    MESSAGE "Disallow the Fast IO path for this operation."
    MESSAGE "An invalid name request was made. The name requested cannot be retrieved at this time."
    MESSAGE "Posting this operation to a worker thread for further processing is not safe at this time because it could lead to a system deadlock."
    MESSAGE "The Filter Manager was not initialized when a filter tried to register. Make sure that the Filter Manager is getting loaded as a driver."
    MESSAGE "The filter is not ready for attachment to volumes because it has not finished initializing (FltStartFiltering has not been called)."
    MESSAGE "The filter must cleanup any operation specific context at this time because it is being removed from the system before the operation is completed by the lower drivers."
    MESSAGE "The Filter Manager had an internal error from which it cannot recover, therefore the operation has been failed. This is usually the result of a filter returning an invalid value from a pre-operation callback."
    MESSAGE "The object specified for this action is in the process of being deleted, therefore the action requested cannot be completed at this time."
    MESSAGE "Non-paged pool must be used for this type of context."
    MESSAGE "A duplicate handler definition has been provided for an operation."
    MESSAGE "The callback data queue has been disabled."
    MESSAGE "Do not attach the filter to the volume at this time."
    MESSAGE "Do not detach the filter from the volume at this time."
    MESSAGE "An instance already exists at this altitude on the volume specified."
    MESSAGE "An instance already exists with this name on the volume specified."
    MESSAGE "The system could not find the filter specified."
    MESSAGE "The system could not find the volume specified."
    MESSAGE "The system could not find the instance specified."
    MESSAGE "No registered context allocation definition was found for the given request."
    MESSAGE "An invalid parameter was specified during context registration."
    MESSAGE "The name requested was not found in Filter Manager's name cache and could not be retrieved from the file system."
    MESSAGE "The requested device object does not exist for the given volume."
    MESSAGE "The specified volume is already mounted."
    MESSAGE "The specified Transaction Context is already enlisted in a transaction."
    MESSAGE "The specified context is already attached to another object."
NoWaiter:
    MESSAGE "No waiter is present for the filter's reply to this message."
Busy:
    MESSAGE "The filesystem database resource is in use. Registration cannot complete at this time."
TableEnd:
