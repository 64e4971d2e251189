/* backing.h - where the memory lies that an address shows: nt/mm for those who read it while another process is the current one. */
#ifndef NT_INC_BACKING_H
#define NT_INC_BACKING_H

/* Address is of the current process, of the system, or an alias; ABI_ALIAS of what is returned can be read from any process. */
ULONG64 MiBacking(ULONG64 Address);

#endif
