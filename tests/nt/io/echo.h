/* echo.h - what the echo driver and its clients agree on. */
#define ECHO_CODE(n, method, access) CTL_CODE(0x8123, 0x800 + (n), method, access)
#define ECHO_BUFFERED                ECHO_CODE(0, METHOD_BUFFERED, FILE_ANY_ACCESS) /* output = input, bytes + 1 */
#define ECHO_IN_DIRECT                                                                             \
    ECHO_CODE(1, METHOD_IN_DIRECT,                                                                 \
              FILE_ANY_ACCESS) /* Information = sum of the second buffer's bytes */
#define ECHO_OUT_DIRECT                                                                            \
    ECHO_CODE(2, METHOD_OUT_DIRECT,                                                                \
              FILE_ANY_ACCESS) /* second buffer filled with the first's first byte */
#define ECHO_NEITHER ECHO_CODE(3, METHOD_NEITHER, FILE_ANY_ACCESS) /* probed; output = input + 2 */
#define ECHO_PEND                                                                                  \
    ECHO_CODE(4, METHOD_BUFFERED, FILE_ANY_ACCESS) /* stays until ECHO_RELEASE or cancelled */
#define ECHO_RELEASE                                                                               \
    ECHO_CODE(5, METHOD_BUFFERED,                                                                  \
              FILE_ANY_ACCESS) /* input: status for the oldest pended; outputs its count */
#define ECHO_LATER                                                                                 \
    ECHO_CODE(6, METHOD_BUFFERED,                                                                  \
              FILE_ANY_ACCESS) /* completed by a DPC after 10 ms, output = input + 1 */
#define ECHO_READ_ONLY  ECHO_CODE(7, METHOD_BUFFERED, FILE_READ_ACCESS)
#define ECHO_WRITE_ONLY ECHO_CODE(8, METHOD_BUFFERED, FILE_WRITE_ACCESS)
#define ECHO_STATUS                                                                                \
    ECHO_CODE(9, METHOD_BUFFERED, FILE_ANY_ACCESS) /* input: the status to complete with */
#define ECHO_COUNTS                                                                                \
    ECHO_CODE(10, METHOD_BUFFERED,                                                                 \
              FILE_ANY_ACCESS) /* output: ULONG creates, cleanups, closes, cancelled */
#define ECHO_NOTHING ECHO_CODE(11, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define ECHO_BAD_POINTER                                                                           \
    ECHO_CODE(12, METHOD_NEITHER,                                                                  \
              FILE_ANY_ACCESS) /* writes through UserBuffer with no probe, in __try */
