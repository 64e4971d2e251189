/*
 * wsk.h - addresses of the network, and the texts of them. ntlab has no network: Winsock Kernel's own routines are not
 * declared. [DDI: wsk.h, ws2def.h, ws2ipdef.h, ip2string.h]
 */
#ifndef _WSK_
#define _WSK_

#ifdef __cplusplus
extern "C" {
#endif

typedef USHORT ADDRESS_FAMILY;
#define AF_UNSPEC    0
#define AF_INET      2
#define AF_INET6     23
#define SOCK_STREAM  1
#define SOCK_DGRAM   2
#define SOCK_RAW     3
#define INADDR_ANY   ((ULONG)0x00000000)
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
typedef int IPPROTO;
#ifndef htons
#define htons(x) RtlUshortByteSwap((USHORT)(x))
#define ntohs(x) RtlUshortByteSwap((USHORT)(x))
#define htonl(x) RtlUlongByteSwap((ULONG)(x))
#define ntohl(x) RtlUlongByteSwap((ULONG)(x))
#endif

#ifndef s_addr
typedef struct in_addr {
    union {
        struct {
            UCHAR s_b1, s_b2, s_b3, s_b4;
        } S_un_b;
        struct {
            USHORT s_w1, s_w2;
        } S_un_w;
        ULONG S_addr;
    } S_un;
#define s_addr S_un.S_addr
} IN_ADDR, *PIN_ADDR;
#endif

#ifndef s6_addr
typedef struct in6_addr {
    union {
        UCHAR Byte[16];
        USHORT Word[8];
    } u;
#define s6_addr u.Byte
} IN6_ADDR, *PIN6_ADDR;
#endif

typedef struct {
    union {
        struct {
            ULONG Zone : 28;
            ULONG Level : 4;
        };
        ULONG Value;
    };
} SCOPE_ID, *PSCOPE_ID;

typedef struct sockaddr {
    ADDRESS_FAMILY sa_family;
    CHAR sa_data[14];
} SOCKADDR, *PSOCKADDR;
typedef struct sockaddr_in {
    ADDRESS_FAMILY sin_family;
    USHORT sin_port;
    IN_ADDR sin_addr;
    CHAR sin_zero[8];
} SOCKADDR_IN, *PSOCKADDR_IN;
typedef struct sockaddr_in6 {
    ADDRESS_FAMILY sin6_family;
    USHORT sin6_port;
    ULONG sin6_flowinfo;
    IN6_ADDR sin6_addr;
    union {
        ULONG sin6_scope_id;
        SCOPE_ID sin6_scope_struct;
    };
} SOCKADDR_IN6, *PSOCKADDR_IN6;
typedef struct sockaddr_storage {
    ADDRESS_FAMILY ss_family;
    CHAR __ss_pad1[6];
    LONGLONG __ss_align;
    CHAR __ss_pad2[112];
} SOCKADDR_STORAGE, *PSOCKADDR_STORAGE;

NTSYSAPI PSTR NTAPI RtlIpv4AddressToStringA(const struct in_addr *Addr, PSTR S);
NTSYSAPI PWSTR NTAPI RtlIpv4AddressToStringW(const struct in_addr *Addr, PWSTR S);
NTSYSAPI PSTR NTAPI RtlIpv6AddressToStringA(const struct in6_addr *Addr, PSTR S);
NTSYSAPI PWSTR NTAPI RtlIpv6AddressToStringW(const struct in6_addr *Addr, PWSTR S);
NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExA(const struct in_addr *Address, USHORT Port,
                                              PSTR AddressString, PULONG AddressStringLength);
NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExW(const struct in_addr *Address, USHORT Port,
                                              PWSTR AddressString, PULONG AddressStringLength);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExA(const struct in6_addr *Address, ULONG ScopeId,
                                              USHORT Port, PSTR AddressString,
                                              PULONG AddressStringLength);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExW(const struct in6_addr *Address, ULONG ScopeId,
                                              USHORT Port, PWSTR AddressString,
                                              PULONG AddressStringLength);
NTSYSAPI LONG NTAPI RtlIpv4StringToAddressA(PCSTR S, BOOLEAN Strict, PCSTR *Terminator,
                                            struct in_addr *Addr);
NTSYSAPI LONG NTAPI RtlIpv4StringToAddressW(PCWSTR S, BOOLEAN Strict, LPCWSTR *Terminator,
                                            struct in_addr *Addr);
NTSYSAPI LONG NTAPI RtlIpv6StringToAddressA(PCSTR S, PCSTR *Terminator, struct in6_addr *Addr);
NTSYSAPI LONG NTAPI RtlIpv6StringToAddressW(PCWSTR S, PCWSTR *Terminator, struct in6_addr *Addr);
#ifdef UNICODE
#define RtlIpv4AddressToString   RtlIpv4AddressToStringW
#define RtlIpv6AddressToString   RtlIpv6AddressToStringW
#define RtlIpv4AddressToStringEx RtlIpv4AddressToStringExW
#define RtlIpv6AddressToStringEx RtlIpv6AddressToStringExW
#define RtlIpv4StringToAddress   RtlIpv4StringToAddressW
#define RtlIpv6StringToAddress   RtlIpv6StringToAddressW
#else
#define RtlIpv4AddressToString   RtlIpv4AddressToStringA
#define RtlIpv6AddressToString   RtlIpv6AddressToStringA
#define RtlIpv4AddressToStringEx RtlIpv4AddressToStringExA
#define RtlIpv6AddressToStringEx RtlIpv6AddressToStringExA
#define RtlIpv4StringToAddress   RtlIpv4StringToAddressA
#define RtlIpv6StringToAddress   RtlIpv6StringToAddressA
#endif

#ifdef __cplusplus
}
#endif

#endif
