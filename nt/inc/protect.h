/*
 * protect.h - the descriptor of names that are the system's: its directories and links, and the links of drivers.
 */
#ifndef NT_INC_PROTECT_H
#define NT_INC_PROTECT_H

#define OBP_PUBLIC_ACL 256

/* Everyone has World, administrators, whose it is, and the system have All. Acl: room for OBP_PUBLIC_ACL bytes, which Descriptor points to. PASSIVE_LEVEL, after SeInitSystem(0). */
VOID ObpDescribePublic(PSECURITY_DESCRIPTOR Descriptor, PACL Acl, ACCESS_MASK World,
                       ACCESS_MASK All);

#endif
