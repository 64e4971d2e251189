/* users.h - what the driver and its client share. */
#define REQUESTS 100
#define BUFFER   64
