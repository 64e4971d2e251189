/* kept.h - the requests, as the filter and its client both know them (kept.c). */
#define REQUESTS  100
#define FILE_NAME "C:\\Windows\\Temp\\judged-kept"
