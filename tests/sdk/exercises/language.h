/* A variable that MSVC lets a header define in each source, and a WPP configuration. */
ULONG Shared;

/* MSVC warns (C4028) of parameters that differ from the definition's, and goes on; clang does not. */
struct differs {
    ULONG Steps;
};
VOID Differs(_Inout_ PVOID Context, /* of a kind (any) */
             _In_ ULONG Type);

#define WPP_CONTROL_GUIDS                                                                          \
    WPP_DEFINE_CONTROL_GUID(Language, (81b20fea, 73a8, 4b62, 95bc, 354477c97a6f), WPP_DEFINE_BIT(A))
// begin_wpp config
// FUNC TraceEvents(LEVEL, FLAGS, MSG, ...);
// end_wpp
