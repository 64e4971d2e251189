/* port.h - what the driver and the client of the port test agree on. */
#define TEST_PORT L"\\NtlabTestPort"

typedef struct _TEST_REQUEST {
    unsigned long
        Kind; /* 0: add one; 1: the filter sends a message; 2: fail; 3: close the client port */
    unsigned long Value;
} TEST_REQUEST;
