/* client.h - what the rest of the kernel asks of the programs of the command line. */
#ifndef NTLAB_NT_INC_CLIENT_H
#define NTLAB_NT_INC_CLIENT_H

VOID PspLetClientsEnd(VOID); /* waits for the other clients, a minute at most */

#endif
