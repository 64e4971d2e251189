/* watch.h - who has changed what the threads of a hang have counted; see watch.c. */
#ifndef HOST_MACHINE_WATCH_H
#define HOST_MACHINE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* An instruction of a client is about to touch memory (enum abi_point). True: the thread's turn ends here. */
bool watch_access(uint64_t site, uint64_t address, uint32_t what, uint64_t repeat);
/* At the end of the run: what is known goes to the supervisor. */
void watch_tell(void);

#endif
